import type { Span } from "@opentelemetry/api";
import type { SessionAddress } from "@relevo/core";
import { countRanges } from "@relevo/core/input";
import { relevo } from "./attributes.ts";
import { genAi } from "./conventions.ts";
import type {
  Appended,
  DocumentsShape,
  KnowledgeShape,
  OpenTurnShape,
  RetentionShape,
  SessionShape,
  TenantShape,
  UserShape,
  WorkspaceShape,
} from "./memory-shapes.ts";
import type { Operation } from "./observe.ts";
import type { Streamed } from "./observe-stream.ts";
import type { Operations } from "./trace-port.ts";

/** Where a memory belongs, for its spans. */
export interface MemoryPlace {
  readonly tenant: string;
  readonly session?: string | undefined;
  readonly agent?: string | undefined;
  readonly user?: string | undefined;
  readonly workspace?: string | undefined;
}

/**
 * What spans say of the methods of a session. They are the level above the store's spans: those are the ones that
 * backends read as memory, so that nothing is counted twice.
 */
export function sessionOperations(place: SessionAddress): Operations<SessionShape> {
  const start = (span: Span): string => {
    span.setAttribute(relevo.tenant.name, place.tenant);
    return place.session;
  };
  const count = (span: Span, records: readonly unknown[]): void =>
    void span.setAttribute(genAi.memoryRecordCount, records.length);
  return {
    append: {
      name: "session.append",
      start(span, [, options]) {
        if (options?.fence !== undefined) span.setAttribute(relevo.fence.name, options.fence);
        return start(span);
      },
      end: (span, _, result) => endAppend(span, result),
    },
    messages: { name: "session.messages", start, end: (span, _, messages) => count(span, messages) },
    events: { name: "session.events", start, end: (span, _, { events }) => count(span, events) },
    view: {
      name: "session.view",
      start(span, [options]) {
        const { strategy } = options ?? {};
        if (strategy !== undefined) span.setAttribute(relevo.viewStrategy.name, strategy.name);
        return start(span);
      },
      end(span, _, { messages, dropped, summarized, compacted, tokens, stablePrefixTokens, version }) {
        // The conventions say `true` or nothing.
        if (compacted) span.setAttribute(genAi.conversationCompacted, true);
        span.setAttributes({
          [relevo.version.name]: version,
          [relevo.viewMessages.name]: messages.length,
          [relevo.viewDropped.name]: countRanges(dropped),
          [relevo.viewSummarized.name]: countRanges(summarized),
        });
        if (tokens !== undefined) span.setAttribute(relevo.viewTokens.name, tokens);
        if (stablePrefixTokens !== undefined)
          span.setAttribute(relevo.viewStableTokens.name, stablePrefixTokens);
      },
      measure({ viewMessages, viewTokens }, _, view) {
        if (view === undefined) return;
        viewMessages.add(view.messages.length, { [relevo.state.name]: "shown" });
        viewMessages.add(countRanges(view.dropped), { [relevo.state.name]: "dropped" });
        viewMessages.add(countRanges(view.summarized), { [relevo.state.name]: "summarized" });
        if (view.tokens !== undefined) viewTokens.add(view.tokens);
      },
    },
    undo: { name: "session.undo", start, end: (span, _, messages) => count(span, messages) },
    popMessage: { name: "session.pop_message", start },
    clear: { name: "session.clear", start },
    erase: {
      name: "session.erase",
      start,
      end: (span, _, { erased }) => void span.setAttribute(relevo.removed.name, erased.length),
    },
    trim: {
      name: "session.trim",
      start,
      end: (span, _, removed) => void span.setAttribute(relevo.removed.name, removed),
    },
    delete: { name: "session.delete", start },
    archive: { name: "session.archive", start },
    head: { name: "session.head", start },
    touch: { name: "session.touch", start },
    retract: { name: "session.retract", start, end: (span, _, messages) => count(span, messages) },
    replaceFrom: { name: "session.replace_from", start, end: (span, _, result) => endAppend(span, result) },
    forks: { name: "session.forks", start, end: (span, _, { items }) => count(span, items) },
    origin: { name: "session.origin", start },
    explain: { name: "session.explain", start },
    recordExecution: { name: "session.record_execution", start },
    activity: { name: "session.activity", start },
    lease: {
      name: "session.lease",
      start,
      end: (span, _, { fence }) => void span.setAttribute(relevo.fence.name, fence),
    },
  };
}

function endAppend(span: Span, { version, incarnation, replayed }: Appended): void {
  span.setAttribute(relevo.version.name, version);
  span.setAttribute(relevo.incarnation.name, incarnation);
  if (replayed) span.setAttribute(relevo.replayed.name, true);
}

