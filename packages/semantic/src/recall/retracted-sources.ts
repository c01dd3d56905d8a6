import type { CallOptions, Document, EventLog } from "@relevo/core";

/** Of the sources of one document so many ranges are looked at. */
const mostRanges = 100;
const mostEvents = 1000;

/**
 * Whether an event that the document was made from was retracted: then it is as if it had never been said, and nor has what
 * was made of it. Erased sources take their documents along; a session that has ended, or a trimmed part of one, says
 * nothing against them.
 */
export async function hasRetractedSources(
  log: EventLog,
  tenant: string,
  { derivedFrom }: Document,
  call: CallOptions,
): Promise<boolean> {
  if (derivedFrom?.events === undefined) return false;
  const { session, incarnation, ranges } = derivedFrom.events;
  for (const { from, to } of ranges.slice(0, mostRanges)) {
    const page = await log.read(
      { tenant, session },
      { after: from - 1, before: to + 1, limit: mostEvents, retracted: "include", ...call },
    );
    if (page.incarnation !== incarnation) return false;
    if (page.events.some(({ retractedBy }) => retractedBy !== undefined)) return true;
  }
  return false;
}
