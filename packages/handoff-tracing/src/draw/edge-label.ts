import type { HandoffEdge } from "../read/graph.ts";
import { duration } from "./printable.ts";

const told = ["failed", "rejected", "timed-out", "abandoned", "degraded", "running"] as const;

/** `3×, p50 20 ms, p95 30 ms, 1 rejected`: letters, digits and plain marks only. */
export function edgeLabel({ count, states, durations }: HandoffEdge): string {
  const { p50Ms = 0, p95Ms = 0 } = durations;
  const spread =
    durations.count === 1 ? [duration(p50Ms)] : [`p50 ${duration(p50Ms)}`, `p95 ${duration(p95Ms)}`];
  const times = p95Ms === 0 ? [] : spread;
  const others = told.filter((state) => states[state] > 0).map((state) => `${states[state]} ${state}`);
  return [`${count}×`, ...times, ...others].join(", ");
}
