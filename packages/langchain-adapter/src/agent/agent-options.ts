import type { Provider, RecallQuery, RecallResult, ViewStrategy } from "@relevo/core";
import { defaultLimits } from "@relevo/core";
import {
  admitChoice,
  admitFields,
  admitId,
  admitInteger,
  admitRecallQuery,
  admitTenant,
  admitTtl,
  type FieldTable,
  fieldTable,
  maxTimerMs,
  recallKinds,
  refuse,
  requireObject,
} from "@relevo/core/input";
import {
  admitContextOptions,
  type ContextOptions,
  type ContextShares,
  type Memory,
  type SessionOptions,
} from "@relevo/memory";
import { providers } from "@relevo/messages";
import { missingTeller, warnOf } from "../missing-parts.ts";
import type { AgentHandoffs } from "./agent-handoffs.ts";

/** What a run of an agent says about itself. */
export interface AgentRunFacts {
  /** `thread_id` of the configuration. */
  readonly threadId: string | undefined;
  /** What the caller gave in `configurable`: the place for what your server knows of a request. */
  readonly configurable: Readonly<Record<string, unknown>>;
  /** The runtime context of LangGraph, that the caller gave as `context`; `{}` when there is none. */
  readonly context: Readonly<Record<string, unknown>>;
}

/** The session that a run belongs to. */
export interface AgentSession extends Pick<SessionOptions, "subject" | "metadata" | "ttlMs"> {
  /** The `tenant` of the options when left out. */
  readonly tenant?: string;
  /** The `thread_id` when left out. */
  readonly session?: string;
}

export interface AgentRecallOptions {
  /** At most so many hits; 5 when left out. */
  readonly limit?: number | undefined;
  /** At most so many tokens of the block, by an estimate; 1,000 when left out. */
  readonly maxTokens?: number | undefined;
  /** How many of the newest messages make the question; 6 when left out. */
  readonly messages?: number | undefined;
  /**
   * Narrows what is searched. Left out, the sessions of the person whom the session belongs to; of a session that belongs to
   * nobody, that session alone.
   */
  readonly query?: Omit<RecallQuery, "text" | "signal" | "limit"> | undefined;
}

/** Which of the memories that `tenant.context()` gathers are shown, and how many. */
export interface AgentContextOptions
  extends Pick<ContextOptions, "tags" | "entries" | "performance" | "maxTokens"> {
  /** Whose memories; what the agents of the session have kept in it when left out. */
  readonly agent?: string | undefined;
  /** At most so many tokens of all of them, as the memory counts; 2,000 when left out. */
  readonly maxTokens?: number | undefined;
  /** The share of each part in `maxTokens`; as `tenant.context()` divides it when left out. */
  readonly shares?: Omit<ContextShares, "volatile.messages" | "recalled"> | undefined;
}

export interface RelevoMemoryOptions {
  readonly memory: Memory;
  /** The tenant of all runs, unless `session` names another one. */
  readonly tenant?: string | undefined;
  /** Says which session a run belongs to, and to whom the session. The one with the `thread_id` when left out. */
  readonly session?: ((facts: AgentRunFacts) => AgentSession | Promise<AgentSession>) | undefined;
  /** Adds what was said before and fits, once for each run; needs a memory with a recall. Not when left out. */
  readonly recall?: AgentRecallOptions | boolean | undefined;
  /**
   * Adds what the agent, the person and the session remember, once for each run, as labelled data: durable memory at the end of
   * the system message, the rest in front of the newest question. Not when left out.
   */
  readonly context?: AgentContextOptions | boolean | undefined;
  /** Chooses what the model is shown; that of the memory when left out. */
  readonly view?: ViewStrategy | undefined;
  /** The API of the model, so that items which only it understands are shown; none are when left out. */
  readonly for?: Provider | undefined;
  /**
   * What happens when the memory fails: `fail`, the default, ends the run; `degrade` continues with the messages that the graph
   * has, or without `recall` and `context` when only they fail, and tells `onError`.
   */
  readonly onMemoryFailure?: "fail" | "degrade" | undefined;
  /** Told of failures under `degrade`, and of searches that had to do without a part. A process warning when left out. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** How long another run of the session may take before this one gives up; 60,000 when left out. */
  readonly waitMs?: number | undefined;
  /**
   * How long a run may be silent before its turn is taken to be over; 30,000 when left out. A model or a tool that works is not
   * silent, and a run that LangGraph has ended is not waited for: it ends the turn at once. An agent that has ended in a run that
   * goes on, because a node of the graph around it catches the error of its recursion limit, is.
   */
  readonly idleMs?: number | undefined;
  /** Shows and ends the handoffs to this agent, and lets `handoffTool` record; `createAgentHandoffs(…)`. */
  readonly handoffs?: AgentHandoffs | undefined;
}

