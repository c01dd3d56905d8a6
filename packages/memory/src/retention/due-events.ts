import {
  allPages,
  type CallOptions,
  readPages,
  type SeqRange,
  type SessionAddress,
  type SessionHead,
} from "@relevo/core";
import { maxPageSize, normalizeRanges } from "@relevo/core/input";
import type { Runtime } from "../runtime.ts";
import { clearedBefore, fewEvents } from "./cleared-mark.ts";
import { isHeldSession } from "./held-session.ts";
import type { EventSelection, RemovalOptions } from "./policy.ts";

/** Old events: those in front of the first pinned one can be trimmed, those behind it are erased. */
export interface DueEvents {
  readonly kind: "events";
  readonly head: SessionHead;
  /** The first that goes: what is before it has no content, is pinned, or is a retraction. */
  readonly firstSeq: number;
  /** Where the old ones end. */
  readonly beforeSeq: number;
  /** The first pinned one, or `beforeSeq`. */
  readonly pinnedSeq: number;
  /** Each for one call that erases. */
  readonly behindPinned: readonly (readonly SeqRange[])[];
  readonly count: number;
  readonly derived: "erase" | "keep";
  /** When a summary takes their place. */
  readonly summary: { readonly maxTokens: number | undefined } | undefined;
  /** Everything before it is cleared when these are gone; absent when that is not worth a mark. */
  readonly clearedSeq: number | undefined;
}

/** Nothing to remove, but so much was read to find that out that the next call is not to read it again. */
export interface ClearedEvents {
  readonly kind: "cleared";
  readonly head: SessionHead;
  readonly clearedSeq: number;
}

const sessionsAtOnce = 100;

export async function* dueEvents(
  runtime: Runtime,
  tenant: string,
  events: EventSelection,
  { action, maxTokens }: RemovalOptions,
  { signal }: CallOptions,
): AsyncGenerator<DueEvents | ClearedEvents | { readonly kind: "held" }, void, void> {
  const { log } = runtime.sessions;
  const now = runtime.clock.now();
  const list = (cursor: { readonly cursor?: string }) =>
    log.list(tenant, { limit: sessionsAtOnce, ...cursor, signal });
  for await (const head of allPages(list)) {
    // Being moved: it can be trimmed where it will be.
    if (head.sealed === true || head.firstSeq > head.version) continue;
    const address = { tenant, session: head.session };
    const cleared = head.events > fewEvents ? await clearedBefore(runtime, address, { signal }) : 1;
    let beforeSeq = head.version + 1;
    if ("keep" in events) beforeSeq = await newestOf(runtime, address, head, events.keep, { signal });
    else if (head.updatedAt > now - events.olderThanMs)
      beforeSeq = await firstSince(runtime, address, now - events.olderThanMs, cleared, head.version, {
        signal,
      });
    if (beforeSeq <= head.firstSeq) continue;
    const pinnedSeq = (await firstPinned(runtime, address, beforeSeq, { signal })) ?? beforeSeq;
    const start = Math.max(pinnedSeq, cleared - 1);
    const behind = await unpinned(runtime, address, start, beforeSeq, { signal });
    const before = Math.max(0, pinnedSeq - head.firstSeq);
    const count = before + behind.count;
    const clearedSeq = behind.read > fewEvents ? beforeSeq : undefined;
    if (count === 0 && clearedSeq !== undefined) yield { kind: "cleared", head, clearedSeq };
    if (count === 0) continue;
    const isSummary = action === "summarize";
    // A summary of summaries alone would say nothing else, and would be a write of an idle session each time.
    const isSummarized = isSummary && behind.summaries === behind.count;
    if (isSummarized && (await onlySummaries(runtime, address, pinnedSeq, { signal }))) continue;
    if (await isHeldSession(runtime, tenant, head, { signal })) {
      yield { kind: "held" };
      continue;
    }
    const firstSeq = before > 0 ? head.firstSeq : (behind.batches[0]?.[0]?.from ?? beforeSeq);
    const { derived = "erase" } = events;
    const summary = isSummary ? { maxTokens } : undefined;
    const places = { firstSeq, beforeSeq, pinnedSeq, behindPinned: behind.batches };
    yield { kind: "events", head, ...places, count, derived, summary, clearedSeq };
  }
}

