import type { DocumentScope } from "../../../address.ts";
import type { CallOptions } from "../../../ports/common.ts";
import type { DriverContext } from "../context.ts";
import { type DocumentKeys, documentKeys, tenantKeys } from "../layout.ts";
import { slotOf } from "../log/log-snapshot.ts";
import { timeOf } from "../space/failures.ts";
import type { KeyRange } from "../space/key-value-space.ts";
import { type Records, readRecords } from "../space/records.ts";
import { liveState, type SessionState } from "../unit/session-slot.ts";

/** The documents of a scope, for reads that take several steps. */
export interface DocumentReader {
  readonly keys: DocumentKeys;
  readonly now: number;
  readonly live: SessionState | undefined;
  /** `undefined` when the session that they belonged to has ended. */
  read(keys: readonly Uint8Array[], ranges: readonly KeyRange[]): Promise<Records | undefined>;
}

/** `undefined` when there is no such session. */
export async function openDocuments(
  { space }: DriverContext,
  { tenant, session }: DocumentScope,
  call: CallOptions,
): Promise<DocumentReader | undefined> {
  if (session === undefined) {
    return {
      keys: documentKeys(tenant, undefined),
      now: await timeOf(space),
      live: undefined,
      read: (keys, ranges) => readRecords(space, keys, ranges, call),
    };
  }
  const slotKey = tenantKeys.session(tenant, session);
  const { records } = await readRecords(space, [slotKey], [], call);
  const now = await timeOf(space);
  const live = liveState(slotOf(records[0]), now);
  if (live === undefined) return undefined;
  return {
    keys: documentKeys(tenant, live.generation),
    now,
    live,
    async read(keys, ranges) {
      const result = await readRecords(space, [slotKey, ...keys], ranges, call);
      if (slotOf(result.records[0])?.live?.generation !== live.generation) return undefined;
      return { records: result.records.slice(1), ranges: result.ranges };
    },
  };
}
