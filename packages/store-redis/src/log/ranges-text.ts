import type { SeqRange } from "@relevo/core";
import { normalizeRanges } from "@relevo/core/input";

/** Ranges as scripts walk them: `from-to,…`. */
export function rangesText(ranges: readonly SeqRange[]): string {
  return ranges.map(({ from, to }) => `${from}-${to}`).join(",");
}

/** Ranges of the events that have some, under the number of each: `12=3-5,7-7;`, ascending and apart. */
export function numberedRanges<Event>(
  events: Iterable<readonly [number, Event]>,
  rangesOf: (event: Event) => readonly SeqRange[],
): string {
  let text = "";
  for (const [number, event] of events) {
    const ranges = rangesOf(event);
    if (ranges.length > 0) text += `${number}=${rangesText(normalizeRanges(ranges))};`;
  }
  return text;
}
