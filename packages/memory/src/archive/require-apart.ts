import { type CallOptions, type EventLog, MemoryError, type SessionAddress } from "@relevo/core";

/** How often a session that others go on writing to is looked at. */
const attempts = 20;

/**
 * Two store objects may be over the same data, by two addresses of one server: then a session would be copied onto itself,
 * and the delete of its source would end it. A copy has write tokens of its own, so the same token in both tells. Asked only
 * where both have the session, which is rare.
 *
 * @throws `unsupported`; `conflict` when others wrote to the session at every look.
 */
export async function requireApart(
  sessions: EventLog,
  archive: EventLog,
  address: SessionAddress,
  options: CallOptions,
): Promise<void> {
  let before = await sessions.head(address, options);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const copy = await archive.head(address, options);
    const after = await sessions.head(address, options);
    if (before?.token === after?.token) {
      if (after === undefined || after.token !== copy?.token) return;
      throw new MemoryError(
        "unsupported",
        "The archive and the store of the sessions hold the same data: the session would be moved onto itself. Give createMemory({ archive }) a store on another server, database, schema or prefix.",
        { details: { session: address.session } },
      );
    }
    before = after;
  }
  throw new MemoryError("conflict", "Others write to the session all the time. Try again.", {
    retryable: true,
    details: { conflict: "version", session: address.session },
  });
}
