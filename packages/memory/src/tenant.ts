import type {
  CallOptions,
  ListSessionsOptions,
  Page,
  PageOptions,
  RecallQuery,
  RecallResult,
  SessionHead,
} from "@relevo/core";
import {
  admitCall,
  admitChoice,
  admitDocumentAddress,
  admitFields,
  admitId,
  admitMetadata,
  admitNullableTtl,
  admitOptionalId,
  admitOptions,
  admitTenant,
  refuse,
} from "@relevo/core/input";
import type { AgentMemory } from "./agents/agent-memory.ts";
import { createAgent } from "./agents/create-agent.ts";
import {
  type ExecutionsOptions,
  type ExportExecutionsOptions,
  exportExecutions,
  listExecutions,
  type RecordedExecution,
} from "./agents/executions.ts";
import { archiveOne, type MoveAllOptions, restoreOne } from "./archive/archive-calls.ts";
import { archiveOf, type MovedSession } from "./archive/archive-session.ts";
import {
  type ArchivedSession,
  type ArchiveIdleOptions,
  type ArchiveIdleReport,
  archiveIdle,
  listArchive,
} from "./archive/list-archive.ts";
import { admitContextOptions } from "./context/admit-context.ts";
import { type ContextOptions, gatherContext, type MemoryContext } from "./context/context.ts";
import { refuseReserved } from "./entries/entry.ts";
import { erase, resume } from "./erasure/erase.ts";
import type { EraseOptions, EraseReport, EraseSelector, Hold, HoldSelector } from "./erasure/erase-report.ts";
import { runningJournals } from "./erasure/erasure-journal.ts";
import {
  admitHoldSelector,
  type HoldOptions,
  holdOptionFields,
  listHolds,
  releaseHold,
  setHold,
} from "./erasure/holds.ts";
import { createKnowledge } from "./knowledge/create-knowledge.ts";
import type { Knowledge } from "./knowledge/knowledge.ts";
import { pageFields, recallsFields, searchFields, sessionFields } from "./options.ts";
import { createUser } from "./people/create-user.ts";
import { listAgents, listUsers, listWorkspaces } from "./people/list-people.ts";
import type { User } from "./people/user.ts";
import { markerAddress } from "./people/user-guard.ts";
import { type ExportProgressOptions, exportData } from "./portability/export-data.ts";
import type { ExportSelector } from "./portability/export-format.ts";
import { type ImportOptions, type ImportReport, importData } from "./portability/import-data.ts";
import type { TextSource } from "./portability/split-lines.ts";
import { listRecalls } from "./recall/record-recall.ts";
import type { RecallsOptions, RecordedRecall } from "./recall/recorded-recall.ts";
import { searchIn } from "./recall/search.ts";
import type { RetentionPolicy } from "./retention/policy.ts";
import { listRecords, type RetentionRecord } from "./retention/reports.ts";
import { createRetention, type Retention } from "./retention/retention.ts";
import type { Runtime } from "./runtime.ts";
import { createSession } from "./session/create-session.ts";
import type { Session } from "./session/session.ts";
import { SessionHandle } from "./session/session-handle.ts";
import type { SessionOptions } from "./session/session-options.ts";
import { type StatsOptions, type TenantStats, tenantStats } from "./stats/tenant-stats.ts";
import { createSharedWorkspace, createWorkspace } from "./workspaces/create-workspace.ts";
import type { SharedMemory, Workspace } from "./workspaces/workspace.ts";

