import { SpanKind } from "@opentelemetry/api";
import { admitOptions, type FieldTable, fieldTable, refuse } from "@relevo/core/input";
import { withConversationId } from "./conversation.ts";
import {
  documentsOperations,
  exportOperation,
  knowledgeOperations,
  type MemoryPlace,
  openTurnOperations,
  retentionOperations,
  sessionOperations,
  streamOperation,
  tenantOperations,
  turnOperation,
  userOperations,
  workspaceOperations,
} from "./memory-operations.ts";
import type {
  AgentShape,
  DocumentsShape,
  KnowledgeShape,
  MemoryShape,
  OpenTurnShape,
  SessionShape,
  SharedShape,
  TenantShape,
  UserShape,
  WorkspaceShape,
} from "./memory-shapes.ts";
import { type Operation, observe, type PortSpans, prepareOperation } from "./observe.ts";
import { observeStream, type Streamed } from "./observe-stream.ts";
import { Telemetry, telemetryKinds } from "./telemetry.ts";
import type { TelemetryOptions } from "./telemetry-options.ts";
import { type Operations, tracePort, withMembers } from "./trace-port.ts";

const fields: FieldTable = fieldTable<TelemetryOptions>(telemetryKinds);
const common: PortSpans = { kind: SpanKind.INTERNAL };

/**
 * The same memory with a span for each call of its tenants, sessions and agents, such as `relevo.session.view` and
 * `relevo.memory.recall`. What a call does inside belongs to the session's conversation; the session that a turn passes
 * on is traced too. `currentSession()` returns the session without spans of its own.
 *
 * Backends draw memory from the spans of `traceStore`, which belong below these: trace the store that the memory is made
 * of, and the memory.
 *
 * @throws `invalid-input` that names the option.
 * @example
 * ```ts
 * const memory = traceMemory(createMemory({ store: traceStore(store) }));
 * ```
 */
export function traceMemory<Traced extends { tenant(id: string): object }>(
  memory: Traced,
  given: TelemetryOptions = {},
): Traced {
  if (typeof memory?.tenant !== "function") throw refuse("memory", "must have a function tenant().");
  const telemetry = new Telemetry(admitOptions(given, fields));
  // Only what is there is looked at: a memory may have less, and it may have more, which stays as it is.
  const shape = memory as unknown as MemoryShape;
  return withMembers(memory, { tenant: (id: string) => traceTenant(telemetry, shape.tenant(id)) });
}

function traceTenant(telemetry: Telemetry, tenant: TenantShape): TenantShape {
  const { id } = tenant;
  const traced = traceStreams(telemetry, tracePort(telemetry, tenant, tenantOperations(id), common), {
    export: exportOperation("tenant.export", { tenant: id }),
    exportExecutions: exportOperation("tenant.export_executions", { tenant: id }),
  });
  const { knowledge } = tenant;
  return withMembers(traced, {
    retention: (policies: never) => {
      const found = tenant.retention?.(policies);
      return found && tracePort(telemetry, found, retentionOperations(id), common);
    },
    knowledge: knowledge && traceKnowledge(telemetry, knowledge, id),
    session: (...args: Parameters<TenantShape["session"]>) =>
      traceSession(telemetry, tenant.session(...args)),
    agent: (name: string) => traceAgentMemory(telemetry, tenant.agent(name), { tenant: id, agent: name }),
    user: (user: string) => {
      const found = tenant.user?.(user);
      return found && traceUser(telemetry, found, { tenant: id, user });
    },
    workspace: (workspace: string) => {
      const found = tenant.workspace?.(workspace);
      return found && traceWorkspace(telemetry, found, { tenant: id, workspace });
    },
    sharedWorkspace: (owner: string, workspace: string) => {
      const found = tenant.sharedWorkspace?.(owner, workspace);
      return found && traceShared(telemetry, found, { tenant: owner, workspace });
    },
  });
}

function traceWorkspace(telemetry: Telemetry, workspace: WorkspaceShape, place: MemoryPlace): WorkspaceShape {
  return withMembers(tracePort(telemetry, workspace, workspaceOperations(place), common), {
    as: (actor: never) => traceShared(telemetry, workspace.as(actor), place),
  });
}

function traceShared(telemetry: Telemetry, memory: SharedShape, place: MemoryPlace): SharedShape {
  return tracePort<SharedShape>(telemetry, memory, workspaceOperations(place), common);
}

