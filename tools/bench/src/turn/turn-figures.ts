import { quartiles } from "../measure.ts";
import type { Slice } from "./run-slice.ts";

/** How a subject is used: sessions at once, and client processes that share them. */
export interface Shape {
  readonly sessions: number;
  readonly processes: number;
}

/** What one slice measured, in all client processes. */
export interface Round extends Slice {
  /** Processor time of the server; absent where it is not known. */
  readonly serverMs?: number;
}

export interface TurnFigures {
  readonly group: string;
  readonly subject: string;
  readonly history: number;
  readonly shape: Shape;
  /** The median over rounds of the median turn. */
  readonly medianMs: number;
  /** The median over rounds of the floor's time, times this. */
  readonly latency: number;
  readonly turnsPerSecond: number;
  /** Of the floor's turns a second; the median over rounds. */
  readonly share: number;
  /** Processor time of a turn; the median over rounds, which a server's own upkeep in one of them does not move. */
  readonly clientMs: number;
  readonly serverMs?: number;
}

/** Slices that client processes ran side by side, as one. */
export function mergeSlices(slices: readonly Slice[]): Slice {
  return {
    turns: sum(slices.map(({ turns }) => turns)),
    elapsedMs: Math.max(...slices.map(({ elapsedMs }) => elapsedMs)),
    medianMs: median(slices.map(({ medianMs }) => medianMs)),
    clientMs: sum(slices.map(({ clientMs }) => clientMs)),
  };
}

/**
 * The figures of a subject beside those of its floor, compared round by round: what a machine does in one round and
 * not in the next moves both.
 */
export function turnFigures(
  about: Pick<TurnFigures, "group" | "subject" | "history" | "shape">,
  rounds: readonly Round[],
  floor: readonly Round[],
): TurnFigures {
  const ratios = (of: (round: Round) => number): number[] =>
    rounds.map((round, index) => {
      const beside = floor[index];
      return beside === undefined ? Number.NaN : of(round) / of(beside);
    });
  const server = rounds.flatMap(({ serverMs, turns }) => (serverMs === undefined ? [] : [serverMs / turns]));
  return {
    ...about,
    medianMs: median(rounds.map(({ medianMs }) => medianMs)),
    latency: median(ratios(({ medianMs }) => medianMs)),
    turnsPerSecond: median(rounds.map(turnsPerSecond)),
    share: median(ratios(turnsPerSecond)),
    clientMs: median(rounds.map(({ clientMs, turns }) => clientMs / turns)),
    ...(server.length < rounds.length ? {} : { serverMs: median(server) }),
  };
}

function turnsPerSecond({ turns, elapsedMs }: Round): number {
  return (turns * 1000) / elapsedMs;
}

function median(values: readonly number[]): number {
  return quartiles(values).median;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
