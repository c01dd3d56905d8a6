import type {
  CallOptions,
  ListSessionsOptions,
  Page,
  PageOptions,
  RecallHit,
  RecallQuery,
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
  refuse,
} from "@relevo/core/input";
import type { AgentMemory } from "./agent-memory.ts";
import { type ContextOptions, gatherContext, type MemoryContext, recallIn } from "./context.ts";
import { createAgent } from "./create-agent.ts";
import { createSession } from "./create-session.ts";
import { createUser } from "./create-user.ts";
import { refuseReserved } from "./entry.ts";
import { erase, resume } from "./erase.ts";
import type { EraseOptions, EraseReport, EraseSelector, Hold, HoldSelector } from "./erase-report.ts";
import { runningJournals } from "./erasure-journal.ts";
import {
  admitHoldSelector,
  type HoldOptions,
  holdOptionFields,
  listHolds,
  releaseHold,
  setHold,
} from "./holds.ts";
import { listAgents, listUsers } from "./list-people.ts";
import { contextFields, pageFields, searchFields, sessionFields } from "./options.ts";
import type { Runtime } from "./runtime.ts";
import type { Session } from "./session.ts";
import { SessionHandle } from "./session-handle.ts";
import type { SessionOptions } from "./session-options.ts";
import type { User } from "./user.ts";
import { markerAddress } from "./user-guard.ts";

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
  /**
   * Removes data for good: of a person, of a session with its forks, or documents of the application.
   *
   * It is written down before it begins. After a crash or an error the same call goes on where it ended, as does
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
  search(query: RecallQuery): Promise<readonly RecallHit[]>;
  /** What an agent should know before it acts, gathered in one call. */
  context(options: ContextOptions): Promise<MemoryContext>;
}

const disposals = ["keep", "clear-working", "delete"] as const;

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
      return createSession(handle, admitChoice(options.onDispose, "onDispose", disposals, "keep"));
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
      return await recallIn(runtime, id, query);
    },
    async context(given) {
      const options = admitFields(given, "options", contextFields);
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
