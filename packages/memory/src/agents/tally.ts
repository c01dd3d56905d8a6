import { type JsonValue, MemoryError } from "@relevo/core";
import { addDuration, type DurationSketch, emptySketch, mergeSketch } from "./duration-sketch.ts";
import type { Feedback, HalfLife } from "./outcome.ts";

const dayMs = 24 * 3600 * 1000;

/** In the order in which a group keeps its weights. */
export const halfLives: readonly HalfLife[] = ["day", "week", "month"];
const halfLivesMs: readonly number[] = [dayMs, 7 * dayMs, 30 * dayMs];

/** The most strategies of one tally, which is a part of an agent's outcomes. */
const maxStrategies = 200;

/** Outcomes, successes, ratings and their sum: each outcome counted as one, or by its weight. */
interface Sums {
  count: number;
  succeeded: number;
  rated: number;
  ratings: number;
}

/** The outcomes of one strategy, or of none. */
export interface Group extends Sums {
  readonly strategy: string | undefined;
  /** The time at which the weights are as they are kept. */
  at: number;
  /** One for each half-life. */
  readonly weighted: readonly Sums[];
}

/** What many outcomes come to. Tallies can be merged. */
export interface Tally {
  readonly groups: Map<string | undefined, Group>;
  readonly durations: DurationSketch;
  /** How many outcomes were added; none is taken out again. */
  added: number;
}

export function emptyTally(): Tally {
  return { groups: new Map(), durations: emptySketch(), added: 0 };
}

/** @throws `too-large` for one strategy too many. */
export function addOutcome(tally: Tally, { strategy, success, rating, durationMs, at }: Feedback): void {
  const group = tally.groups.get(strategy) ?? emptyGroup(strategy, at);
  if (!tally.groups.has(strategy) && strategy !== undefined && tally.groups.size >= maxStrategies)
    throw new MemoryError(
      "too-large",
      `The agent has ${maxStrategies} strategies already. A strategy is a name from a small set; a text belongs to task.`,
      { details: { field: "outcome.strategy", limit: "strategies", maximum: maxStrategies } },
    );
  tally.groups.set(strategy, group);
  tally.added++;
  if (durationMs !== undefined) addDuration(tally.durations, durationMs);
  const one: Sums = {
    count: 1,
    succeeded: success ? 1 : 0,
    rated: rating === undefined ? 0 : 1,
    ratings: rating ?? 0,
  };
  addSums(group, one, 1);
  addWeighted(
    group,
    halfLives.map(() => one),
    at,
  );
}

export function mergeTally(into: Tally, from: Tally): void {
  for (const [strategy, group] of from.groups) {
    const merged = into.groups.get(strategy) ?? emptyGroup(strategy, group.at);
    into.groups.set(strategy, merged);
    addSums(merged, group, 1);
    addWeighted(merged, group.weighted, group.at);
  }
  mergeSketch(into.durations, from.durations);
  into.added += from.added;
}

/** The sums of a group as they weigh now; as they are without a half-life. */
export function sumsAt(group: Group, halfLife: HalfLife | undefined, now: number): Readonly<Sums> {
  const place = halfLife === undefined ? -1 : halfLives.indexOf(halfLife);
  const weighted = group.weighted[place];
  const sums = emptySums();
  // A clock behind that of the writer must not make an outcome weigh more than one.
  addSums(sums, weighted ?? group, weighted === undefined ? 1 : weight(place, Math.max(0, now - group.at)));
  return sums;
}

/**
 * Exponential decay relative to a time that moves on with each outcome, so that no number grows without bound. Late ones
 * are weighted for the time that has passed.
 */
function addWeighted(group: Group, added: readonly Readonly<Sums>[], at: number): void {
  const now = Math.max(group.at, at);
  for (const [place, sums] of group.weighted.entries()) {
    const kept = { ...sums };
    Object.assign(sums, emptySums());
    addSums(sums, kept, weight(place, now - group.at));
    addSums(sums, added[place] ?? emptySums(), weight(place, now - at));
  }
  group.at = now;
}

function weight(place: number, ageMs: number): number {
  return 2 ** (-ageMs / (halfLivesMs[place] ?? dayMs));
}

function addSums(into: Sums, from: Readonly<Sums>, times: number): void {
  into.count += from.count * times;
  into.succeeded += from.succeeded * times;
  into.rated += from.rated * times;
  into.ratings += from.ratings * times;
}

function emptySums(): Sums {
  return { count: 0, succeeded: 0, rated: 0, ratings: 0 };
}

function emptyGroup(strategy: string | undefined, at: number): Group {
  return { ...emptySums(), strategy, at, weighted: halfLives.map(emptySums) };
}

/** Moves with each change that a reader has to know of. */
const format = 1;

/** Numbers in lists rather than under names, because it is rewritten with each outcome. */
export function writeTally({ groups, durations, added }: Tally): JsonValue {
  const { count, sum, short, buckets } = durations;
  return {
    format,
    added,
    groups: [...groups.values()].map((group) => ({
      ...(group.strategy === undefined ? {} : { strategy: group.strategy }),
      at: group.at,
      sums: [group, ...group.weighted].flatMap(numbersOf),
    })),
    durations: [count, sum, short, ...[...buckets].flat()],
  };
}

/** @throws `corrupt`; `unsupported` for the format of a later version. */
export function readTally(value: JsonValue): Tally {
  const { format: found, added, groups, durations } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof found === "number" && found > format)
    throw new MemoryError(
      "unsupported",
      `The outcomes were recorded by a later version of @relevo/memory (format ${found}). Update this process.`,
    );
  if (found !== format || typeof added !== "number" || !Array.isArray(groups)) throw damaged();
  const [count = 0, sum = 0, short = 0, ...pairs] = readNumbers(durations);
  const buckets = new Map<number, number>();
  for (let index = 0; index + 1 < pairs.length; index += 2)
    buckets.set(pairs[index] ?? 0, pairs[index + 1] ?? 0);
  const read = groups.map(readGroup);
  return {
    groups: new Map(read.map((group) => [group.strategy, group])),
    durations: { count, sum, short, buckets },
    added,
  };
}

function readGroup(value: unknown): Group {
  const { strategy, at, sums } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if ((strategy !== undefined && typeof strategy !== "string") || typeof at !== "number") throw damaged();
  const numbers = readNumbers(sums);
  const weighted = halfLives.map((_, place) => sumsOf(numbers.slice(4 * place + 4)));
  return { ...sumsOf(numbers), strategy, at, weighted };
}

function numbersOf({ count, succeeded, rated, ratings }: Readonly<Sums>): readonly number[] {
  return [count, succeeded, rated, ratings];
}

function sumsOf([count = 0, succeeded = 0, rated = 0, ratings = 0]: readonly number[]): Sums {
  return { count, succeeded, rated, ratings };
}

function readNumbers(value: unknown): readonly number[] {
  if (!Array.isArray(value) || !value.every((one) => typeof one === "number")) throw damaged();
  return value;
}

function damaged(): MemoryError {
  return new MemoryError(
    "corrupt",
    "The outcomes of the agent cannot be read. `clearOutcomes` starts afresh.",
  );
}
