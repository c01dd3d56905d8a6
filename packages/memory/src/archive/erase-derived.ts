import { type CallOptions, isConflict, type SessionAddress } from "@relevo/core";
import { eraseSession, type SessionErasure } from "../erasure/erase-session.ts";
import { transferOf } from "../portability/export-lines.ts";
import type { Runtime } from "../runtime.ts";

/**
 * Erases what was derived from an archived session in the store where it lived, and returns how much that was. Only a
 * session of that store can be erased there: so one without events takes its place for a moment, sealed and as if trimmed.
 */
export async function eraseDerived(
  { sessions, archive }: Runtime,
  address: SessionAddress,
  incarnation: string,
  { forget, ...options }: CallOptions & Pick<SessionErasure, "forget">,
): Promise<number> {
  if (archive === undefined) return 0;
  const batch = await transferOf(archive).log.exportEvents(address, { limit: 1, ...options });
  if (batch?.head.incarnation !== incarnation) return 0;
  const { head } = batch;
  const empty = { head: { ...head, firstSeq: head.version + 1 }, events: [], operations: [], removed: [] };
  try {
    await transferOf(sessions).log.importEvents(address, empty, options);
  } catch (error) {
    // Another session has taken the id.
    if (isConflict(error, "incarnation")) return 0;
    throw error;
  }
  const { derived } = await eraseSession(sessions, address, incarnation, {
    ...options,
    eraseForks: async () => undefined,
    forget,
  });
  return derived;
}