/** The sessions, people and agents of one tenant. Everything reached through it belongs to this tenant. */
export interface Tenant {
  readonly id: string;
  /**
   * A session by id, or a new one with a generated id (UUIDv7). Nothing is stored until the first write, which creates
   * the session with its subject and metadata.
   */
  session(id?: string, options?: SessionOptions): Session;
  /**
   * One page of the tenant's sessions, by `id` as UTF-8 bytes, or by the time of the last write with `order: "updated"`;
   * `direction: "backward"` begins with the greatest id, or with the newest. A session that is written while its list is
   * paged moves to the newest end.
   */
  sessions(options?: ListSessionsOptions): Promise<Page<SessionHead>>;
  /**
   * What this agent knows across sessions, and in `for(user)` what it keeps about one person. Nothing is stored until the
   * first write.
   */
  agent(name: string): AgentMemory;
  /** One page of the names of agents that keep something across sessions, in the order of their UTF-8 bytes. */
  agents(options?: PageOptions): Promise<Page<string>>;
  /** A person, by an id of the application. Nothing is stored until the first write. */
  user(id: string): User;
  /**
   * One page of the ids of people who have something here: a session that was created for them as its subject, a memory,
   * or notes of an agent. In the order of their UTF-8 bytes.
   */
  users(options?: PageOptions): Promise<Page<string>>;
  /** What several agents of the tenant know together, by a name. Nothing is stored until the first write. */
  workspace(name: string): Workspace;
  /** One page of the names of the workspaces, in the order of their UTF-8 bytes. */
  workspaces(options?: PageOptions): Promise<Page<string>>;
  /** A workspace of another tenant, as far as that has granted access to this one. Else its calls are `denied`. */
  sharedWorkspace(owner: string, name: string): SharedMemory;
  /**
   * Removes data for good: of a person, of a session with its forks, or documents of the application.
   *
   * It is written down before it begins. After a crash or an error the same call continues where it ended, as does
   * `resumeErasures`. Writes about a person that arrive meanwhile are refused or removed; those that arrive afterwards
   * start afresh. What is under a legal hold stays, and the report says so. It also names what no erasure here reaches.
   *
   * @throws `invalid-input` for a selector that is empty or names more than one thing; what the stores throw, after which
   *   the erasure is to be continued.
   */
  erase(selector: EraseSelector, options?: EraseOptions): Promise<EraseReport>;
  /** Continues the erasures that were begun and have not ended, and returns their reports. For the start of a process. */
  resumeErasures(options?: CallOptions): Promise<readonly EraseReport[]>;
  /** A legal hold: `erase` leaves the person, or the session, as it is. Other deletes are not held. */
  hold(selector: HoldSelector, options: HoldOptions): Promise<Hold>;
  /** Ends a hold. Returns false when there was none. */
  release(selector: HoldSelector, options?: CallOptions): Promise<boolean>;
  /** One page of the holds, in no particular order. */
  holds(options?: PageOptions): Promise<Page<Hold>>;
  /**
   * What was said or stored anywhere in the tenant and answers the query, best first.
   *
   * @throws `unsupported` without `createMemory({ recall })`; what the recall throws.
   */
  search(query: RecallQuery): Promise<RecallResult>;
  /**
   * One page of execution records: of an agent, of a session, of a time, or all, in the order in which they were recorded.
   * May lag on a cluster when it is asked for more than one session.
   */
  executions(options?: ExecutionsOptions): Promise<Page<RecordedExecution>>;
  /** The same as lines of JSON, each ended by a line feed: an audit trail to keep or to load elsewhere. */
  exportExecutions(options?: ExportExecutionsOptions): AsyncIterable<string>;
  /**
   * The data of the tenant, or of one person or session in it, as lines of JSON, each ended by a line feed: a header with the
   * version of the format, sessions with their events, operations and documents, documents that stand alone, and a last line
   * with counts. Every line has a checksum that covers all lines before it, and a text without the last one is not whole.
   * The same data make the same text, whichever store they are in.
   *
   * Reads pages, and holds one at a time. Each session is as it was when its first page was read; what is written meanwhile
   * elsewhere may be there or not. What is not in it: versions of documents that were deleted, operations of documents, marks
   * of erasures under way.
   *
   * @throws `invalid-input`; `unsupported` for a store that does not move data; `conflict`, retryable, when a session was
   *   trimmed while it was read; what the stores throw.
   */
  export(selector?: ExportSelector, options?: ExportProgressOptions): AsyncIterable<string>;
  /**
   * Writes what an export holds: sessions with their incarnation, `seq`, versions and times, and documents with theirs. What
   * is here just so is left alone, so that an import can be repeated, and one that ended early is continued by another of the
   * same text. A session is sealed until it is whole. Data that was erased after the export was made comes back.
   *
   * The text is checked line by line before anything of the line is written; `dryRun` checks all of it first.
   *
   * @throws `corrupt` with `details.line` for a text that was cut, changed or put in another order, or has what such an export
   *   cannot have; `unsupported` for the format of a later version; `conflict` when another session or a newer document is
   *   here, or the person is being erased; `history-lost` when a person was erased meanwhile, of whom nothing comes back then;
   *   `invalid-input`, also for an export of another tenant without `from`; what the stores throw.
   */
  import(source: TextSource, options?: ImportOptions): Promise<ImportReport>;
  /**
   * One page of the searches that were recorded, newest first: of a session, of those about a person, or of all others.
   * Empty without `createMemory({ recordRecalls })`.
   */
  recalls(options?: RecallsOptions): Promise<Page<RecordedRecall>>;
  /** Texts that all agents may be told, in the collection `default`; `knowledge.collection(name)` is another one. */
  readonly knowledge: Knowledge;
  /**
   * Moves a session, with its forks where `forks` says so, into the archive: with its events, operations and documents, their
   * versions and times, and without an idle lifetime. It is sealed meanwhile, and not found by `session`, `search` and
   * `context` afterwards; `export`, `erase` and legal holds reach it. A session that is made under the same id meanwhile is
   * another one.
   *
   * Safe to be called again after a crash or an error: one copy is complete at all times, and never both in use. An error
   * leaves the session in use, or sealed when the stores cannot say whether it was moved; then another call continues.
   *
   * @throws `not-found`; `unsupported` without an archive; `conflict` while a turn runs longer than `waitMs`, and while the
   *   person is being erased; `history-lost` when the session was ended meanwhile; what the stores throw.
   */
  archive(session: string, options?: MoveAllOptions): Promise<MovedSession>;
  /**
   * Moves a session back, with its forks where `forks` says so; each is then as it was, with its idle lifetime starting again. As safe as `archive`.
   *
   * @throws as `archive`; `conflict` when another session has taken its id.
   */
  restore(session: string, options?: MoveAllOptions): Promise<MovedSession>;
  /** One page of the archive, in the order of ids as UTF-8 bytes. */
  archived(options?: PageOptions): Promise<Page<ArchivedSession>>;
  /** Archives the sessions that were not written for a while, the longest idle first; what cannot be moved is reported. */
  archiveIdle(options: ArchiveIdleOptions): Promise<ArchiveIdleReport>;
  /**
   * What is not to be kept: `plan()` counts it, `apply()` removes it, or replaces it by a summary.
   *
   * @throws `invalid-input` for a policy that says nothing, would remove everything, or contradicts another one; `unsupported`
   *   to archive without an archive, or to summarize without a summarizer.
   */
  retention(policies: readonly RetentionPolicy[]): Retention;
  /** One page of what retention has done, newest first: by which policies how much was removed. */
  retentionRecords(options?: PageOptions): Promise<Page<RetentionRecord>>;
  /**
   * How much there is: sessions, messages, handoffs, executions, tokens, documents by kind and tier, people, agents, what is
   * active, what is archived. Counted from what changed since the last call of any process, so that the cost follows the
   * changes and not the data; `complete` and `asOf` say how fresh it is. A session from which something was removed is
   * counted again as a whole, and the documents of an owner (see `unitOf`) are listed when one of them changed. What has
   * expired counts until the store removes it.
   *
   * @throws `invalid-input`; `unsupported` when a store has no change feed; what the stores throw.
   */
  stats(options?: StatsOptions): Promise<TenantStats>;
  /** What an agent should know before it acts, gathered in one call. */
  context(options: ContextOptions): Promise<MemoryContext>;
}

