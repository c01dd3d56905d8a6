import type { ListSessionsOptions, Page, SessionHead } from "@relevo/core";
import {
  admitChoice,
  admitFields,
  admitId,
  admitMetadata,
  admitNullableTtl,
  admitOptionalId,
  admitOptions,
  refuse,
} from "@relevo/core/input";
import type { AgentMemory } from "./agent-memory.ts";
import { type ContextOptions, gatherContext, type MemoryContext } from "./context.ts";
import { createSession } from "./create-session.ts";
import { contextFields, sessionFields } from "./options.ts";
import type { Runtime } from "./runtime.ts";
import type { Session, SessionOptions } from "./session.ts";
import { SessionHandle } from "./session-handle.ts";
import { TieredMemory } from "./tiered-memory.ts";

/** The sessions and agents of one tenant. Everything reached through it belongs to this tenant. */
export interface Tenant {
  readonly id: string;
  /**
   * A session by id, or a new one with a generated id (UUIDv7). Nothing is stored until the first write, which creates
   * the session with its subject and metadata.
   */
  session(id?: string, options?: SessionOptions): Session;
  /** One page of the tenant's sessions, in the order of their ids as UTF-8 bytes. */
  sessions(options?: ListSessionsOptions): Promise<Page<SessionHead>>;
  /** The memory of this agent across sessions. Nothing is stored until the first write. */
  agent(name: string): AgentMemory;
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
      const { value: metadata } = admitMetadata(options.metadata, "metadata", limits);
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
    agent: (name) => new TieredMemory(runtime, id, admitId(name, "agent", runtime.limits)),
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
