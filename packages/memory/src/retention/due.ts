import {
  allPages,
  type CallOptions,
  type Document,
  readPages,
  type SeqRange,
  type SessionAddress,
  type SessionHead,
} from "@relevo/core";
import { maxPageSize, normalizeRanges } from "@relevo/core/input";
import { holdsOn } from "../erasure/holds.ts";
import type { MemoryStore, Runtime } from "../runtime.ts";
import { dueDocuments, duePast, holderOf } from "./due-documents.ts";
import { type DueMemory, memoryKinds } from "./memory-kinds.ts";
import type { DocumentSelection, EventSelection, RemovalOptions, RetentionPolicy } from "./policy.ts";
import { dueSummaries, isReplaced, type SummarizedDocuments } from "./summarize-documents.ts";

/** Something that a policy does not keep. */
export type Due =
  | { readonly kind: "session"; readonly head: SessionHead; readonly action: "archive" | "erase" }
  /** Events below this seq, those behind a pinned one, and how many there are together. */
  | {
      readonly kind: "events";
      readonly head: SessionHead;
      readonly beforeSeq: number;
      /** Each for one call that erases. */
      readonly behindPinned: readonly (readonly SeqRange[])[];
      readonly count: number;
      readonly derived: "erase" | "keep";
      /** When a summary takes their place. */
      readonly summary: { readonly maxTokens: number | undefined } | undefined;
    }
  | DueMemory
  | { readonly kind: "document"; readonly store: MemoryStore; readonly document: Document }
  | SummarizedDocuments
  /** It stays, because of a legal hold. */
  | { readonly kind: "held" };

const sessionsAtOnce = 100;

/** What the policy does not keep, page by page. */
export async function* dueBy(
  runtime: Runtime,
  tenant: string,
  policy: RetentionPolicy,
  options: CallOptions,
): AsyncGenerator<Due, void, void> {
  if ("sessions" in policy) yield* dueSessions(runtime, tenant, policy, options);
  else if ("events" in policy) yield* dueEvents(runtime, tenant, policy.events, policy, options);
  else if ("documents" in policy) {
    const isHeld = await holderOf(runtime, tenant, options);
    for (const store of new Set([runtime.durable, runtime.volatile]))
      for await (const document of dueDocuments(runtime, store, tenant, policy.documents, options))
        yield isHeld(document) ? { kind: "held" } : { kind: "document", store, document };
  } else if ("agents" in policy) {
    const { agent, ...selection } = policy.agents;
    yield* dueMemories(runtime, tenant, { kind: "agents", name: agent, selection, ...policy }, options);
  } else if ("users" in policy) {
    const { user, ...selection } = policy.users;
    yield* dueMemories(runtime, tenant, { kind: "users", name: user, selection, ...policy }, options);
  } else {
    const { workspace, ...selection } = policy.workspaces;
    yield* dueMemories(
      runtime,
      tenant,
      { kind: "workspaces", name: workspace, selection, ...policy },
      options,
    );
  }
}

interface MemoriesOf extends RemovalOptions {
  readonly kind: keyof typeof memoryKinds;
  readonly name: string | undefined;
  readonly selection: DocumentSelection;
}

async function* dueMemories(
  runtime: Runtime,
  tenant: string,
  { kind: kindName, name, selection, action, maxTokens }: MemoriesOf,
  options: CallOptions,
): AsyncGenerator<Due, void, void> {
  const kind = memoryKinds[kindName];
  const isHeld = await holderOf(runtime, tenant, options);
  // Below an agent's memory, or a person's, lies what only this package reads.
  const isWanted = (namespace: readonly string[]): boolean => kind.copyOf(namespace) !== undefined;
  const search = { namespacePrefix: kind.prefix(name), isWanted, ...selection };
  const memoryOf = (document: Document): DueMemory => ({
    kind: "memory",
    copyNamespace: kind.copyOf(document.namespace) ?? [],
    document,
  });
  if (action === "summarize") {
    yield* dueSummaries(runtime, tenant, { search, maxTokens, isHeld, memoryOf }, options);
    return;
  }
  // First, because a memory takes its past values with it: they would be counted, and then not be there.
  for await (const document of duePast(runtime, tenant, kind, name, selection, options))
    yield isHeld(document) ? { kind: "held" } : { kind: "document", store: runtime.durable, document };
  // What a summary has replaced expires: a delete would remove the summary.
  const removed = { ...search, isLeftOut: isReplaced };
  for await (const document of dueDocuments(runtime, runtime.durable, tenant, removed, options))
    yield isHeld(document) ? { kind: "held" } : memoryOf(document);
}

