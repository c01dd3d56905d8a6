import type { EventInput, SessionTurn, StoredEvent } from "@relevo/core";
import type { AdmittedSession } from "@relevo/core/input";

/** The events as they are appended in the turn of the session, if there is one. */
export function inTurn(session: AdmittedSession, events: readonly EventInput[]): readonly EventInput[] {
  const turn = session.currentTurn;
  if (turn === undefined) return events;
  return events.map((event) => ({ ...event, metadata: { ...event.metadata, ...turn.metadata } }));
}

/** Whether the event is of an earlier run of this turn, which died: what happened in it does not count. */
export function isOfDeadRun({ seq, metadata = {} }: StoredEvent, turn: SessionTurn | undefined): boolean {
  if (turn === undefined || seq > turn.after) return false;
  return Object.entries(turn.metadata).every(([name, value]) => metadata[name] === value);
}