function traceUser(telemetry: Telemetry, user: UserShape, place: MemoryPlace): UserShape {
  return traceStreams(telemetry, tracePort(telemetry, user, userOperations(place), common), {
    export: exportOperation("user.export", place),
  });
}

type StreamMethod = (...args: never[]) => AsyncIterable<unknown>;

/** The port with spans for its methods that pass items on one by one. */
function traceStreams<Port extends object>(
  telemetry: Telemetry,
  port: Port,
  operations: { readonly [Name in keyof Port]?: Operation<readonly unknown[], Streamed> },
): Port {
  const methods: { [name: string]: StreamMethod } = {};
  const named = Object.entries(
    operations as { readonly [name: string]: Operation<readonly unknown[], Streamed> },
  );
  for (const [name, operation] of named) {
    const method: unknown = Reflect.get(port, name);
    if (typeof method !== "function") continue;
    const prepared = prepareOperation(operation, common);
    methods[name] = (...args) =>
      observeStream(telemetry, prepared, args, (method as StreamMethod).apply(port, args));
  }
  return withMembers(port, methods);
}

function traceKnowledge(telemetry: Telemetry, knowledge: KnowledgeShape, tenant: string): KnowledgeShape {
  return withMembers(tracePort(telemetry, knowledge, knowledgeOperations(tenant), common), {
    collection: (name: string) => traceKnowledge(telemetry, knowledge.collection(name), tenant),
  });
}

function traceSession(telemetry: Telemetry, session: SessionShape): SessionShape {
  const place = session.address;
  const turn = prepareOperation(entering(turnOperation(place), place.session), common);
  const begin: Operation<[options?: never], OpenTurnShape> = {
    ...turnOperation(place),
    name: "session.begin_turn",
    wrap: (open) =>
      withMembers(tracePort(telemetry, open, openTurnOperations(place), common), {
        session: traceSession(telemetry, open.session),
      }),
  };
  const fork: Operation<[options?: never], SessionShape> = {
    ...turnOperation(place),
    name: "session.fork",
    wrap: (made) => traceSession(telemetry, made),
  };
  const operations: Operations<SessionShape> = { ...sessionOperations(place), beginTurn: begin, fork };
  const { user } = session;
  const traced = tracePort(telemetry, session, inConversation(operations, place.session), common);
  const stream = entering(streamOperation(place), place.session);
  return withMembers(traceStreams(telemetry, traced, { stream }), {
    working: traceDocuments(telemetry, session.working, place),
    user: user && traceDocuments(telemetry, user, place),
    agent: (name: string) => traceAgentMemory(telemetry, session.agent(name), { ...place, agent: name }),
    turn: (work: Parameters<SessionShape["turn"]>[0], ...rest: [never?]) =>
      observe(telemetry, turn, [], () =>
        session.turn((inner, ...signals) => work(traceSession(telemetry, inner), ...signals), ...rest),
      ),
  });
}

function traceAgentMemory(telemetry: Telemetry, agent: AgentShape, place: MemoryPlace): AgentShape {
  return withMembers(traceDocuments(telemetry, agent, place), {
    for: (user: unknown) => {
      const notes = agent.for?.(user);
      const named = typeof user === "string" ? { ...place, user } : place;
      return notes && traceDocuments(telemetry, notes, named);
    },
  });
}

function traceDocuments<Documents extends DocumentsShape>(
  telemetry: Telemetry,
  documents: Documents,
  place: MemoryPlace,
): Documents {
  const operations = documentsOperations(place);
  const { session } = place;
  return tracePort<DocumentsShape>(
    telemetry,
    documents,
    session === undefined ? operations : inConversation(operations, session),
    common,
  ) as Documents;
}

/** What runs inside these operations belongs to the conversation, such as an agent's lasting memory. */
function inConversation<Port>(operations: Operations<Port>, id: string): Operations<Port> {
  const named = Object.entries(operations as { readonly [name: string]: Operation<unknown[], unknown> });
  return Object.fromEntries(
    named.map(([name, operation]) => [name, entering(operation, id)]),
  ) as Operations<Port>;
}

function entering<Args extends readonly unknown[], Result>(
  operation: Operation<Args, Result>,
  id: string,
): Operation<Args, Result> {
  return { ...operation, enter: (active) => withConversationId(active, id) };
}
