import type { CalendarNames } from "./calendar-names.ts";
import { fold } from "./text.ts";

export const dayMs = 86_400_000;

/** An interval that a text names, both ends included, in milliseconds since the epoch. */
export interface NamedTime {
  readonly from: number;
  readonly to: number;
  readonly grain: "day" | "month" | "year" | "range";
}

interface Token {
  readonly raw: string;
  readonly word: string;
  readonly opensSentence: boolean;
}

/** Names of months that are words too: they count with a day or a year beside them, or a capital inside a sentence. */
const ambiguousMonths: ReadonlySet<string> = new Set(["may", "march", "mai"]);
/** Words between a day, a month and a year. */
const links: ReadonlySet<string> = new Set(["of", "de", "del", "the", "in"]);
const rangeWords: ReadonlySet<string> = new Set(["between", "from", "entre", "desde", "zwischen", "tra"]);
const isoDay = /(?<!\d)(\d{4})-(\d\d)-(\d\d)(?!\d)/g;

/** Without a year, a date may be of any year, but at most of this many. */
const mostYears = 50;

/** Calendar dates that a text names. One without a year is taken in every year from `span.from` to `span.to`. */
export function calendarTimes(
  text: string,
  span: { readonly from: number; readonly to: number },
  { months }: CalendarNames,
): readonly NamedTime[] {
  const found: NamedTime[] = [];
  const rest = text.replace(isoDay, (match, year: string, month: string, day: string) => {
    const from = Date.UTC(Number(year), Number(month) - 1, Number(day));
    if (Number(month) > 12 || new Date(from).getUTCDate() !== Number(day)) return match;
    found.push({ from, to: from + dayMs - 1, grain: "day" });
    return " ";
  });
  const tokens = tokensOf(rest);
  const last = new Date(span.to).getUTCFullYear();
  const first = Math.max(new Date(span.from).getUTCFullYear(), last - mostYears + 1);
  const yearsTaken = new Set<number>();
  tokens.forEach((token, index) => {
    const month = months.get(token.word);
    if (month === undefined) return;
    const date = aroundMonth(tokens, index);
    if (date.yearAt !== undefined) yearsTaken.add(date.yearAt);
    const bare = date.day === undefined && date.year === undefined;
    if (bare && ambiguousMonths.has(token.word) && (token.opensSentence || !/^\p{Lu}/u.test(token.raw)))
      return;
    for (let year = date.year ?? first; year <= (date.year ?? last); year++)
      found.push(monthOrDay(year, month, date.day));
  });
  tokens.forEach(({ word }, index) => {
    if (!isYear(word) || yearsTaken.has(index)) return;
    const year = Number(word);
    found.push({ from: Date.UTC(year, 0, 1), to: Date.UTC(year + 1, 0, 1) - 1, grain: "year" });
  });
  const [one, two] = found;
  if (found.length === 2 && one && two && tokens.some(({ word }) => rangeWords.has(word)))
    return [{ from: Math.min(one.from, two.from), to: Math.max(one.to, two.to), grain: "range" }];
  return found;
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let end = 0;
  for (const match of text.matchAll(/[\p{L}\p{M}\p{N}]+/gu)) {
    const between = text.slice(end, match.index);
    tokens.push({
      raw: match[0],
      word: fold(match[0])
        .toLowerCase()
        .replace(/^(\d{1,2})(?:st|nd|rd|th)$/, "$1"),
      opensSentence: end === 0 || /[.?!]/.test(between),
    });
    end = match.index + match[0].length;
  }
  return tokens;
}

/** The day and the year beside a month: "7 May 2023", "May 7th, 2023", "7 de mayo de 2023". */
function aroundMonth(
  tokens: readonly Token[],
  index: number,
): { readonly day?: number; readonly year?: number; readonly yearAt?: number } {
  const wordAt = (at: number): string => tokens[at]?.word ?? "";
  let before = index - 1;
  while (links.has(wordAt(before)) && before > index - 4) before--;
  let after = index + 1;
  let day = isDay(wordAt(before)) ? Number(wordAt(before)) : undefined;
  if (day === undefined && isDay(wordAt(after))) day = Number(wordAt(after++));
  while (links.has(wordAt(after)) && after < index + 4) after++;
  const dayPart = day === undefined ? {} : { day };
  return isYear(wordAt(after)) ? { ...dayPart, year: Number(wordAt(after)), yearAt: after } : dayPart;
}

function isDay(word: string): boolean {
  return /^\d{1,2}$/.test(word) && Number(word) >= 1 && Number(word) <= 31;
}

function isYear(word: string): boolean {
  return /^(?:19|20)\d\d$/.test(word);
}

function monthOrDay(year: number, month: number, day: number | undefined): NamedTime {
  if (day === undefined)
    return { from: Date.UTC(year, month, 1), to: Date.UTC(year, month + 1, 1) - 1, grain: "month" };
  const from = Date.UTC(year, month, day);
  return { from, to: from + dayMs - 1, grain: "day" };
}
