import { calendarTimes, dayMs, type NamedTime } from "./calendar.ts";
import type { CalendarNames } from "./calendar-names.ts";
import { setOf } from "./language.ts";
import type { RelativeTimes } from "./languages/language-data.ts";
import { fold } from "./text.ts";

type Unit = keyof RelativeTimes["units"];

/** A language's relative times, ready to be looked up. */
export interface RelativeTimeWords {
  readonly days: ReadonlyMap<string, number>;
  readonly last: ReadonlySet<string>;
  readonly current: ReadonlySet<string>;
  readonly next: ReadonlySet<string>;
  readonly units: ReadonlyMap<string, Unit>;
  readonly agoBefore: ReadonlySet<string>;
  readonly agoAfter: ReadonlySet<string>;
  readonly counts: ReadonlyMap<string, number>;
}

export function relativeTimeWords(data: RelativeTimes): RelativeTimeWords {
  const units = new Map<string, Unit>();
  for (const [unit, words] of Object.entries(data.units))
    for (const word of setOf(words)) units.set(word, unit as Unit);
  return {
    days: new Map(Object.entries(data.days)),
    last: setOf(data.last),
    current: setOf(data.current),
    next: setOf(data.next),
    units,
    agoBefore: setOf(data.agoBefore),
    agoAfter: setOf(data.agoAfter),
    counts: new Map(Object.entries(data.counts)),
  };
}

/** A message that names more times than this is a list of dates. */
const mostTimes = 32;
/** A date without a year is the one that lies near the text. */
const pastMs = 200 * dayMs;
const futureMs = 120 * dayMs;

/**
 * When the events that a text tells of happened, as seen from the time at which it was said: "yesterday", "last month",
 * "two weeks ago", "on Friday", "in March".
 */
export function eventTimes(
  text: string,
  at: number,
  words: RelativeTimeWords,
  calendar: CalendarNames,
): readonly NamedTime[] {
  const found: NamedTime[] = [];
  const today = Math.floor(at / dayMs) * dayMs;
  const tokens = [
    ...fold(text)
      .toLowerCase()
      .matchAll(/[\p{L}\p{N}]+/gu),
  ].map(([word]) => word);
  for (let index = 0; index < tokens.length && found.length < mostTimes; index++) {
    const time = relativeTimeAt(tokens, index, today, words, calendar);
    if (time !== undefined) found.push(time);
  }
  for (const time of calendarTimes(text, { from: at - pastMs, to: at + futureMs }, calendar)) {
    const near = time.from > at - 1.5 * pastMs && time.from < at + 200 * dayMs;
    if (time.grain !== "year" && near && found.length < mostTimes) found.push(time);
  }
  return found;
}

function relativeTimeAt(
  tokens: readonly string[],
  index: number,
  today: number,
  words: RelativeTimeWords,
  { weekdays }: CalendarNames,
): NamedTime | undefined {
  const token = tokens[index] ?? "";
  const before = tokens[index - 1] ?? "";
  const after = tokens[index + 1] ?? "";
  const days = words.days.get(`${token} ${after}`) ?? words.days.get(token);
  if (days !== undefined) return span(today + days * dayMs, 1);
  const unit = words.units.get(token);
  const weekday = weekdays.get(token);
  if (unit === undefined && weekday === undefined) return undefined;
  const ago = unit === undefined ? undefined : agoCount(tokens, index, words);
  if (unit !== undefined && ago !== undefined) return unitAgo(unit, ago, today);
  const direction =
    directionOf(before, words) ?? (weekday === undefined ? directionOf(after, words) : undefined);
  if (direction === undefined) return undefined;
  if (weekday !== undefined) return weekdayAt(weekday, direction, today);
  return unit === undefined ? undefined : unitAt(unit, direction, today);
}

function directionOf(word: string, words: RelativeTimeWords): -1 | 0 | 1 | undefined {
  if (words.next.has(word)) return 1;
  if (words.current.has(word)) return 0;
  return words.last.has(word) ? -1 : undefined;
}

/** How many of the unit at this place ago: "two weeks ago", "a couple of days back", "hace tres meses". */
function agoCount(tokens: readonly string[], index: number, words: RelativeTimeWords): number | undefined {
  let at = index - 1;
  const linked = tokens[at] === "of" || tokens[at] === "de";
  if (linked) at--;
  const word = tokens[at] ?? "";
  const count = words.counts.get(word) ?? (/^\d{1,3}$/.test(word) ? Number(word) : undefined);
  if (count === undefined) return undefined;
  const early = tokens[at - 1] ?? "";
  const isAgo =
    words.agoAfter.has(tokens[index + 1] ?? "") ||
    words.agoBefore.has(early) ||
    // "a couple of", "un par de"
    (linked && words.agoBefore.has(tokens[at - 2] ?? ""));
  return isAgo ? count : undefined;
}

/** Weeks are counted in spans of days around the same weekday, months and years as the calendar has them. */
function unitAgo(unit: Unit, count: number, today: number): NamedTime {
  const date = new Date(today);
  switch (unit) {
    case "day":
      return span(today - count * dayMs, 1);
    case "week":
    case "weekend":
      return span(today - (7 * count + 3) * dayMs, 7);
    case "month":
      return months(date.getUTCFullYear(), date.getUTCMonth() - count, 1);
    case "year":
      return months(date.getUTCFullYear() - count, 0, 12);
  }
}

function unitAt(unit: Unit, direction: -1 | 0 | 1, today: number): NamedTime | undefined {
  const date = new Date(today);
  switch (unit) {
    case "day":
      return undefined;
    case "week":
      return span(today + (7 * direction - 3) * dayMs, 7);
    case "weekend": {
      const saturday = today - ((date.getUTCDay() + 1) % 7) * dayMs;
      return span(saturday + (direction > 0 ? 7 * dayMs : 0), 2);
    }
    case "month":
      return months(date.getUTCFullYear(), date.getUTCMonth() + direction, 1);
    case "year":
      return months(date.getUTCFullYear() + direction, 0, 12);
  }
}

function weekdayAt(weekday: number, direction: -1 | 0 | 1, today: number): NamedTime {
  const now = new Date(today).getUTCDay();
  const ahead = (weekday - now + 7) % 7 || 7;
  const back = (now - weekday + 7) % 7 || 7;
  return span(today + (direction > 0 ? ahead : -back) * dayMs, 1);
}

function span(from: number, days: number): NamedTime {
  return { from, to: from + days * dayMs - 1, grain: "range" };
}

function months(year: number, month: number, count: number): NamedTime {
  return { from: Date.UTC(year, month, 1), to: Date.UTC(year, month + count, 1) - 1, grain: "range" };
}
