import type { SessionHead } from "@relevo/core";
import type { ForkOrigin } from "./session-options.ts";

/** In the metadata of a session, where it was forked from. */
export const originName = "relevo:forked-from";

/** Where the session was forked from. */
export function originOf(head: SessionHead): ForkOrigin | undefined {
  const origin = head.metadata[originName];
  return origin === undefined ? undefined : (origin as unknown as ForkOrigin);
}

/** Whether it was forked from this incarnation of the parent; an id alone may have been taken by another session since. */
export function isForkOf(head: SessionHead, parent: Pick<SessionHead, "session" | "incarnation">): boolean {
  const origin = originOf(head);
  return origin?.session === parent.session && origin.incarnation === parent.incarnation;
}
