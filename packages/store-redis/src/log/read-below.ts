import type { BelowPage } from "@relevo/core";
import { type AdmittedRead, maxPinnedBelow, maxSummariesLookedAt } from "@relevo/core/store";
import { decodeEvent } from "./event-codec.ts";

/** How scripts are asked for what stands below a page: how much of it at most, 0 for nothing. */
export interface BelowValues {
  readonly maxPinned: number;
  readonly maxSummaries: number;
}

export function belowValues(below: AdmittedRead["below"]): BelowValues {
  return {
    maxPinned: below?.pinned === true ? maxPinnedBelow : 0,
    maxSummaries: below?.summaries === true ? maxSummariesLookedAt : 0,
  };
}

/** One part as scripts answer it, newest first; more seqs than elements when they did not all fit. */
type Part = readonly [seqs: readonly string[], elements: readonly string[], more: number] | readonly [];

/** @throws `corrupt` */
export function decodeBelow(below: NonNullable<AdmittedRead["below"]>, answer: unknown): BelowPage {
  const [pinned, summaries] = answer as readonly [Part, Part];
  return {
    ...(below.pinned && { pinned: eventsOf(pinned), ...(pinned[2] === 1 && { morePinned: true as const }) }),
    ...(below.summaries && {
      summaries: eventsOf(summaries),
      ...(summaries[2] === 1 && { moreSummaries: true as const }),
    }),
  };
}

function eventsOf([seqs = [], elements = []]: Part) {
  return elements.map((element, index) => decodeEvent(element, Number(seqs[index]))).reverse();
}