async function* dueSessions(
  runtime: Runtime,
  tenant: string,
  { sessions, action }: Extract<RetentionPolicy, { readonly sessions: unknown }>,
  { signal }: CallOptions,
): AsyncGenerator<Due, void, void> {
  const idleSince = runtime.clock.now() - sessions.idleMs;
  const { subject } = sessions;
  const list = (cursor: { readonly cursor?: string }) =>
    runtime.sessions.log.list(tenant, {
      order: "updated",
      idleSince,
      ...(subject === undefined ? {} : { subject }),
      limit: sessionsAtOnce,
      ...cursor,
      signal,
    });
  for await (const head of allPages(list)) {
    const held = action === "erase" && (await isHeldSession(runtime, tenant, head, { signal }));
    yield held ? { kind: "held" } : { kind: "session", head, action };
  }
}

async function* dueEvents(
  runtime: Runtime,
  tenant: string,
  events: EventSelection,
  { action, maxTokens }: RemovalOptions,
  { signal }: CallOptions,
): AsyncGenerator<Due, void, void> {
  const { log } = runtime.sessions;
  const now = runtime.clock.now();
  const list = (cursor: { readonly cursor?: string }) =>
    log.list(tenant, { limit: sessionsAtOnce, ...cursor, signal });
  for await (const head of allPages(list)) {
    // Being moved: it can be trimmed where it will be.
    if (head.sealed === true || head.firstSeq > head.version) continue;
    const address = { tenant, session: head.session };
    let beforeSeq = head.version + 1;
    if ("keep" in events) beforeSeq = await newestOf(runtime, address, head, events.keep, { signal });
    else if (head.updatedAt > now - events.olderThanMs)
      beforeSeq = await firstSince(runtime, address, now - events.olderThanMs, head.version + 1, { signal });
    if (beforeSeq <= head.firstSeq) continue;
    // A system message is pinned: what is before it is trimmed, what is behind it is erased.
    const cut = (await firstPinned(runtime, address, beforeSeq, { signal })) ?? beforeSeq;
    const { derived = "erase" } = events;
    const isSummary = action === "summarize";
    // An erasure follows derivation: it would take the summaries and facts that are to stay.
    const isAllErased = derived === "erase" && !isSummary;
    const behind = isAllErased
      ? await unpinned(runtime, address, cut, beforeSeq, { signal })
      : { count: 0, batches: [] };
    const count = Math.max(0, cut - head.firstSeq) + behind.count;
    if (count === 0) continue;
    // A summary of summaries alone would say nothing else, and would be a write of an idle session each time.
    if (isSummary && (await onlySummaries(runtime, address, cut, { signal }))) continue;
    const held = await isHeldSession(runtime, tenant, head, { signal });
    const summary = isSummary ? { maxTokens } : undefined;
    const behindPinned = behind.batches;
    yield held
      ? { kind: "held" }
      : { kind: "events", head, beforeSeq: cut, behindPinned, count, derived, summary };
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

/** What has content and is not pinned, from the first pinned event on. Reads all of it, tombstones too, page by page. */
async function unpinned(
  { sessions: { log } }: Runtime,
  address: SessionAddress,
  from: number,
  before: number,
  { signal }: CallOptions,
): Promise<{ readonly count: number; readonly batches: readonly (readonly SeqRange[])[] }> {
  let count = 0;
  const batches: SeqRange[][] = [];
  for (let after: number | undefined = from; after !== undefined && after < before - 1; ) {
    const page: Awaited<ReturnType<typeof log.read>> = await log.read(address, {
      after,
      before,
      limit: maxPageSize,
      retracted: "include",
      signal,
    });
    // Retractions have no content, and who follows the log needs them.
    const due = page.events.filter(
      ({ type, pinned, erasedAt }) => type !== "retraction" && pinned !== true && erasedAt === undefined,
    );
    count += due.length;
    if (due.length > 0) batches.push(normalizeRanges(due.map(({ seq }) => ({ from: seq, to: seq }))));
    after = page.next;
  }
  return { count, batches };
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

/** The first event that was recorded after this time. Reads what is older, page by page. */
async function firstSince(
  { sessions: { log } }: Runtime,
  address: SessionAddress,
  time: number,
  end: number,
  { signal }: CallOptions,
): Promise<number> {
  for (let after: number | undefined = 0; after !== undefined; ) {
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
  return end;
}

export async function isHeldSession(
  runtime: Runtime,
  tenant: string,
  { session, subject }: SessionHead,
  options: CallOptions,
): Promise<boolean> {
  const selectors = subject === undefined ? [{ session }] : [{ session }, { user: subject }];
  return (await holdsOn(runtime, tenant, selectors, options)).length > 0;
}
