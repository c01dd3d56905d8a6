import { MemoryError } from "../../../memory-error.ts";
import type { CallOptions } from "../../../ports/common.ts";
import { type GenerationKeys, tenantKeys } from "../layout.ts";
import { timeOf } from "../space/failures.ts";
import type { KeyRange } from "../space/key-value-space.ts";
import { type KeyRecord, type Records, readRecords } from "../space/records.ts";
import { pause } from "../space/retry.ts";
import { type SpaceContext, staleRead } from "../space/transaction.ts";
import {
  keysOf,
  liveState,
  type SessionPlace,
  type SessionSlot,
  type SessionState,
} from "../unit/session-slot.ts";

/** A log as it is at one moment, however many reads it takes. */
export interface LogSnapshot {
  readonly state: SessionState;
  readonly keys: GenerationKeys;
  /** Fails with `staleRead` when something was removed from the log meanwhile. What was appended does not matter. */
  read(keys: readonly Uint8Array[], ranges: readonly KeyRange[]): Promise<Records>;
}

const maxAttempts = 100;

/** Reads a log; `undefined` when there is no session. Begins again when something is removed while it reads. */
export async function readLog<Result>(
  { space }: SpaceContext,
  place: SessionPlace,
  call: CallOptions,
  run: (log: LogSnapshot) => Result | Promise<Result>,
): Promise<Result | undefined> {
  const slotKey = tenantKeys.session(place.tenant, place.session);
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    if (attempt > 2) await pause(attempt, call.signal);
    const { records } = await readRecords(space, [slotKey], [], call);
    const state = liveState(slotOf(records[0]), await timeOf(space));
    if (state === undefined) return undefined;
    const log: LogSnapshot = {
      state,
      keys: keysOf(place, state),
      async read(keys, ranges) {
        const result = await readRecords(space, [slotKey, ...keys], ranges, call);
        const present = slotOf(result.records[0])?.live;
        if (present === undefined || !samePast(state, present)) throw staleRead;
        return { records: result.records.slice(1), ranges: result.ranges };
      },
    };
    try {
      return await run(log);
    } catch (error) {
      if (error !== staleRead) throw error;
    }
  }
  throw new MemoryError("unavailable", "The log changes faster than it can be read. Try again later.");
}

/** The state in the unit record of a session, as it was saved. */
export function slotOf(record: KeyRecord | undefined): SessionSlot | undefined {
  return (record as KeyRecord<{ readonly state: SessionSlot }> | undefined)?.value.state;
}

/** Whether what the older state holds stands in the newer one just the same. */
function samePast(older: SessionState, newer: SessionState): boolean {
  return (
    older.generation === newer.generation &&
    older.removalRevision === newer.removalRevision &&
    older.settled === newer.settled
  );
}
