import type { SeqRange, StoredEvent, Tombstone } from "../../../events.ts";
import { tenantKeys } from "../layout.ts";
import type { KeyRecord } from "../space/records.ts";
import type { Transaction } from "../space/transaction.ts";
import { keysOf, type SessionPlace, type SessionSlot, type SessionState } from "../unit/session-slot.ts";

/** An event in its entry, with what it adds to the size of the log. */
export interface EventRecord {
  readonly event: StoredEvent;
  readonly bytes: number;
}

/**
 * Writes the entries of events. An effective event stands in the lists by type, by agent, of pinned ones and by time; a
 * retracted one only among the retracted, so that reads do not step over thousands of undone messages.
 */
export interface EventEntries {
  add(record: EventRecord): void;
  /** Takes an effective event out of what is effective. */
  retract(found: KeyRecord<EventRecord>, by: number): void;
  /** Leaves a tombstone, and with `keeps` what was derived from the event. */
  blank(found: KeyRecord<EventRecord>, erasedAt: number, keeps?: boolean): void;
  remove(found: KeyRecord<EventRecord>): void;
}

export function eventEntries(
  transaction: Transaction<SessionSlot>,
  place: SessionPlace,
  state: SessionState,
): EventEntries {
  const keys = keysOf(place, state);
  const timeKey = ({ recordedAt, seq }: StoredEvent): Uint8Array =>
    tenantKeys.byTime(place.tenant, recordedAt, place.session, seq, state.generation);

  function list(event: StoredEvent): void {
    const { seq, type, agent } = event;
    transaction.put(keys.byType(type, seq), [event.erasedAt === undefined ? live : erased, event.recordedAt]);
    if (agent !== undefined) transaction.put(keys.byAgent(agent, seq), 0);
    if (event.pinned === true) transaction.put(keys.pinned(seq), 0);
    transaction.put(timeKey(event), [
      place.session,
      seq,
      state.generation,
      event.recordedAt,
      type,
      agent ?? null,
    ]);
  }

  function unlist(event: StoredEvent): void {
    const { seq, type, agent } = event;
    transaction.remove(keys.byType(type, seq));
    if (agent !== undefined) transaction.remove(keys.byAgent(agent, seq));
    if (event.pinned === true) transaction.remove(keys.pinned(seq));
    transaction.remove(timeKey(event));
  }

  return {
    add({ event, bytes }) {
      const { seq, derivedFrom, retractedBy } = event;
      if (derivedFrom !== undefined) transaction.put(keys.derived(seq), derivedFrom as unknown as number[]);
      const value = { event, bytes } as unknown as { bytes: number };
      if (retractedBy !== undefined) transaction.put(keys.retracted(seq), value);
      else {
        transaction.put(keys.effective(seq), value);
        list(event);
      }
    },
    retract(found, by) {
      const { event, bytes } = found.value;
      transaction.remove(found.key, found as unknown as KeyRecord);
      unlist(event);
      const value = { event: { ...event, retractedBy: by }, bytes } as unknown as { bytes: number };
      transaction.put(keys.retracted(event.seq), value);
    },
    blank(found, erasedAt, keeps) {
      const { event } = found.value;
      const tombstone = tombstoneOf(event, erasedAt, keeps);
      if (event.retractedBy === undefined) {
        unlist(event);
        list(tombstone);
      }
      const value = { event: tombstone, bytes: 0 } as unknown as { bytes: number };
      transaction.put(found.key, value, found as unknown as KeyRecord);
    },
    remove(found) {
      const { event } = found.value;
      transaction.remove(found.key, found as unknown as KeyRecord);
      if (event.retractedBy === undefined) unlist(event);
      transaction.remove(keys.derived(event.seq));
    },
  };
}

/** In the list by type: whether a retraction may still mark the event, and where it stands in the list by time. */
export type TypeEntry = readonly [mark: typeof live | typeof erased, recordedAt: number];

export const live = 0;
const erased = 1;

/** The most entries that putting one mark on one event writes; parts of long values come on top. */
export const entriesPerMark = 8;

export function tombstoneOf(event: StoredEvent, erasedAt: number, keeps = false): Tombstone {
  const { seq, type, at, recordedAt, retractedBy } = event;
  return {
    seq,
    type,
    ...(at === undefined ? {} : { at }),
    recordedAt,
    ...(retractedBy === undefined ? {} : { retractedBy }),
    erasedAt,
    ...(keeps ? { derived: "kept" } : {}),
  };
}

/** What an event is derived from, as its entry among the derived ones says. */
export interface DerivedEvent {
  readonly seq: number;
  readonly from: readonly SeqRange[];
}
