/** How long handoffs took, in milliseconds; only `count` and `totalMs` when none did. */
export interface Durations {
  readonly count: number;
  readonly totalMs: number;
  /** Percentiles by the nearest rank: the smallest duration that at least this share does not exceed. */
  readonly p50Ms?: number;
  readonly p95Ms?: number;
  readonly longestMs?: number;
}

export function durationsOf(durations: readonly number[]): Durations {
  const sorted = durations.toSorted((left, right) => left - right);
  const totalMs = Math.round(sorted.reduce((sum, one) => sum + one, 0) * 1000) / 1000;
  const longestMs = sorted.at(-1);
  if (longestMs === undefined) return { count: 0, totalMs };
  const rank = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? longestMs;
  return { count: sorted.length, totalMs, p50Ms: rank(0.5), p95Ms: rank(0.95), longestMs };
}
