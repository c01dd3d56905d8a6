import type { SearchReading, SearchSource } from "@relevo/core";
import { dayMs, type NamedTime } from "../analysis/calendar.ts";
import { kindBit } from "../analysis/language.ts";
import { asksIn, importanceIn, kindsIn, timesIn, titlesIn } from "../analysis/marks.ts";
import { compareSources } from "./compare-sources.ts";
import { type ScoredTerm, type Scratch, scoreAround, scoreLexically } from "./lexical.ts";
import { createTopList } from "./top-list.ts";
import { usualWeights, type Weights } from "./weights.ts";

/** A question with all that an index said about it. */
export interface PreparedQuestion {
  readonly terms: readonly ScoredTerm[];
  /** The kinds of question it asks, as bits. */
  readonly kinds: number;
  readonly times: readonly NamedTime[];
  /** The number of the speaker that it is about in this reading, −1 for none. */
  readonly subject: number;
  /** What a text of `now` gets, and the age at which it gets half of it. */
  readonly recency?:
    | { readonly weight: number; readonly halfLifeMs: number; readonly now: number }
    | undefined;
  /** What the most important text gets. */
  readonly importance?: number | undefined;
}

/** The parts of a score. The last two multiply the sum of the others. */
export interface ScoreParts {
  readonly lexical: number;
  readonly session: number;
  readonly around: number;
  readonly date: number;
  readonly event: number;
  readonly vector: number;
  /** Not more than the query gave them as weights. */
  readonly recency: number;
  readonly importance: number;
  /** 1 when nothing is known of the kind of text. */
  readonly kind: number;
  readonly subject: number;
}

export interface ScoredItem {
  readonly source: SearchSource;
  readonly position: number;
  /** Rounded to 1e-6. */
  readonly score: number;
  readonly parts: ScoreParts;
}

const precision = 1e6;
const typed: number = ["when", "where", "who", "why", "many", "feel"].reduce(
  (bits, kind) => bits | kindBit(kind as "when"),
  0,
);
const asksForName: number = kindBit("who") | kindBit("where") | kindBit("name");

/**
 * The best items for a question, best first; those of equal score by their source. Items are considered when they hold a
 * word of the question or are neighbours of one that does, when their session is among the best, when they are at or about
 * a time that it names, or near by meaning.
 */
export function scoreQuestion(
  reading: SearchReading,
  question: PreparedQuestion,
  limit: number,
  scratch: Scratch,
  weights: Weights = usualWeights,
): readonly ScoredItem[] {
  scratch.prepare(reading);
  const { lexical, session, around } = scratch;
  const found = scoreLexically(reading, question.terms, scratch, weights);
  scoreAround(reading, found.streams, scratch, weights);
  const { stream, marks, at, previous, next, first, speakers } = reading;
  const vectors = scaledVectors(reading);

  const { candidates } = scratch;
  let candidateCount = 0;
  let bestLexical = 0;
  let bestSession = 0;
  let bestAround = 0;
  const consider = (item: number): void => {
    if (!reading.allows(item)) return;
    candidates[candidateCount++] = item;
    const byWords = lexical[item] as number;
    const bySurroundings = around[item] as number;
    const bySession = session[stream[item] as number] as number;
    if (byWords > bestLexical) bestLexical = byWords;
    if (bySurroundings > bestAround) bestAround = bySurroundings;
    if (bySession > bestSession) bestSession = bySession;
  };
  for (let index = 0; index < found.count; index++) consider(found.items[index] as number);
  const leastSession = bestSession * weights.wholeSession;
  const isWhole = (item: number): boolean => {
    const score = session[stream[item] as number] as number;
    return score > 0 && score >= leastSession;
  };
  for (const number of found.streams) {
    if ((session[number] as number) < leastSession) continue;
    for (let item = first[number] as number; item >= 0; item = next[item] as number)
      if (lexical[item] === 0) consider(item);
  }
  for (const item of reading.dated) if (lexical[item] === 0 && !isWhole(item)) consider(item);
  for (const item of vectors.keys())
    if (lexical[item] === 0 && !isWhole(item) && !isAmong(reading.dated, item)) consider(item);

  const isWhen = (question.kinds & kindBit("when")) !== 0;
  const isName = (question.kinds & asksForName) !== 0;
  const asked = question.kinds & typed;

  const hasTimes = question.times.length > 0;
  const ofLexical = shareOf(1, bestLexical);
  const ofSession = shareOf(weights.session, bestSession);
  const ofAround = shareOf(weights.around, bestAround);
  const lexicalOf = (item: number): number => ofLexical * (lexical[item] as number);
  const sessionOf = (item: number): number => ofSession * (session[stream[item] as number] as number);
  const aroundOf = (item: number): number => ofAround * (around[item] as number);
  const dateOf = (item: number): number =>
    hasTimes ? weights.date * nearness(at[item] as number, question.times, weights) : 0;
  const eventOf = (item: number): number =>
    hasTimes && timesIn(marks[item] as number) > 0
      ? weights.event * overlap(reading.times(item), question.times)
      : 0;
  const vectorOf = (item: number): number => weights.vector * (vectors.get(item) ?? 0);
  const { recency, importance: importanceWeight = 0 } = question;
  const recencyOf = (item: number): number =>
    recency === undefined
      ? 0
      : recency.weight * 2 ** -(Math.max(0, recency.now - (at[item] as number)) / recency.halfLifeMs);
  const importanceOf = (item: number): number => importanceWeight * importanceIn(marks[item] as number);
  const hasMore = hasTimes || vectors.size > 0 || recency !== undefined || importanceWeight !== 0;
  const subjectOf = (item: number): number =>
    question.subject >= 0 && speakers[item] === question.subject ? 1 + weights.subject : 1;
  const kindOf = (item: number): number => {
    const mark = marks[item] as number;
    const before = previous[item] as number;
    let kind = 1;
    if (asksIn(mark)) kind += weights.asks;
    if (before < 0 || (previous[before] as number) < 0) kind += weights.opening;
    if (before >= 0 && (kindsIn(marks[before] as number) & asked) !== 0) kind += weights.answersKind;
    if (isWhen) kind += (weights.tellsWhen * timesIn(mark)) / 2;
    if (isName) kind += (weights.tellsName * Math.min(2, titlesIn(mark) + reading.strangers(item))) / 2;
    return kind;
  };
  const highestKind =
    1 +
    weights.opening +
    (asked === 0 ? 0 : weights.answersKind) +
    (isWhen ? weights.tellsWhen : 0) +
    (isName ? weights.tellsName : 0);

  const top = createTopList<number>(limit, (left, right) =>
    compareSources(
      { source: reading.source(left), position: reading.position(left) },
      { source: reading.source(right), position: reading.position(right) },
    ),
  );
  for (let index = 0; index < candidateCount; index++) {
    const item = candidates[index] as number;
    let sum = lexicalOf(item) + sessionOf(item) + aroundOf(item);
    if (hasMore) sum += dateOf(item) + eventOf(item) + vectorOf(item) + recencyOf(item) + importanceOf(item);
    const bySubject = sum * subjectOf(item);
    // Most items cannot be among the best whatever their kind, and need no closer look.
    if (bySubject * highestKind + 1 / precision < top.worst()) continue;
    top.add(item, Math.round(bySubject * kindOf(item) * precision) / precision);
  }
  const best = top.take().map(({ value: item, score }) => ({
    source: reading.source(item),
    position: reading.position(item),
    score,
    parts: {
      lexical: lexicalOf(item),
      session: sessionOf(item),
      around: aroundOf(item),
      date: dateOf(item),
      event: eventOf(item),
      vector: vectorOf(item),
      recency: recencyOf(item),
      importance: importanceOf(item),
      kind: kindOf(item),
      subject: subjectOf(item),
    },
  }));
  clean(reading, found.items, found.count, found.streams, scratch);
  return best;
}

