import type { AgentPerformance, Outcome } from "../../src/index.ts";

/** An outcome and when it was recorded. */
export interface Recorded extends Outcome {
  readonly at: number;
}

const dayMs = 24 * 3600 * 1000;
const halfLives = { day: dayMs, week: 7 * dayMs, month: 30 * dayMs } as const;

export interface Expected {
  readonly total: number;
  readonly succeeded: number;
  readonly mean: number | undefined;
  readonly p95: number | undefined;
  readonly strategies: ReadonlyMap<
    string,
    { readonly count: number; readonly succeeded: number; readonly share: number; readonly rating: number }
  >;
}

/** What all outcomes come to, counted one by one. */
export function countAll(
  outcomes: readonly Recorded[],
  now: number,
  halfLife?: keyof typeof halfLives,
): Expected {
  const weightOf = ({ at }: Recorded): number =>
    halfLife === undefined ? 1 : 0.5 ** ((now - at) / halfLives[halfLife]);
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
  const durations = outcomes
    .flatMap(({ durationMs }) => (durationMs === undefined ? [] : [durationMs]))
    .sort((a, b) => a - b);
  const names = new Set(outcomes.flatMap(({ strategy }) => strategy ?? []));
  return {
    total: outcomes.length,
    succeeded: outcomes.filter(({ success }) => success).length,
    mean: durations.length === 0 ? undefined : sum(durations) / durations.length,
    p95: durations[Math.ceil(durations.length * 0.95) - 1],
    strategies: new Map(
      [...names].map((name) => {
        const own = outcomes.filter(({ strategy }) => strategy === name);
        const good = own.filter(({ success }) => success);
        const rated = own.filter(({ rating }) => rating !== undefined);
        const ratings = rated.map((one) => (one.rating ?? 0) * weightOf(one));
        const values = {
          count: own.length,
          succeeded: good.length,
          share: sum(good.map(weightOf)) / sum(own.map(weightOf)),
          rating: sum(ratings) / sum(rated.map(weightOf)),
        };
        return [name, values];
      }),
    ),
  };
}

/** Where the performance differs from what it should be. */
export function differences(found: AgentPerformance, expected: Expected): readonly string[] {
  const wrong: string[] = [];
  const check = (
    name: string,
    is: number | undefined,
    should: number | undefined,
    tolerance = 1e-9,
  ): void => {
    const same =
      is === undefined || should === undefined || Number.isNaN(should)
        ? is === undefined && (should === undefined || Number.isNaN(should))
        : Math.abs(is - should) <= tolerance * Math.max(1, Math.abs(should));
    if (!same) wrong.push(`${name}: ${is} instead of ${should}`);
  };
  check("total", found.total, expected.total, 0);
  check("succeeded", found.succeeded, expected.succeeded, 0);
  check("mean", found.durationMs?.mean, expected.mean);
  const { p95 } = found.durationMs ?? {};
  check("p95", p95, expected.p95, expected.p95 !== undefined && expected.p95 < 1 ? 1 : 0.0200001);
  check("strategies", found.strategies.length, expected.strategies.size, 0);
  for (const { strategy, count, succeeded, successRate, rating } of found.strategies) {
    const one = expected.strategies.get(strategy);
    check(`${strategy}.count`, count, one?.count, 0);
    check(`${strategy}.succeeded`, succeeded, one?.succeeded, 0);
    check(`${strategy}.share`, successRate?.value, one?.share);
    check(`${strategy}.rating`, rating, one?.rating);
  }
  return wrong;
}