/** The span of an answer that arrives in pieces. */
export function streamOperation({
  tenant,
  session,
}: SessionAddress): Operation<readonly unknown[], Streamed> {
  return {
    name: "session.stream",
    start(span) {
      span.setAttribute(relevo.tenant.name, tenant);
      return session;
    },
    end(span, _, { items, returned }) {
      span.setAttribute(relevo.streamed.name, items);
      if (returned !== undefined) endAppend(span, returned as Appended);
    },
  };
}

/** What spans say of the removal of what is not to be kept. */
export function retentionOperations(tenant: string): Operations<RetentionShape> {
  const start = (span: Span): undefined => describePlace(span, { tenant });
  const end = (span: Span, _: unknown, { documents }: { readonly documents: number }): void =>
    void span.setAttribute(relevo.removed.name, documents);
  return { plan: { name: "retention.plan", start }, apply: { name: "retention.apply", start, end } };
}

/** The span of an export, with the number of its lines. */
export function exportOperation(name: string, place: MemoryPlace): Operation<readonly unknown[], Streamed> {
  return {
    name,
    start: (span) => describePlace(span, place),
    end: (span, _, { items }) => void span.setAttribute(relevo.streamed.name, items),
  };
}

/** The span of a turn; whatever runs in the turn is inside. */
export function turnOperation(place: SessionAddress): Operation<readonly unknown[], unknown> {
  return {
    name: "session.turn",
    start(span) {
      span.setAttribute(relevo.tenant.name, place.tenant);
      return place.session;
    },
  };
}

/** What spans say of a turn that is ended by a call of its own. */
export function openTurnOperations({ tenant, session }: SessionAddress): Operations<OpenTurnShape> {
  const start = (span: Span): string => {
    span.setAttribute(relevo.tenant.name, tenant);
    return session;
  };
  return { commit: { name: "turn.commit", start }, abandon: { name: "turn.abandon", start } };
}

/** What spans say of the methods of a tenant. */
export function tenantOperations(id: string): Operations<TenantShape> {
  const start = (span: Span): undefined => {
    span.setAttribute(relevo.tenant.name, id);
  };
  const startSession = (span: Span, [session]: readonly [string, ...unknown[]]): string => {
    start(span);
    return session;
  };
  const end = (span: Span, _: unknown, { items }: { readonly items: readonly unknown[] }): void =>
    void span.setAttribute(genAi.memoryRecordCount, items.length);
  return {
    context: { name: "tenant.context", start },
    sessions: { name: "tenant.sessions", start, end },
    search: {
      name: "tenant.search",
      start,
      end(span, _, { hits, missing }) {
        if (missing.length > 0) span.setAttribute(relevo.recallMissing.name, missing.join());
        span.setAttribute(genAi.memoryRecordCount, hits.length);
        span.setAttribute(relevo.found.name, hits.length > 0);
      },
    },
    recalls: { name: "tenant.recalls", start, end },
    users: { name: "tenant.users", start, end },
    agents: { name: "tenant.agents", start, end },
    workspaces: { name: "tenant.workspaces", start, end },
    erase: { name: "tenant.erase", start },
    resumeErasures: { name: "tenant.resume_erasures", start },
    hold: { name: "tenant.hold", start },
    release: { name: "tenant.release", start },
    holds: { name: "tenant.holds", start, end },
    import: { name: "tenant.import", start },
    stats: {
      name: "tenant.stats",
      start,
      end: (span, _, { sessions }) => void span.setAttribute(genAi.memoryRecordCount, sessions),
    },
    archive: { name: "tenant.archive", start: startSession },
    restore: { name: "tenant.restore", start: startSession },
    archived: { name: "tenant.archived", start, end },
    archiveIdle: {
      name: "tenant.archive_idle",
      start,
      end: (span, _, { archived }) => void span.setAttribute(genAi.memoryRecordCount, archived.length),
    },
    executions: { name: "tenant.executions", start, end },
    retentionRecords: { name: "tenant.retention_records", start, end },
  };
}

/** What spans say of the methods of a collection of knowledge. */
export function knowledgeOperations(tenant: string): Operations<KnowledgeShape> {
  const start = (span: Span): undefined => {
    span.setAttribute(relevo.tenant.name, tenant);
  };
  const count = (span: Span, found: readonly unknown[]): void =>
    void span.setAttribute(genAi.memoryRecordCount, found.length);
  return {
    add: { name: "knowledge.add", start, end: (span, _, added) => count(span, added) },
    get: {
      name: "knowledge.get",
      start,
      end: (span, _, entry) => void span.setAttribute(relevo.found.name, entry !== undefined),
    },
    remove: {
      name: "knowledge.remove",
      start,
      end: (span, _, removed) => void span.setAttribute(relevo.removed.name, removed),
    },
    clear: {
      name: "knowledge.clear",
      start,
      end: (span, _, removed) => void span.setAttribute(relevo.removed.name, removed),
    },
    entries: { name: "knowledge.entries", start, end: (span, _, { items }) => count(span, items) },
    similar: {
      name: "knowledge.similar",
      start,
      end(span, _, { hits, missing }) {
        if (missing.length > 0) span.setAttribute(relevo.recallMissing.name, missing.join());
        count(span, hits);
      },
    },
  };
}

