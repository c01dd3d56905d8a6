import type { CallOptions, Document, EventLog, ReadResult } from "@relevo/core";

const eventsAtOnce = 1000;

/**
 * Whether an event that the document was made from was retracted: then it is as if it had never been said, and nor has what
 * was made of it. Erased sources take their documents along; a session that has ended, or a trimmed part of one, says
 * nothing against them. One small call as long as nothing was removed from the session.
 */
export async function hasRetractedSources(
  log: EventLog,
  tenant: string,
  { derivedFrom }: Document,
  call: CallOptions,
): Promise<boolean> {
  if (derivedFrom?.events === undefined) return false;
  const { session, incarnation, removalRevision, ranges } = derivedFrom.events;
  const address = { tenant, session };
  const head = await log.head(address, call);
  if (head?.incarnation !== incarnation || head.removalRevision === removalRevision) return false;
  for (const { from, to } of ranges) {
    let after: number | undefined = from - 1;
    while (after !== undefined && after < to) {
      const page: ReadResult = await log.read(address, {
        after,
        before: to + 1,
        limit: eventsAtOnce,
        retracted: "include",
        ...call,
      });
      if (page.events.some(({ retractedBy }) => retractedBy !== undefined)) return true;
      after = page.next;
    }
  }
  return false;
}
