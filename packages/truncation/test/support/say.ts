import { type EventInput, type EventLog, isEventTransfer, MemoryError, type StoredEvent } from "@relevo/core";
import type { Session } from "@relevo/memory";

/** Appends; what no append takes since it can stand in no view comes as the import of an old log brings it. */
export async function say(session: Session, log: EventLog, events: readonly EventInput[]): Promise<void> {
  try {
    await session.append(events);
  } catch (error) {
    if (!MemoryError.isInstance(error, "invalid-input")) throw error;
    await importOld(session, log, events);
  }
}

async function importOld({ address }: Session, log: EventLog, events: readonly EventInput[]): Promise<void> {
  if (!isEventTransfer(log)) throw new Error("The log takes no imports.");
  const known = await log.head(address);
  const before = known ?? {
    session: address.session,
    incarnation: "019ab8f4-0000-7000-8000-000000000001",
    version: 0,
    revision: 0,
    removalRevision: 0,
    token: "",
    firstSeq: 1,
    events: 0,
    bytes: 0,
    metadata: {},
    createdAt: 1,
    updatedAt: 1,
  };
  if (known !== undefined) await log.seal(address);
  const stored = events.map(
    (event, index): StoredEvent => ({ ...event, seq: before.version + index + 1, recordedAt: 1 }),
  );
  const head = { ...before, version: before.version + events.length };
  await log.importEvents(address, { head, events: stored, operations: [], removed: [] });
  await log.unseal(address);
}