export interface RecallSettings {
  readonly limit: number;
  readonly maxTokens: number;
  readonly messages: number;
  readonly query: AgentRecallOptions["query"];
}

export type ContextSettings = Omit<ContextOptions, "session" | "signal">;

export interface AgentSettings {
  readonly memory: Memory;
  readonly tenant: string | undefined;
  readonly session: RelevoMemoryOptions["session"];
  readonly recall: RecallSettings | undefined;
  readonly context: ContextSettings | undefined;
  readonly view: ViewStrategy | undefined;
  readonly for: Provider | undefined;
  readonly degrades: boolean;
  readonly onError: (error: unknown) => void;
  readonly tellMissing: (result: Pick<RecallResult, "missing">) => void;
  readonly waitMs: number;
  readonly idleMs: number;
  readonly handoffs: AgentHandoffs | undefined;
}

const fields: FieldTable = fieldTable<RelevoMemoryOptions>({
  memory: "selects",
  tenant: "refines",
  session: "refines",
  recall: "refines",
  context: "refines",
  view: "refines",
  for: "refines",
  onMemoryFailure: "refines",
  onError: "refines",
  waitMs: "refines",
  idleMs: "refines",
  handoffs: "refines",
});
const recallFields: FieldTable = fieldTable<AgentRecallOptions>({
  limit: "refines",
  maxTokens: "refines",
  messages: "refines",
  query: "refines",
});
const contextFields: FieldTable = fieldTable<AgentContextOptions>({
  agent: "refines",
  tags: "selects",
  entries: "refines",
  performance: "refines",
  maxTokens: "refines",
  shares: "refines",
});
const shareFields: FieldTable = fieldTable<NonNullable<AgentContextOptions["shares"]>>({
  "durable.agent": "refines",
  "durable.user": "refines",
  performance: "refines",
  "volatile.working": "refines",
  "volatile.agent": "refines",
});
const sessionFields: FieldTable = fieldTable<AgentSession>({
  tenant: "selects",
  session: "selects",
  subject: "selects",
  metadata: "refines",
  ttlMs: "refines",
});

/** What the caller's `session()` said. @throws `invalid-input` that names the field. */
export function admitAgentSession(given: AgentSession): AgentSession {
  const name = "session()";
  const admitted = admitFields(given, name, sessionFields);
  const { tenant, session, subject, metadata, ttlMs } = admitted;
  if (tenant !== undefined) admitTenant(tenant, defaultLimits, `${name}.tenant`);
  if (session !== undefined) admitId(session, `${name}.session`, defaultLimits);
  if (subject !== undefined) admitId(subject, `${name}.subject`, defaultLimits);
  if (metadata !== undefined) requireObject(metadata, `${name}.metadata`);
  admitTtl(ttlMs, `${name}.ttlMs`);
  return admitted;
}

const { text: _text, signal: _signal, limit: _limit, ...queryKinds } = recallKinds;
const queryFields: FieldTable = fieldTable<NonNullable<AgentRecallOptions["query"]>>(queryKinds);

