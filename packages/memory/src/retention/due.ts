import { allPages, type CallOptions, type Document, type SessionHead } from "@relevo/core";
import type { MemoryStore, Runtime } from "../runtime.ts";
import { dueDocuments, duePast, holderOf } from "./due-documents.ts";
import { type ClearedEvents, type DueEvents, dueEvents } from "./due-events.ts";
import { isHeldSession } from "./held-session.ts";
import { type DueMemory, memoryKinds } from "./memory-kinds.ts";
import type { DocumentSelection, RemovalOptions, RetentionPolicy } from "./policy.ts";
import { dueSummaries, isReplaced, type SummarizedDocuments } from "./summarize-documents.ts";

/** Something that a policy does not keep. */
export type Due =
  | { readonly kind: "session"; readonly head: SessionHead; readonly action: "archive" | "erase" }
  | DueEvents
  | ClearedEvents
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
