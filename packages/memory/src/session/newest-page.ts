import {
  type AppendResult,
  type BelowPage,
  isEvent,
  type ReadOptions,
  type ReadResult,
  type StoredEvent,
} from "@relevo/core";

/** What a view reads first: the newest messages and summaries, and the pinned messages below them. */
export const newestPage: Pick<ReadOptions, "types" | "direction" | "below"> = {
  types: ["message", "summary"],
  direction: "backward",
  below: ["pinned"],
};

/** How much the first read of a view takes when its strategy does not say what it needs. */
export const defaultPage: number = 64;

/** The most pinned messages kept below a page, as many as a read answers. Older ones are read when they are needed. */
const mostPinnedBelow = 100;

/** A newest page of a session that exists, under a token. */
export type LivePage = ReadResult & { readonly token: string; readonly incarnation: string };

/** Before its first event a session that documents have created has no token: nothing says whether it was written since. */
export function isLive(result: ReadResult): result is LivePage {
  return result.token !== undefined && result.token !== "" && result.incarnation !== undefined;
}

/** The page of a session that this append has created; `undefined` when it has not, or does not say what it stored. */
export function firstPageOf(answer: AppendResult, limit: number): LivePage | undefined {
  const { firstSeq, replayed, previousToken, token, incarnation } = answer;
  if (replayed || previousToken !== undefined || firstSeq !== 1) return undefined;
  const state = { token, incarnation, version: 0, revision: 0, removalRevision: 0 };
  return pageAfter({ ...state, events: [], below: { pinned: [] } }, answer, limit);
}

/**
 * The page as a read of `limit` events would answer it after this append, which found the state of the page.
 * `undefined` when the append retracted something, or does not say what it stored.
 */
export function pageAfter(page: LivePage, answer: AppendResult, limit: number): LivePage | undefined {
  const { token, version, revision, incarnation, events: stored } = answer;
  if (stored === undefined || answer.firstSeq !== page.version + 1 || incarnation !== page.incarnation)
    return undefined;
  const added: StoredEvent[] = [];
  for (const event of stored) {
    if (event.type === "retraction") return undefined;
    if (event.type === "message" || event.type === "summary") added.push(event);
  }
  const events = [...added.reverse(), ...page.events];
  const state = { token, incarnation, version, revision, removalRevision: page.removalRevision };
  const oldest = events[limit - 1];
  if (events.length <= limit || oldest === undefined) {
    const { next, below = {} } = page;
    return { ...state, events, below, ...(next === undefined ? {} : { next }) };
  }
  const below = withPinned(page.below ?? {}, events.slice(limit));
  return { ...state, events: events.slice(0, limit), below, next: oldest.seq };
}

/** What stands below a page that these events have left, newest first. */
function withPinned(below: BelowPage, left: readonly StoredEvent[]): BelowPage {
  const added = left.filter((event) => event.pinned === true && isEvent(event, "message")).reverse();
  if (added.length === 0) return below;
  const pinned = [...(below.pinned ?? []), ...added];
  if (pinned.length <= mostPinnedBelow) return { ...below, pinned };
  return { ...below, pinned: pinned.slice(-mostPinnedBelow), morePinned: true };
}