/** @throws `invalid-input` that names the option. */
export function admitAgentOptions(given: RelevoMemoryOptions): AgentSettings {
  const options = admitFields(given, "options", fields);
  const { memory, tenant, session, recall, context, view, onError } = options;
  if (typeof memory?.tenant !== "function")
    throw refuse("options.memory", "must be a memory, such as createMemory({ store }).");
  if (view !== undefined && typeof view?.view !== "function")
    throw refuse("options.view", "must be a view, such as tokenBudget({ maxTokens }) of @relevo/truncation.");
  if (options.for !== undefined && !providers.includes(options.for))
    throw refuse("options.for", `must be one of ${providers.join(", ")}.`);
  if (options.handoffs !== undefined && typeof options.handoffs?.take !== "function")
    throw refuse("options.handoffs", "must be of createAgentHandoffs(createHandoffs({ … })).");
  for (const [name, value] of [
    ["session", session],
    ["onError", onError],
  ] as const)
    if (value !== undefined && typeof value !== "function")
      throw refuse(`options.${name}`, "must be a function.");
  if (tenant === undefined && session === undefined)
    throw refuse("options.tenant", "is missing. Name the tenant, or say it for each run in session().");
  return {
    memory,
    tenant: tenant === undefined ? undefined : admitTenant(tenant, defaultLimits, "options.tenant"),
    session,
    recall: admitRecall(recall),
    context: admitContext(context),
    view,
    for: options.for,
    degrades:
      admitChoice(options.onMemoryFailure, "options.onMemoryFailure", ["fail", "degrade"], "fail") ===
      "degrade",
    onError: onError ?? warnOf,
    tellMissing: missingTeller(onError),
    waitMs: admitNumber(options, "waitMs", 60_000, 0, maxTimerMs),
    handoffs: options.handoffs,
    idleMs: admitNumber(options, "idleMs", 30_000, 1, maxTimerMs),
  };
}

/** Null is no number: only what is left out has a default. */
function admitNumber<Name extends string>(
  options: { readonly [Key in Name]?: number | undefined },
  name: Name,
  otherwise: number,
  least: number,
  most?: number,
  of: string = "options",
): number {
  const value = options[name];
  return admitInteger(value === undefined ? otherwise : value, `${of}.${name}`, least, most);
}

function admitRecall(given: RelevoMemoryOptions["recall"]): AgentSettings["recall"] {
  if (given === undefined || given === false) return undefined;
  const name = "options.recall";
  const options = given === true ? {} : admitFields(given, name, recallFields);
  return {
    limit: admitNumber(options, "limit", 5, 1, 1000, name),
    maxTokens: admitNumber(options, "maxTokens", 1000, 1, undefined, name),
    messages: admitNumber(options, "messages", 6, 1, 1000, name),
    query: options.query === undefined ? undefined : admitAgentQuery(options.query, `${name}.query`),
  };
}

function admitAgentQuery(
  given: NonNullable<AgentRecallOptions["query"]>,
  name: string,
): AgentRecallOptions["query"] {
  const query = admitFields(given, name, queryFields);
  admitRecallQuery({ ...query, text: "" }, name);
  return query;
}

function admitContext(given: RelevoMemoryOptions["context"]): AgentSettings["context"] {
  if (given === undefined || given === false) return undefined;
  const name = "options.context";
  const { agent, shares, ...others } = given === true ? {} : admitFields(given, name, contextFields);
  const context = {
    ...others,
    ...(agent === undefined ? {} : { agent: admitId(agent, `${name}.agent`, defaultLimits) }),
    maxTokens: admitNumber(others, "maxTokens", 2000, 1, undefined, name),
    // The conversation is the view, and `recall` has tokens of its own.
    shares: {
      ...(shares === undefined ? {} : admitFields(shares, `${name}.shares`, shareFields)),
      "volatile.messages": 0,
      recalled: 0,
    },
    view: false,
    activity: 0,
  } as const;
  admitContextOptions(context, name);
  return context;
}