async function firstPinned(
  { sessions: { log } }: Runtime,
  address: SessionAddress,
  before: number,
  options: CallOptions,
): Promise<number | undefined> {
  const query = { pinned: true as const, before, limit: 1, ...options };
  // A page may be empty although others follow.
  for await (const { events } of readPages((page) => log.read(address, page), query))
    if (events[0] !== undefined) return events[0].seq;
  return undefined;
}

/** What has content and is not pinned, behind this event. Reads all of it, tombstones too, page by page. */
async function unpinned(
  { sessions: { log } }: Runtime,
  address: SessionAddress,
  from: number,
  before: number,
  { signal }: CallOptions,
): Promise<{
  readonly count: number;
  /** Of these. */
  readonly summaries: number;
  readonly batches: readonly (readonly SeqRange[])[];
  /** How many events were read. */
  readonly read: number;
}> {
  let count = 0;
  let summaries = 0;
  let read = 0;
  const batches: SeqRange[][] = [];
  for (let after: number | undefined = from; after !== undefined && after < before - 1; ) {
    const page: Awaited<ReturnType<typeof log.read>> = await log.read(address, {
      after,
      before,
      limit: maxPageSize,
      retracted: "include",
      signal,
    });
    read += page.events.length;
    // Retractions have no content, and who follows the log needs them.
    const due = page.events.filter(
      ({ type, pinned, erasedAt }) => type !== "retraction" && pinned !== true && erasedAt === undefined,
    );
    count += due.length;
    summaries += due.filter(({ type }) => type === "summary").length;
    if (due.length > 0) batches.push(normalizeRanges(due.map(({ seq }) => ({ from: seq, to: seq }))));
    after = page.next;
  }
  return { count, summaries, batches, read };
}

/** Where the newest so many events begin. Summaries do not count, or each one would make another event old. */
async function newestOf(
  { sessions: { log } }: Runtime,
  address: SessionAddress,
  { version, firstSeq, events }: SessionHead,
  keep: number,
  { signal }: CallOptions,
): Promise<number> {
  if (events <= keep) return firstSeq;
  let start = version - keep + 1;
  let counted = version + 1;
  while (counted > start && start > firstSeq) {
    let summaries = 0;
    for (let before: number | undefined = counted; before !== undefined; ) {
      const page: Awaited<ReturnType<typeof log.read>> = await log.read(address, {
        types: ["summary"],
        direction: "backward",
        retracted: "include",
        before,
        after: start - 1,
        limit: maxPageSize,
        signal,
      });
      summaries += page.events.length;
      before = page.next;
    }
    counted = start;
    start = Math.max(firstSeq, start - summaries);
  }
  return start;
}

async function onlySummaries(
  { sessions: { log } }: Runtime,
  address: SessionAddress,
  before: number,
  { signal }: CallOptions,
): Promise<boolean> {
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page: Awaited<ReturnType<typeof log.read>> = await log.read(address, {
      after,
      before,
      limit: sessionsAtOnce,
      retracted: "include",
      signal,
    });
    if (page.events.some(({ type }) => type !== "summary")) return false;
    after = page.next;
  }
  return true;
}

/** The first event, not before this one, that was recorded after this time. Reads what is older, page by page. */
async function firstSince(
  { sessions: { log } }: Runtime,
  address: SessionAddress,
  time: number,
  from: number,
  version: number,
  { signal }: CallOptions,
): Promise<number> {
  for (let after: number | undefined = from - 1; after !== undefined; ) {
    const page: Awaited<ReturnType<typeof log.read>> = await log.read(address, {
      after,
      limit: maxPageSize,
      retracted: "include",
      signal,
    });
    const found = page.events.find(({ recordedAt }) => recordedAt > time);
    if (found !== undefined) return found.seq;
    after = page.next;
  }
  return version + 1;
}
