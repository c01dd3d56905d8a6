import type { EventLog, EventTransfer, SessionAddress, SessionHead, TransferBatch } from "@relevo/core";
import { check, present } from "../../expect.ts";

/** All batches of a session, at most `limit` events each, as an archiver exports them. */
export async function exportAll(
  log: EventLog & EventTransfer,
  address: SessionAddress,
  limit = 100,
): Promise<readonly TransferBatch[]> {
  const batches: TransferBatch[] = [];
  let after = 0;
  for (;;) {
    const batch = present(await log.exportEvents(address, { after, limit }), "the exported batch");
    batches.push(batch);
    check(batch.events.length <= limit, `a batch of ${batch.events.length} events under limit ${limit}`);
    const last = batch.events.at(-1)?.seq;
    if (last === undefined || last >= batch.head.version) return batches;
    check(last > after, `an export after ${after} ends at ${last}`);
    after = last;
  }
}

/** Seals the source and takes it whole into the target, which stays sealed. */
export async function copySession(
  from: EventLog & EventTransfer,
  source: SessionAddress,
  to: EventLog & EventTransfer,
  target: SessionAddress,
  limit = 100,
): Promise<SessionHead> {
  await from.seal(source);
  let head: SessionHead | undefined;
  for (const batch of await exportAll(from, source, limit)) head = await to.importEvents(target, batch);
  return present(head, "the head of the copy");
}