/** What a part is multiplied by so that the best one becomes the weight. */
function shareOf(weight: number, best: number): number {
  return best > 0 ? weight / best : 0;
}

/** 1 at a time that the question names, less after it and least before it. */
function nearness(at: number, times: readonly NamedTime[], weights: Weights): number {
  let best = 0;
  for (const { from, to, grain } of times) {
    const days = at > to ? (at - to) / dayMs : at < from ? (from - at) / dayMs : 0;
    const whole = at > to ? weights.dateAfter : at < from ? weights.dateBefore : 1;
    const near = whole * Math.exp(-days / weights.dateDays);
    best = Math.max(best, grain === "year" ? near * weights.dateInYear : near);
  }
  return best;
}

/** How well what a text is about fits a time that the question names: 1 for the same interval. */
function overlap(about: readonly number[], times: readonly NamedTime[]): number {
  let best = 0;
  for (const { from, to, grain } of times) {
    if (grain === "year") continue;
    for (let index = 0; index < about.length; index += 2) {
      const first = about[index] ?? 0;
      const last = about[index + 1] ?? 0;
      const both = Math.min(last, to) - Math.max(first, from);
      if (both < 0) continue;
      const longer = Math.max(last - first, to - from, dayMs);
      best = Math.max(best, Math.sqrt(Math.min(1, (both + 1) / longer)));
    }
  }
  return best;
}

/** The cosines of the nearest items, from 0 for the last to 1 for the best. */
function scaledVectors({ nearest }: SearchReading): ReadonlyMap<number, number> {
  const scaled = new Map<number, number>();
  if (nearest === undefined || nearest.items.length === 0) return scaled;
  const { items, cosines } = nearest;
  const best = cosines[0] ?? 0;
  const last = cosines[cosines.length - 1] ?? 0;
  for (let index = 0; index < items.length; index++)
    scaled.set(items[index] as number, ((cosines[index] as number) - last) / (best - last || 1));
  return scaled;
}

function isAmong(ascending: Int32Array, item: number): boolean {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) < item) low = middle + 1;
    else high = middle;
  }
  return ascending[low] === item;
}

function clean(
  { first, next }: SearchReading,
  items: Int32Array,
  count: number,
  streams: readonly number[],
  { lexical, around, session }: Scratch,
): void {
  for (let index = 0; index < count; index++) lexical[items[index] as number] = 0;
  for (const stream of streams) {
    session[stream] = 0;
    for (let item = first[stream] as number; item >= 0; item = next[item] as number) around[item] = 0;
  }
}
