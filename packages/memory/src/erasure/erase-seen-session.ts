import { type CallOptions, isEventTransfer } from "@relevo/core";
import type { Runtime } from "../runtime.ts";
import { resume } from "./erase.ts";
import { openJournal, type SeenSession } from "./erasure-journal.ts";

/**
 * Erases a session, unless it was written since it was seen. From the moment that it is sealed on, writers are refused until
 * it has ended; what one writes nevertheless, because a store cannot seal or has to open it again to remove its documents,
 * stays, in a session without what was before. False when it stays, because it was written or is held.
 *
 * @throws what `erase` throws. The next call for the same session continues.
 */
export async function eraseSeenSession(
  runtime: Runtime,
  tenant: string,
  session: string,
  seen: SeenSession,
  call: CallOptions,
): Promise<boolean> {
  const { log } = runtime.sessions;
  const address = { tenant, session };
  const { incarnation, version } = seen;
  if (isEventTransfer(log)) await log.seal(address, { incarnation, expectedVersion: version, ...call });
  const journal = await openJournal(runtime, tenant, { session }, seen, call);
  const report = await resume(runtime, tenant, journal, call);
  const now = await log.head(address, call);
  if (now?.incarnation !== incarnation) return report.complete;
  if (now.sealed === true && isEventTransfer(log)) await log.unseal(address, { incarnation, ...call });
  return false;
}
