import { allPages, type CallOptions, type Document, type SessionHead } from "@relevo/core";
import { maxPageSize, pastElement } from "@relevo/core/input";
import { manySourcesTag } from "../entries/entry.ts";
import { heldTags, holdsOn } from "../erasure/holds.ts";
import { pastFacts } from "../history/past-values.ts";
import { agentNamespace, namespaces, userNamespace } from "../namespaces.ts";
import type { MemoryStore, Runtime } from "../runtime.ts";
import type { DocumentSelection, RetentionPolicy } from "./policy.ts";

/** Something that a policy does not keep. */
export type Due =
  | { readonly kind: "session"; readonly head: SessionHead; readonly action: "archive" | "erase" }
  /** Events below this seq, and how many there are. */
  | {
      readonly kind: "events";
      readonly head: SessionHead;
      readonly beforeSeq: number;
      readonly count: number;
      readonly derived: "erase" | "keep";
    }
  | { readonly kind: "memory"; readonly agent: string; readonly document: Document }
  | { readonly kind: "document"; readonly store: MemoryStore; readonly document: Document }
  /** It stays, because of a legal hold. */
  | { readonly kind: "held" };

const sessionsAtOnce = 100;
export const pinnedTag = "pinned";

/** What the policy does not keep, page by page. */
export async function* dueBy(
  runtime: Runtime,
  tenant: string,
  policy: RetentionPolicy,
  options: CallOptions,
): AsyncGenerator<Due, void, void> {
  if ("sessions" in policy) yield* dueSessions(runtime, tenant, policy, options);
  else if ("events" in policy) yield* dueEvents(runtime, tenant, policy.events, options);
  else {
    const isHeld = await holderOf(runtime, tenant, options);
    if ("memories" in policy) {
      const { agent, ...selection } = policy.memories;
      const namespacePrefix =
        agent === undefined ? [...namespaces.agents, "durable"] : agentNamespace("durable", agent);
      const find = { namespacePrefix, ...selection };
      for await (const document of dueDocuments(runtime, runtime.durable, tenant, find, options)) {
        const [, , , name, ...rest] = document.namespace;
        // Below an agent's memory lies what only this package reads.
        if (name === undefined || rest.length > 0) continue;
        yield isHeld(document) ? { kind: "held" } : { kind: "memory", agent: name, document };
      }
      for await (const document of duePast(runtime, tenant, policy.memories, options))
        yield isHeld(document) ? { kind: "held" } : { kind: "document", store: runtime.durable, document };
      return;
    }
    for (const store of new Set([runtime.durable, runtime.volatile]))
      for await (const document of dueDocuments(runtime, store, tenant, policy.documents, options))
        yield isHeld(document) ? { kind: "held" } : { kind: "document", store, document };
  }
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
  events: Extract<RetentionPolicy, { readonly events: unknown }>["events"],
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
    if ("keep" in events) beforeSeq = head.version - events.keep + 1;
    else if (head.updatedAt > now - events.olderThanMs)
      beforeSeq = await firstSince(runtime, address, now - events.olderThanMs, head.version + 1, { signal });
    if (beforeSeq <= head.firstSeq) continue;
    // A system message is pinned, and no prefix without it is worth keeping.
    const pinned = await log.read(address, { pinned: true, before: beforeSeq, limit: 1, signal });
    const cut = pinned.events[0]?.seq ?? beforeSeq;
    if (cut <= head.firstSeq) continue;
    const held = await isHeldSession(runtime, tenant, head, { signal });
    const { derived = "erase" } = events;
    const count = cut - head.firstSeq;
    yield held ? { kind: "held" } : { kind: "events", head, beforeSeq: cut, count, derived };
  }
}

/** The first event that was recorded after this time. Reads what is older, page by page. */
async function firstSince(
  { sessions: { log } }: Runtime,
  address: { readonly tenant: string; readonly session: string },
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

/** Past values that are so old, whatever is in their place now. Counts, tags and importance are of what is there now. */
async function* duePast(
  { durable: { documents }, clock }: Runtime,
  tenant: string,
  { agent, olderThanMs, ...others }: DocumentSelection & { readonly agent?: string },
  { signal }: CallOptions,
): AsyncGenerator<Document, void, void> {
  if (olderThanMs === undefined || Object.keys(others).length > 0) return;
  const before = clock.now() - olderThanMs;
  const namespacePrefix = [...namespaces.agents, pastElement];
  const find = (cursor: { readonly cursor?: string }) =>
    documents.find({ tenant }, { namespacePrefix, ...cursor, signal });
  for await (const document of allPages(find)) {
    const facts = pastFacts(document);
    if (facts === undefined || facts.at > before || facts.tags.includes(pinnedTag)) continue;
    // Tier, agent, key.
    if (agent === undefined || facts.of[1] === agent) yield document;
  }
}

async function* dueDocuments(
  { clock, importance }: Runtime,
  store: MemoryStore,
  tenant: string,
  {
    namespacePrefix,
    tags,
    olderThanMs,
    keep,
    belowImportance,
  }: DocumentSelection & { readonly namespacePrefix: readonly string[] },
  { signal }: CallOptions,
): AsyncGenerator<Document, void, void> {
  const now = clock.now();
  const find = (cursor: { readonly cursor?: string }) =>
    store.documents.find(
      { tenant },
      { namespacePrefix, ...(tags === undefined ? {} : { tags }), ...cursor, signal },
    );
  const isDue = (document: Document): boolean =>
    !document.tags.includes(pinnedTag) &&
    (olderThanMs === undefined || document.updatedAt <= now - olderThanMs) &&
    (belowImportance === undefined || importance.score(document, now) < belowImportance);
  if (keep === undefined) {
    for await (const document of allPages(find)) if (isDue(document)) yield document;
    return;
  }
  // The order of `find` keeps each namespace together, so that one at a time is held.
  let namespace = "";
  let group: Document[] = [];
  for await (const document of allPages(find)) {
    const own = JSON.stringify(document.namespace);
    if (own !== namespace) yield* beyond(group, keep, isDue);
    if (own !== namespace) group = [];
    namespace = own;
    group.push(document);
  }
  yield* beyond(group, keep, isDue);
}

function* beyond(
  documents: readonly Document[],
  keep: number,
  isDue: (document: Document) => boolean,
): Generator<Document, void, void> {
  const newest = [...documents].sort((a, b) => b.updatedAt - a.updatedAt || b.version - a.version);
  for (const document of newest.slice(keep)) if (isDue(document)) yield document;
}

async function isHeldSession(
  runtime: Runtime,
  tenant: string,
  { session, subject }: SessionHead,
  options: CallOptions,
): Promise<boolean> {
  const selectors = subject === undefined ? [{ session }] : [{ session }, { user: subject }];
  return (await holdsOn(runtime, tenant, selectors, options)).length > 0;
}

/** Finds out whether a document comes from what is held, or belongs to a person who is. */
async function holderOf(
  runtime: Runtime,
  tenant: string,
  options: CallOptions,
): Promise<(document: Document) => boolean> {
  const held = await heldTags(runtime, tenant, options);
  const people = new Set(
    [...held.values()].flatMap(({ selector }) =>
      "user" in selector ? [JSON.stringify(userNamespace(selector.user))] : [],
    ),
  );
  // What comes from more than it can name may come from what is held.
  return ({ tags, namespace }) =>
    tags.some((tag) => held.has(tag) || (tag === manySourcesTag && held.size > 0)) ||
    people.has(JSON.stringify(namespace.slice(0, 2)));
}
