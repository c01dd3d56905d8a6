import { mergeSlices, type Round, type Shape, type TurnFigures, turnFigures } from "./turn-figures.ts";
import type { SliceRequest, TurnProcess } from "./turn-process.ts";

export interface MeasureTurnsOptions {
  readonly histories: readonly number[];
  readonly shapes: readonly Shape[];
  /** Rounds that count; one more of each shape warms up. */
  readonly rounds: number;
  /** How long a subject is meant to run in each round. */
  readonly sliceMs: number;
  /** How long each subject runs before anything counts, so that it is compiled as it will be. */
  readonly warmUpMs: number;
  /** Whether a subject is measured; the floor always is. All when left out. */
  readonly chosen?: (subject: string) => boolean;
}

/** What is measured, and where. */
export interface MeasuredGroup {
  readonly title: string;
  /** The subjects' names, the floor first. */
  readonly subjects: readonly string[];
  /** As many as the largest shape has; all have the group open. */
  readonly processes: readonly TurnProcess[];
  /** Milliseconds of processor time that the server has taken so far. */
  readonly serverTime?: () => number | undefined;
  readonly settle?: () => Promise<void>;
}

interface Runner {
  readonly name: string;
  slice(shape: Shape, turns: number): Promise<Round>;
  readonly rounds: Round[];
}

/** Measures each subject by turns with the floor. Who begins changes with each round. */
export async function measureTurns(
  group: MeasuredGroup,
  options: MeasureTurnsOptions,
  report: (line: string) => void = () => {},
): Promise<readonly TurnFigures[]> {
  const { histories, shapes, rounds, sliceMs, warmUpMs, chosen = () => true } = options;
  const measured = group.subjects.flatMap((name, index) => (index === 0 || chosen(name) ? [index] : []));
  const figures: TurnFigures[] = [];
  let warm = false;
  for (const history of histories) {
    for (const index of measured) {
      report(`${group.title}: ${group.subjects[index]}, conversations of ${history.toLocaleString("en")}`);
      for (const shape of shapes)
        await onEach(group, { subject: index, history, shape, turns: 1 }, "prepare");
    }
    await group.settle?.();
    for (const shape of shapes) {
      report(
        `${group.title}: ${shape.sessions} at once, ${shape.processes === 1 ? "one process" : `${shape.processes} processes`}`,
      );
      const runners = measured.map((index) => createRunner(group, index, history));
      for (const runner of warm ? [] : runners) await warmUp(runner, shape, warmUpMs);
      warm = true;
      const turns: number[] = [];
      for (const runner of runners) turns.push(await turnsFor(runner, shape, sliceMs));
      for (let round = -1; round < rounds; round++) {
        for (let place = 0; place < runners.length; place++) {
          const next = (place + round + 1) % runners.length;
          const runner = runners[next];
          const result = await runner?.slice(shape, turns[next] ?? 1);
          if (round >= 0 && result !== undefined) runner?.rounds.push(result);
        }
      }
      const floor = runners[0]?.rounds ?? [];
      for (const runner of runners)
        figures.push(
          turnFigures({ group: group.title, subject: runner.name, history, shape }, runner.rounds, floor),
        );
    }
  }
  return figures;
}

function createRunner(group: MeasuredGroup, subject: number, history: number): Runner {
  return {
    name: group.subjects[subject] ?? "",
    rounds: [],
    async slice(shape, turns) {
      await onEach(group, { subject, history, shape, turns }, "prepare");
      const before = group.serverTime?.();
      const slices = await onEach(group, { subject, history, shape, turns }, "run");
      const after = group.serverTime?.();
      const merged = mergeSlices(slices);
      return before === undefined || after === undefined ? merged : { ...merged, serverMs: after - before };
    },
  };
}

async function warmUp(runner: Runner, shape: Shape, warmUpMs: number): Promise<void> {
  for (let left = warmUpMs; left > 0; left -= (await runner.slice(shape, shape.sessions * 16)).elapsedMs);
}

/** How many turns fill a slice. */
async function turnsFor(runner: Runner, shape: Shape, sliceMs: number): Promise<number> {
  for (let turns = shape.sessions; ; turns *= 4) {
    const { elapsedMs } = await runner.slice(shape, turns);
    if (elapsedMs >= sliceMs / 4 || turns >= 2 ** 18)
      return Math.max(shape.sessions, Math.round((turns * sliceMs) / Math.max(elapsedMs, 1e-3)));
  }
}

interface Shaped extends Pick<SliceRequest, "subject" | "history" | "turns"> {
  readonly shape: Shape;
}

/** The same call of each process that the shape has, with its share of sessions and turns. */
async function onEach<Method extends "prepare" | "run">(
  { processes }: MeasuredGroup,
  { shape, turns, ...request }: Shaped,
  method: Method,
): Promise<Awaited<ReturnType<TurnProcess[Method]>>[]> {
  const used = processes.slice(0, shape.processes);
  const lanes = shares(shape.sessions, used.length);
  const calls = used.map((process, index) => {
    const share = { lanes: lanes[index] ?? 1, turns: Math.ceil(turns / used.length) };
    return process[method]({ ...request, ...share });
  });
  return (await Promise.all(calls)) as Awaited<ReturnType<TurnProcess[Method]>>[];
}

/** A whole number in parts that differ by one at most. */
export function shares(total: number, parts: number): readonly number[] {
  return Array.from({ length: parts }, (_, index) => Math.floor((total + index) / parts));
}