/** What spans say of the methods of a person beside those of a memory by key. */
export function userOperations(place: MemoryPlace): Operations<UserShape> {
  const start = (span: Span): undefined => describePlace(span, place);
  return {
    ...documentsOperations(place),
    sessions: {
      name: "user.sessions",
      start,
      end: (span, _, { items }) => void span.setAttribute(genAi.memoryRecordCount, items.length),
    },
    erase: { name: "user.erase", start },
  };
}

/** What spans say of the methods of a workspace beside those of a memory by key. */
export function workspaceOperations(place: MemoryPlace): Operations<WorkspaceShape> {
  const start = (span: Span): undefined => describePlace(span, place);
  const end = (span: Span, _: unknown, { items }: { readonly items: readonly unknown[] }): void =>
    void span.setAttribute(genAi.memoryRecordCount, items.length);
  return {
    ...documentsOperations(place),
    import: { name: "workspace.import", start },
    categories: { name: "workspace.categories", start, end },
    grant: { name: "workspace.grant", start },
    revoke: { name: "workspace.revoke", start },
    grants: { name: "workspace.grants", start, end },
    refusals: { name: "workspace.refusals", start, end },
  };
}

function describePlace(span: Span, { tenant, agent, user, workspace }: MemoryPlace): undefined {
  span.setAttribute(relevo.tenant.name, tenant);
  if (agent !== undefined) span.setAttribute(relevo.agent.name, agent);
  if (user !== undefined) span.setAttribute(relevo.user.name, user);
  if (workspace !== undefined) span.setAttribute(relevo.workspace.name, workspace);
}

/** What spans say of the methods of a memory by key. */
export function documentsOperations(place: MemoryPlace): Operations<DocumentsShape> {
  const startAll = (span: Span, tier: string | undefined): string | undefined => {
    describePlace(span, place);
    if (tier !== undefined) span.setAttribute(relevo.tier.name, tier);
    return place.session;
  };
  const startKey = (span: Span, key: string, tier: string | undefined): string | undefined => {
    span.setAttribute(relevo.key.name, key);
    return startAll(span, tier);
  };
  const recall = <Found>(name: string): Operation<[string, { readonly tier?: string }?], Found> => ({
    name,
    start: (span, [key, options]) => startKey(span, key, options?.tier),
    end: (span, _, value) => void span.setAttribute(relevo.found.name, value !== undefined),
    measure({ recalls }, _, value) {
      recalls.add(1, { [relevo.found.name]: value !== undefined });
    },
  });
  return {
    remember: {
      name: "memory.remember",
      start: (span, [key, , options]) => startKey(span, key, options?.tier),
      end: (span, _, { version }) => void span.setAttribute(relevo.documentVersion.name, version),
    },
    rememberMany: {
      name: "memory.remember_many",
      start: (span) => startAll(span, undefined),
      end: (span, _, entries) => void span.setAttribute(genAi.memoryRecordCount, entries.length),
    },
    history: {
      name: "memory.history",
      start: (span, [key]) => startKey(span, key, undefined),
      end: (span, _, values) => void span.setAttribute(genAi.memoryRecordCount, values.length),
    },
    diff: { name: "memory.diff", start: (span, [key]) => startKey(span, key, undefined) },
    revert: {
      name: "memory.revert",
      start: (span, [key]) => startKey(span, key, undefined),
      end: (span, _, { version }) => void span.setAttribute(relevo.documentVersion.name, version),
    },
    recall: recall("memory.recall"),
    entry: recall("memory.entry"),
    forget: { name: "memory.forget", start: (span, [key, options]) => startKey(span, key, options?.tier) },
    entries: {
      name: "memory.entries",
      start: (span, [options]) => startAll(span, options?.tier),
      end: (span, _, { items }) => void span.setAttribute(genAi.memoryRecordCount, items.length),
    },
    update: { name: "memory.update", start: (span, [key, , options]) => startKey(span, key, options?.tier) },
    clear: {
      name: "memory.clear",
      start: (span) => startAll(span, undefined),
      end: (span, _, removed) => void span.setAttribute(relevo.removed.name, removed),
    },
    recordOutcome: { name: "agent.record_outcome", start: (span) => startAll(span, undefined) },
    performance: {
      name: "agent.performance",
      start: (span) => startAll(span, undefined),
      end: (span, _, { total }) => void span.setAttribute(genAi.memoryRecordCount, total),
    },
    recommend: {
      name: "agent.recommend",
      start: (span) => startAll(span, undefined),
      end: (span, _, found) => void span.setAttribute(relevo.found.name, found !== undefined),
    },
    clearOutcomes: { name: "agent.clear_outcomes", start: (span) => startAll(span, undefined) },
  };
}
