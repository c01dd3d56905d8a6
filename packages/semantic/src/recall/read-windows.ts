import type { CallOptions, EventLog, StoredEvent } from "@relevo/core";

/** Events of a session that are wanted, both ends included. */
export interface WantedEvents {
  readonly session: string;
  readonly from: number;
  readonly to: number;
}

/** Messages of a session, ascending, as they were read together. */
export interface ReadWindow {
  readonly incarnation: string | undefined;
  readonly events: readonly StoredEvent[];
}

/** A call costs more than so many events that nobody wants. */
const widestGap = 50;
/** What one read may return. */
const mostEvents = 1000;
const readsAtOnce = 16;

/**
 * The messages of each range, in the order of the ranges; neighbouring ranges of a session are read with one call. A window may
 * hold more than its range.
 */
export async function readWindows(
  log: EventLog,
  tenant: string,
  wanted: readonly WantedEvents[],
  call: CallOptions,
): Promise<readonly ReadWindow[]> {
  const order = wanted
    .map((range, place) => ({ ...range, place }))
    .sort((left, right) =>
      left.session === right.session ? left.from - right.from : left.session < right.session ? -1 : 1,
    );
  const groups: { session: string; from: number; to: number; places: number[] }[] = [];
  for (const { session, from, to, place } of order) {
    const last = groups.at(-1);
    const joined = last === undefined ? 0 : Math.max(last.to, to) - last.from + 1;
    if (last?.session === session && from - last.to <= widestGap && joined <= mostEvents) {
      last.to = Math.max(last.to, to);
      last.places.push(place);
    } else groups.push({ session, from, to, places: [place] });
  }
  const windows: ReadWindow[] = [];
  for (let next = 0; next < groups.length; next += readsAtOnce) {
    const some = groups.slice(next, next + readsAtOnce);
    const read = await Promise.all(
      some.map(({ session, from, to }) =>
        log.read(
          { tenant, session },
          {
            after: Math.max(0, from - 1),
            before: to + 1,
            limit: Math.min(mostEvents, to - from + 1),
            types: ["message"],
            ...call,
          },
        ),
      ),
    );
    for (const [index, { incarnation, events }] of read.entries())
      for (const place of some[index]?.places ?? []) windows[place] = { incarnation, events };
  }
  return windows;
}
