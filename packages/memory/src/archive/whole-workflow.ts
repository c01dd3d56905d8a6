import type { CallOptions, SessionAddress, SessionHead } from "@relevo/core";
import { forksOf } from "../people/subject-sessions.ts";
import type { MemoryStore, Runtime } from "../runtime.ts";

/** A session of a workflow, and where it is: in both places when a move of it was interrupted. */
export interface FoundSession {
  readonly session: string;
  readonly incarnation: string;
  readonly isHere: boolean;
  readonly isArchived: boolean;
  /** Here: a move of it has begun. */
  readonly isSealed: boolean;
}

/**
 * The session with all that was forked from it, and from that, wherever each of them is: forks after what they were forked
 * from. A part may have been moved before, or by a call that was interrupted.
 */
export async function wholeWorkflow(
  { sessions, archive }: Pick<Runtime, "sessions" | "archive">,
  { tenant }: SessionAddress,
  root: SessionHead,
  { signal }: CallOptions,
): Promise<readonly FoundSession[]> {
  const places = archive === undefined ? [sessions] : [sessions, archive];
  const found = new Map<string, { -readonly [Name in keyof FoundSession]: FoundSession[Name] }>();
  const pending: { readonly head: SessionHead; readonly place: MemoryStore }[] = [];
  const meet = (head: SessionHead, place: MemoryStore): void => {
    const { session, incarnation } = head;
    const known = found.get(session) ?? {
      session,
      incarnation,
      isHere: false,
      isArchived: false,
      isSealed: false,
    };
    found.set(session, known);
    if (place === sessions ? known.isHere : known.isArchived) return;
    if (place === sessions) Object.assign(known, { isHere: true, isSealed: head.sealed === true });
    else known.isArchived = true;
    pending.push({ head, place });
  };
  for (const place of places) {
    const head = await place.log.head({ tenant, session: root.session }, { signal });
    if (head?.incarnation === root.incarnation) meet(head, place);
  }
  for (let next = pending.shift(); next !== undefined; next = pending.shift())
    for (const place of places)
      for await (const fork of forksOf(next.place, tenant, next.head, { signal }, place)) meet(fork, place);
  return [...found.values()];
}
