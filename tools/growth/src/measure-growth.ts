import type { EntryPoint } from "./entry-point.ts";
import { exponentOf, type GrowthPoint } from "./exponent-of.ts";

/** What became of an entry point. */
export interface Growth {
  readonly name: string;
  readonly points: readonly GrowthPoint[];
  /** `undefined` when even the largest input is done in no time. */
  readonly exponent: number | undefined;
  /** Why it fails; `undefined` when it passes. */
  readonly problem: string | undefined;
}

/** Where the processor time comes from, and how long an entry point is measured. */
export interface MeasureOptions {
  /** Processor time of this thread so far, in milliseconds. */
  readonly clock: () => number;
  /** Sizes double until one run takes this long; 300 ms when left out. */
  readonly enoughMs?: number;
  /** No input is larger, whatever its entry point says; no further bound when left out. */
  readonly largest?: number;
  /** Runs at each size, of which the median counts; 3 when left out. */
  readonly runs?: number;
  /** How often an entry point that seems too steep is measured before it fails; 3 when left out. */
  readonly attempts?: number;
  /** Called before each run. */
  readonly settle?: () => void;
}

/**
 * Measures an entry point at doubling sizes. It fails when an input makes it throw, and when the exponent is above its
 * own in every attempt: the machine can make a run slow, but hardly the larger of two each time.
 */
export async function measureGrowth(entry: EntryPoint, options: MeasureOptions): Promise<Growth> {
  const { attempts = 3 } = options;
  let growth: Growth | undefined;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const next = await attemptOf(entry, options);
    if (growth === undefined || (next.exponent ?? 0) < (growth.exponent ?? 0)) growth = next;
    if (next.problem === undefined || next.exponent === undefined) return next;
  }
  if (growth === undefined) throw new Error("There must be at least one attempt.");
  return growth;
}

async function attemptOf(entry: EntryPoint, options: MeasureOptions): Promise<Growth> {
  const { enoughMs = 300, largest = Number.POSITIVE_INFINITY, runs = 3 } = options;
  const { name } = entry;
  const points: GrowthPoint[] = [];
  for (let size = entry.first; size <= Math.min(entry.last, largest); size *= 2) {
    let milliseconds: number;
    try {
      milliseconds = await timeOf(await entry.prepare(size), runs, options);
    } catch (error) {
      const problem = `threw at size ${size}: ${error instanceof Error ? error.message : String(error)}`;
      return { name, points, exponent: undefined, problem };
    }
    points.push({ size, milliseconds });
    if (milliseconds >= enoughMs) break;
  }
  const exponent = exponentOf(points);
  const steep = exponent !== undefined && exponent > entry.exponent;
  const problem = steep
    ? `grows with the power ${exponent.toFixed(2)} of its input, and may with ${entry.exponent}`
    : undefined;
  return { name, points, exponent, problem };
}

async function timeOf(work: () => Promise<unknown>, runs: number, options: MeasureOptions): Promise<number> {
  const { clock, settle } = options;
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    settle?.();
    const begin = clock();
    await work();
    times.push(clock() - begin);
  }
  times.sort((left, right) => left - right);
  return times[Math.floor(times.length / 2)] ?? 0;
}
