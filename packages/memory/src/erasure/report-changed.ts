import { type CallOptions, isConflict, MemoryError, type SessionAddress } from "@relevo/core";
import type { Runtime } from "../runtime.ts";

/**
 * After the copies of a session were removed from indexes, which know sessions by their ids: reports the session that stays
 * as changed, so that an index that follows the store reads it again. One stays that has taken the id of the erased
 * incarnation, or that has lost a document only.
 */
export async function reportChanged(
  { indexes, sessions, ids }: Runtime,
  address: SessionAddress,
  erased: string | undefined,
  options: CallOptions,
): Promise<void> {
  if (indexes.length === 0) return;
  const head = await sessions.log.head(address, options);
  if (head === undefined || head.incarnation === erased || head.sealed === true) return;
  const { incarnation } = head;
  // Without events; a touch that changes nothing is not reported.
  const operation = { id: `relevo:reported:${ids.next()}`, fingerprint: incarnation };
  try {
    await sessions.log.append(address, [], { operation, incarnation, ...options });
  } catch (error) {
    // It has ended or is moved, which the index learns by itself.
    if (!MemoryError.isInstance(error, "history-lost") && !isConflict(error, "sealed")) throw error;
  }
}