const disposals = ["keep", "clear-working", "archive", "delete"] as const;

export function createTenant(runtime: Runtime, id: string): Tenant {
  const tenant: Tenant = {
    id,
    session(sessionId, given) {
      const options = admitOptions(given, sessionFields);
      const { limits } = runtime;
      const session = sessionId === undefined ? runtime.ids.next() : admitId(sessionId, "session", limits);
      const subject = admitOptionalId(options.subject, "subject", limits);
      // A person's memory has the id in its address, so that it must have room there: before anything is written.
      if (subject !== undefined) admitDocumentAddress(markerAddress(id, subject), limits);
      const { value: metadata } = admitMetadata(options.metadata, "metadata", limits);
      refuseReserved(metadata, "metadata");
      const handle = new SessionHandle(
        runtime,
        { tenant: id, session },
        {
          init: { ...(subject === undefined ? {} : { subject }), metadata },
          ttlMs: admitNullableTtl(options.ttlMs),
          incarnation: admitOptionalId(options.incarnation, "incarnation", limits),
        },
      );
      const onDispose = admitChoice(options.onDispose, "onDispose", disposals, "keep");
      if (onDispose === "archive") archiveOf(runtime);
      return createSession(handle, onDispose);
    },
    async sessions(options = {}) {
      runtime.requireOpen();
      return runtime.sessions.log.list(id, options);
    },
    agent: (name) => createAgent(runtime, id, admitId(name, "agent", runtime.limits)),
    async agents(given) {
      const options = admitOptions(given, pageFields);
      runtime.requireOpen();
      return listAgents(runtime, id, options);
    },
    user: (user) => createUser(runtime, id, admitId(user, "user", runtime.limits)),
    async users(given) {
      const options = admitOptions(given, pageFields);
      runtime.requireOpen();
      return listUsers(runtime, id, options);
    },
    workspace: (name) => createWorkspace(runtime, id, admitId(name, "workspace", runtime.limits)),
    async workspaces(given) {
      const options = admitOptions(given, pageFields);
      runtime.requireOpen();
      return listWorkspaces(runtime, id, options);
    },
    sharedWorkspace: (owner, name) =>
      createSharedWorkspace(runtime, id, {
        tenant: admitTenant(owner, runtime.limits),
        name: admitId(name, "workspace", runtime.limits),
      }),
    erase: (selector, options) => erase(runtime, id, selector, options),
    async resumeErasures(given) {
      const options = admitCall(given);
      runtime.requireOpen();
      const reports: EraseReport[] = [];
      for await (const journal of runningJournals(runtime, id, options))
        reports.push(await resume(runtime, id, journal, options));
      return reports;
    },
    async hold(given, givenOptions) {
      const selector = admitHoldSelector(runtime, given);
      const { reason, signal } = admitFields(givenOptions, "options", holdOptionFields);
      if (typeof reason !== "string" || reason === "")
        throw refuse("options.reason", "must be a text that says why.");
      runtime.requireOpen();
      return setHold(runtime, id, selector, reason, { signal });
    },
    async release(given, options) {
      const selector = admitHoldSelector(runtime, given);
      runtime.requireOpen();
      return releaseHold(runtime, id, selector, admitCall(options));
    },
    async holds(given) {
      const options = admitOptions(given, pageFields);
      runtime.requireOpen();
      return listHolds(runtime, id, options);
    },
    async search(given) {
      const query = admitFields(given, "query", searchFields);
      runtime.requireOpen();
      const result = await searchIn(runtime, id, query);
      runtime.uses?.noteFound(id, result.hits);
      return result;
    },
    executions: (options) => listExecutions(runtime, id, options),
    exportExecutions: (options) => exportExecutions(runtime, id, options),
    export: (selector = {}, options) => exportData(runtime, id, selector, options),
    import: (source, options) => importData(runtime, id, source, options),
    async recalls(given) {
      const options = admitOptions(given, recallsFields);
      runtime.requireOpen();
      return await listRecalls(runtime, id, options);
    },
    knowledge: createKnowledge(runtime, id, "default"),
    archive: (session, options) => archiveOne(runtime, id, session, options),
    restore: (session, options) => restoreOne(runtime, id, session, options),
    async archived(given) {
      const options = admitOptions(given, pageFields);
      runtime.requireOpen();
      return listArchive(runtime, id, options);
    },
    archiveIdle: (options) => archiveIdle(runtime, id, options),
    stats: (options) => tenantStats(runtime, id, options),
    retention: (policies) => createRetention(runtime, id, policies),
    async retentionRecords(given) {
      const options = admitOptions(given, pageFields);
      runtime.requireOpen();
      return listRecords(runtime, id, options);
    },
    async context(given) {
      const options = admitContextOptions(given);
      runtime.requireOpen();
      const { session, agent } = options;
      const found = typeof session === "string" ? tenant.session(session) : session;
      if (found !== undefined && typeof found?.address !== "object")
        throw refuse("session", "must be a session or the id of one.");
      if (found !== undefined && found.address.tenant !== id)
        throw refuse("session", "belongs to another tenant.");
      return gatherContext(
        runtime,
        id,
        {
          ...(found === undefined ? {} : { session: found }),
          ...(agent === undefined ? {} : { agent: tenant.agent(agent) }),
        },
        options,
      );
    },
  };
  return tenant;
}
