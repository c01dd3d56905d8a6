import type { SuccessRate } from "./outcome.ts";

/** Of the normal distribution, for 95 % on both sides. */
const z = 1.959963984540054;

/** Wilson's score interval. The weights may be fractions: a sum of weights below 1 is never more than it stands for. */
export function successRate(succeeded: number, total: number): SuccessRate | undefined {
  if (total <= 0) return undefined;
  const value = Math.min(1, Math.max(0, succeeded / total));
  const scale = 1 + (z * z) / total;
  const center = value + (z * z) / (2 * total);
  const spread = z * Math.sqrt((value * (1 - value)) / total + (z * z) / (4 * total * total));
  return {
    value,
    // Exact at the ends, where rounding would leave a trace.
    low: value === 0 ? 0 : Math.max(0, (center - spread) / scale),
    high: value === 1 ? 1 : Math.min(1, (center + spread) / scale),
  };
}
