/**
 * Quantiles of durations in bounded space, which can be merged: DDSketch (Masson, Rim, Lee, "DDSketch: a fast and
 * fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019). Bucket `i` counts what lies between
 * `gamma^(i-1)` and `gamma^i` milliseconds, so that any quantile is within 2 % of the exact one. At most 920 buckets up to
 * the greatest duration; a hundred for what varies by a factor of fifty.
 */
export interface DurationSketch {
  count: number;
  sum: number;
  /** Shorter than a millisecond. */
  short: number;
  readonly buckets: Map<number, number>;
}

const error = 0.02;
const gamma = (1 + error) / (1 - error);
const logGamma = Math.log(gamma);

export function emptySketch(): DurationSketch {
  return { count: 0, sum: 0, short: 0, buckets: new Map() };
}

export function addDuration(sketch: DurationSketch, durationMs: number): void {
  sketch.count++;
  sketch.sum += durationMs;
  if (durationMs < 1) sketch.short++;
  else addTo(sketch.buckets, Math.ceil(Math.log(durationMs) / logGamma), 1);
}

export function mergeSketch(into: DurationSketch, from: DurationSketch): void {
  into.count += from.count;
  into.sum += from.sum;
  into.short += from.short;
  for (const [bucket, count] of from.buckets) addTo(into.buckets, bucket, count);
}

/** The smallest duration that this share of all does not exceed; `undefined` when there is none. */
export function durationQuantile(sketch: DurationSketch, share: number): number | undefined {
  if (sketch.count === 0) return undefined;
  const rank = Math.max(1, Math.ceil(share * sketch.count));
  let seen = sketch.short;
  if (seen >= rank) return 0;
  let last = 0;
  for (const [bucket, count] of [...sketch.buckets].sort(([a], [b]) => a - b)) {
    seen += count;
    last = bucket;
    if (seen >= rank) break;
  }
  return (2 * gamma ** last) / (gamma + 1);
}

function addTo(buckets: Map<number, number>, bucket: number, count: number): void {
  buckets.set(bucket, (buckets.get(bucket) ?? 0) + count);
}
