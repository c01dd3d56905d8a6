import { allocation, type Counted, type Work, type WorkCounter } from "./count-work.ts";
import type { EntryPoint } from "./entry-point.ts";

/** Something that was done far more often for a larger input. */
export interface Excess {
  /** For a person: the function and its place in the compiled script, or the method of the language. */
  readonly what: string;
  /** How often at each size, the smallest first. */
  readonly counts: readonly number[];
}

/** What became of an entry point. */
export interface CountedGrowth {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly excesses: readonly Excess[];
  /** Why it fails; `undefined` when it passes. */
  readonly problem: string | undefined;
}

const factor = 4;
/** The largest size of every entry point that admits it. Arguments and frames of so many overflow a stack of 100 KB. */
const largestSize = 2 ** 14;
/**
 * What is done less often for each unit of the largest input passes, however it grows: a list that is moved or walked
 * through once for hundreds of elements is cheaper than an index that saves it.
 */
const significant = 64;
/** An allocation is many bytes, and pages and tables of the engine are among them. */
const significantBytes = 1024;

/**
 * Counts the work on inputs of three sizes, each four times the one before. It fails when the run throws, and when
 * anything is done more than `4 ^ exponent` times as often for each larger size: twice, because what begins at a
 * threshold, a summary for example, grows once without bounds.
 */
export async function countGrowth(entry: EntryPoint, counter: WorkCounter): Promise<CountedGrowth> {
  const { name } = entry;
  const largest = Math.min(entry.last, largestSize);
  const sizes = [largest / factor ** 2, largest / factor, largest];
  const works: Work[] = [];
  // The first run pays for what is made once.
  for (const size of [sizes[0] ?? 1, ...sizes]) {
    try {
      const run = await entry.prepare(size);
      works.push(await counter.count(run));
    } catch (error) {
      const problem = `threw at size ${size}: ${error instanceof Error ? error.message : String(error)}`;
      return { name, sizes, excesses: [], problem };
    }
  }
  const [, ...measured] = works;
  const excesses: Excess[] = [];
  for (const [where, count] of measured.at(-1)?.counts ?? []) {
    if (count < largest * (where === allocation ? significantBytes : significant)) continue;
    const counts = measured.map((work) => work.countOf(where));
    const grows = counts.every(
      (one, index) => index === 0 || one > (counts[index - 1] ?? 0) * factor ** entry.exponent,
    );
    if (grows) excesses.push({ what: describe(where), counts });
  }
  const [first] = excesses;
  const problem =
    first === undefined
      ? undefined
      : `${first.what}: ${first.counts.join(", ")} for inputs of ${sizes.join(", ")}${excesses.length > 1 ? `, and ${excesses.length - 1} more` : ""}`;
  return { name, sizes, excesses, problem };
}

function describe(where: Counted): string {
  if (typeof where === "string") return where;
  return `${where.functionName || "a function"} at ${where.url.replace(/^.*\/packages\//u, "packages/")}, character ${where.start}`;
}
