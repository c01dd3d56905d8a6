import type { EventInput, SeqRange, StoredEvent } from "../events.ts";
import { retractedRanges } from "../input/events.ts";
import { normalizeRanges } from "../input/ranges.ts";

/**
 * What each event of a batch retracts, by its place: ascending, apart, without what an earlier one of the batch names, and
 * for stored events without what is not before it. Of several retractions that name an event the first one marks it, so a
 * driver that follows these ranges looks at each event once, however many there are. Nothing for what was erased.
 */
export function retractionsOf(
  events: readonly (EventInput | StoredEvent)[],
): readonly (readonly SeqRange[])[] {
  return withoutRepeats(events.map(rangesOfEvent));
}

function rangesOfEvent(event: EventInput | StoredEvent): readonly SeqRange[] {
  if (!("seq" in event)) return normalizeRanges(retractedRanges(event));
  if (event.erasedAt !== undefined) return [];
  const { seq } = event;
  return normalizeRanges(retractedRanges(event)).flatMap(({ from, to }) =>
    from < seq ? [{ from, to: Math.min(to, seq - 1) }] : [],
  );
}

/** Takes lists of ascending ranges that are apart. */
function withoutRepeats(lists: readonly (readonly SeqRange[])[]): readonly (readonly SeqRange[])[] {
  if (lists.filter(({ length }) => length > 0).length < 2) return lists;
  // The log is cut where a range begins or ends; `free` leads from a part to the next that no list has taken.
  const bounds = new Set<number>();
  for (const ranges of lists) for (const { from, to } of ranges) bounds.add(from).add(to + 1);
  const starts = Array.from(bounds).sort((left, right) => left - right);
  const partAt = new Map(starts.map((start, part) => [start, part]));
  const free = starts.map((_, part) => part);
  const firstFree = (start: number): number => {
    let found = start;
    while (free[found] !== found) found = free[found] as number;
    for (let part = start; part !== found; ) {
      const next = free[part] as number;
      free[part] = found;
      part = next;
    }
    return found;
  };
  return lists.map((ranges) => {
    const taken: { from: number; to: number }[] = [];
    for (const { from, to } of ranges) {
      const end = partAt.get(to + 1) as number;
      for (let part = firstFree(partAt.get(from) as number); part < end; part = firstFree(part + 1)) {
        free[part] = part + 1;
        const start = starts[part] as number;
        const last = taken.at(-1);
        const stop = (starts[part + 1] as number) - 1;
        if (last !== undefined && last.to + 1 === start) last.to = stop;
        else taken.push({ from: start, to: stop });
      }
    }
    return taken;
  });
}
