import type { StoredEvent } from "../events.ts";
import type { AdmittedRead } from "./log-calls.ts";

/** Which events a reader wants, beside their place. */
export type EventFilter = Pick<AdmittedRead, "types" | "agent" | "pinned" | "atVersion" | "retracted">;

/** Whether `read` returns the event. The reference for drivers that filter elsewhere. */
export function matchesFilter(event: StoredEvent, filter: EventFilter): boolean {
  const { types, agent, pinned, atVersion, retracted } = filter;
  if (types !== undefined && !types.has(event.type)) return false;
  if (agent !== undefined && event.agent !== agent) return false;
  if (pinned !== undefined && (event.pinned === true) !== pinned) return false;
  if (retracted === "include") return true;
  const gone = event.retractedBy !== undefined && (atVersion === undefined || event.retractedBy <= atVersion);
  return gone === (retracted === "only");
}

/** The event as a reader of an older version sees it: not yet retracted. Frozen when it differs from the event. */
export function asOfVersion(event: StoredEvent, atVersion: number | undefined): StoredEvent {
  // The version first: most reads name none, and to look for a field that events lack costs 4 ns each.
  if (atVersion === undefined || event.retractedBy === undefined || event.retractedBy <= atVersion)
    return event;
  const { retractedBy: _later, ...earlier } = event;
  return Object.freeze(earlier) as StoredEvent;
}
