import type { Benchmark, Target, Work } from "./benchmark.ts";

/** A quarter of the rounds were below `low`, half below `median`, three quarters below `high`. */
export interface Quartiles {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

export interface Measurement {
  readonly name: string;
  readonly floor: string;
  /** Microseconds an operation. */
  readonly floorMicros: Quartiles;
  readonly subjectMicros: Quartiles;
  /** Of the ratios of each round, which a machine that drifts between rounds does not move. */
  readonly ratio: Quartiles;
  /** Of the differences of each round, in microseconds an operation. */
  readonly beyondMicros: Quartiles;
  readonly target?: Target;
  readonly withinTarget?: boolean;
}

export interface MeasureOptions {
  /** Rounds that count; two more warm up. 31 when left out. */
  readonly rounds?: number;
  /** How long each side of a round is meant to take. 8 when left out. */
  readonly roundMs?: number;
  /** How long each side runs before anything counts, so that both are compiled as they will be. 300 when left out. */
  readonly warmUpMs?: number;
  /** Milliseconds that only go forward. */
  readonly now?: () => number;
}

/**
 * Runs floor and subject by turns in one process, so that both see the same machine, and compares them round by
 * round. Which of the two goes first changes with each round.
 */
export async function measure(benchmark: Benchmark, options: MeasureOptions = {}): Promise<Measurement> {
  const { rounds = 31, roundMs = 8, warmUpMs = 300, now = () => performance.now() } = options;
  const operations = benchmark.operations ?? 1;
  const work = await benchmark.setup();
  try {
    for (const side of [() => work.floor(), () => work.subject()]) await warmUp(side, warmUpMs, now);
    const floorCalls = await callsFor(() => work.floor(), roundMs, now);
    const subjectCalls = await callsFor(() => work.subject(), roundMs, now);
    const floors: number[] = [];
    const subjects: number[] = [];
    for (let round = -2; round < rounds; round++) {
      const sides = [
        async () => time(() => work.floor(), floorCalls, now),
        async () => time(() => work.subject(), subjectCalls, now),
      ] as const;
      const floorFirst = round % 2 === 0;
      const first = await sides[floorFirst ? 0 : 1]();
      const second = await sides[floorFirst ? 1 : 0]();
      if (round < 0) continue;
      floors.push(((floorFirst ? first : second) * 1000) / operations);
      subjects.push(((floorFirst ? second : first) * 1000) / operations);
    }
    return summarize(benchmark, floors, subjects);
  } finally {
    work[Symbol.dispose]?.();
    await work[Symbol.asyncDispose]?.();
  }
}

function summarize(
  benchmark: Benchmark,
  floors: readonly number[],
  subjects: readonly number[],
): Measurement {
  const { name, floor, target } = benchmark;
  const ratio = quartiles(subjects.map((subject, round) => subject / (floors[round] ?? Number.NaN)));
  const beyond = quartiles(subjects.map((subject, round) => subject - (floors[round] ?? Number.NaN)));
  const floorMicros = quartiles(floors);
  const subjectMicros = quartiles(subjects);
  const measurement = { name, floor, floorMicros, subjectMicros, ratio, beyondMicros: beyond };
  if (target === undefined) return measurement;
  return {
    ...measurement,
    target,
    withinTarget: reached(target, subjectMicros.median, ratio.median, beyond.median),
  };
}

function reached(target: Target, subjectMicros: number, ratio: number, beyond: number): boolean {
  if ("ratio" in target) return ratio <= target.ratio;
  if ("micros" in target) return subjectMicros <= target.micros;
  return beyond <= target.beyondFloorMicros;
}

/** @throws `RangeError` when there is nothing to rank. */
export function quartiles(values: readonly number[]): Quartiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => {
    const value = sorted[Math.round((sorted.length - 1) * share)];
    if (value === undefined) throw new RangeError("There are no values to rank.");
    return value;
  };
  return { low: at(0.25), median: at(0.5), high: at(0.75) };
}

async function warmUp(call: Work["floor"], warmUpMs: number, now: () => number): Promise<void> {
  for (const end = now() + warmUpMs; now() < end; ) await call();
}

/** How many calls fill a round. */
async function callsFor(call: Work["floor"], roundMs: number, now: () => number): Promise<number> {
  for (let calls = 1; ; calls *= 2) {
    const each = await time(call, calls, now);
    if (each * calls >= roundMs / 2 || calls >= 2 ** 22)
      return Math.max(1, Math.round(roundMs / Math.max(each, 1e-6)));
  }
}

/** Milliseconds a call. Awaits only what is a promise: an `await` of a plain value would be measured too. */
async function time(call: Work["floor"], calls: number, now: () => number): Promise<number> {
  const begin = now();
  for (let count = 0; count < calls; count++) {
    const result = call();
    if (result instanceof Promise) await result;
  }
  return (now() - begin) / calls;
}
