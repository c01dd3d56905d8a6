import {
  type CallOptions,
  type FindOptions,
  MemoryError,
  type Message,
  type Page,
  type View,
} from "@relevo/core";
import { historyLost, refuse } from "@relevo/core/input";
import type { AgentMemory } from "../agents/agent-memory.ts";
import type { AgentPerformance } from "../agents/outcome.ts";
import { entryOf, type MemoryEntry, madeInTag } from "../entries/entry.ts";
import { namespaces, userMemoryNamespace, userNamespace } from "../namespaces.ts";
import { type RecalledContext, recallForTask } from "../recall/recall-for-task.ts";
import type { Runtime } from "../runtime.ts";
import type { Session } from "../session/session.ts";
import type { SessionActivity } from "../session/session-activity.ts";
import type { ViewOptions } from "../session/session-options.ts";
import {
  admitAllowance,
  type ContextBudget,
  type ContextShares,
  contextBudget,
  fitGathered,
} from "./fit-context.ts";
import { byteCounter, promptCounter } from "./prompt-counters.ts";

/** How the conversation of a context is shown: as by `session.view`. */
export type ContextView = Omit<ViewOptions, "within" | "signal">;

export interface ContextOptions extends CallOptions {
  /** The session: its object or its id. */
  readonly session?: Session | string;
  /** The name of the agent. Left out: every agent of the session. */
  readonly agent?: string;
  /**
   * Limits `durable.agent` to memories with any, or all, of these tags; all memories when left out. Volatile memories
   * are not filtered.
   */
  readonly tags?: NonNullable<FindOptions["tags"]>;
  /**
   * How the conversation is shown: as `session.view` shows it with these options, and with the memory's strategy when left
   * out; `false` leaves it out. Its newest page is read with the other parts, which say how much of it there is room for.
   */
  readonly view?: ContextView | false | undefined;
  /** The most memories in each list; 100 when left out, at most 1,000. */
  readonly entries?: number | undefined;
  /**
   * What the agent is about to do, as a text: what fits it is recalled. In a session of a person that is what belongs to the
   * person and what belongs to everybody, else anything of the tenant. Nothing is recalled when left out.
   */
  readonly task?: string | undefined;
  /** How many texts to recall for the task; 5 when left out. */
  readonly recalled?: number | undefined;
  /**
   * The most tokens of their block, as the memory's counter counts them; 1,000 when left out, or their share of `maxTokens`,
   * which is never exceeded.
   */
  readonly recalledTokens?: number | undefined;
  /** Over how many of the newest events the activity is counted, which are read for it; none when left out. */
  readonly activity?: number | undefined;
  /** Also tells how well the agent does, and by which strategy. False when left out; only with an agent. */
  readonly performance?: boolean | undefined;
  /**
   * The most tokens of what `renderContext` makes of the context, as the memory's counter counts its pieces (a token for
   * each three bytes of UTF-8 without a counter). What does not fit is left out and named in `budget`: old messages, and
   * memories that were not written for the longest time. Activity is not part of it. Not bounded when left out.
   * `budget-exceeded` when not even the newest turn fits into what the other parts leave.
   */
  readonly maxTokens?: number | undefined;
  /**
   * The share of each part in `maxTokens`. No part takes more, so that what is recalled never changes durable memory and
   * with it the cached start of the prompt; messages alone take what the others leave.
   */
  readonly shares?: ContextShares | undefined;
}

/** What an agent should know before it acts; short-lived and lasting memory are separate. */
export interface MemoryContext {
  readonly tenant: string;
  readonly session?: string;
  readonly agent?: string;
  /** Memory that ends with the session or is in the volatile tier. */
  readonly volatile: {
    /** The conversation, oldest first: the messages of `view`. */
    readonly messages: readonly Message[];
    readonly working: readonly MemoryEntry[];
    /** The agent's notes in this session, then its volatile memory across sessions, each key once. */
    readonly agent: readonly MemoryEntry[];
  };
  /** Memory that outlives the session. */
  readonly durable: {
    /** The agent's durable memory; without an agent, what any agent learned in this session. */
    readonly agent: readonly MemoryEntry[];
    /**
     * About the person that the session belongs to: the person's durable memory, then what the agent keeps about the person;
     * without an agent what any agent does.
     */
    readonly user: readonly MemoryEntry[];
  };
  /** How the conversation was chosen: what is summarized and dropped, and notices. There with a session and its conversation. */
  readonly view?: View;
  readonly activity?: SessionActivity;
  /** How the agent's work ended, in all sessions; there when `performance` asked for it. */
  readonly performance?: AgentPerformance;
  /**
   * What fits the task, there when one was given: as a block for the prompt, escaped and labelled, with the texts in it and
   * those that did not fit. Never with messages that are shown above. Texts of others: put the block where it is
   * no instruction, after the part of the prompt that a provider caches and before the newest turn.
   */
  readonly recalled?: RecalledContext;
  /** What each part costs, and what did not fit; there when `maxTokens` was given. */
  readonly budget?: ContextBudget;
  /** Names of the lists above that are incomplete, such as `durable.agent`; read the rest through `entries`. */
  readonly incomplete: readonly string[];
}

/** Gathers what a session and an agent know. The parts are read concurrently, not as of one moment. */
export async function gatherContext(
  runtime: Runtime,
  tenant: string,
  parts: { readonly session?: Session; readonly agent?: AgentMemory },
  options: ContextOptions,
): Promise<MemoryContext> {
  const { session, agent } = parts;
  if (session === undefined && agent === undefined)
    throw refuse("options", "must name a session, an agent, or both.");
  const call = { limit: options.entries ?? 100, signal: options.signal };
  const durableCall = { ...call, ...(options.tags === undefined ? {} : { tags: options.tags }) };
  const activityEvents = options.activity ?? 0;
  const { task, recalled: texts = 5, recalledTokens, signal } = options;
  const allowance = admitAllowance(options.maxTokens, options.shares);
  const { performance: isAsked = false, maxTokens, view: choice = {} } = options;
  const viewOptions = choice === false ? undefined : choice;
  const counter = promptCounter(runtime.counter ?? byteCounter);
  const reading = Promise.all([
    session?.working.entries(call) ?? nothing,
    session === undefined ? nothing : agentsInSession(runtime, session, agent, call),
    agent?.entries({ ...call, tier: "volatile" }) ?? nothing,
    agent?.entries({ ...durableCall, tier: "durable" }) ??
      learnedIn(runtime, tenant, session?.id, durableCall),
    session === undefined ? nothing : aboutUser(runtime, session, agent?.name, durableCall),
    session === undefined || activityEvents === 0
      ? undefined
      : session.activity({ maxEvents: activityEvents, signal: options.signal }),
    isAsked ? agent?.performance({ signal: options.signal }) : undefined,
  ]).then(([working, inSession, volatile, durable, user, activity, performance]) => {
    const noted = new Set(inSession.items.map((entry) => entry.key));
    const gathered = {
      volatile: {
        working: working.items,
        agent: [...inSession.items, ...volatile.items.filter((entry) => !noted.has(entry.key))],
      },
      durable: { agent: durable.items, user: user.items },
      performance,
    };
    return { pages: { working, inSession, volatile, durable, user }, activity, gathered };
  });
  const fitting = allowance && reading.then(({ gathered }) => fitGathered(counter, gathered, allowance));
  // The newest messages are read meanwhile; how many of them are shown depends on what the other parts leave.
  const within = fitting?.then((fitted) => fitted.within);
  // A view that fails before it asks for it leaves it to nobody.
  within?.catch(() => undefined);
  const showing = viewOptions && session?.view({ ...viewOptions, signal, ...(within && { within }) });
  const [{ pages, activity, gathered }, bounded, view] = await Promise.all([
    reading,
    fitting,
    allowance === undefined ? showing : showing?.catch(sayWhatIsLeft(maxTokens)),
  ]);
  const { working, inSession, volatile, durable, user } = pages;
  const lists: readonly (readonly [string, Page<MemoryEntry>])[] = [
    ["volatile.working", working],
    ["volatile.agent", inSession],
    ["volatile.agent", volatile],
    ["durable.agent", durable],
    ["durable.user", user],
  ];
  const cut = lists.filter(([, page]) => page.cursor !== undefined).map(([name]) => name);
  const fitted = bounded ?? gathered;
  const share = allowance?.parts.recalled;
  const recalled =
    task === undefined
      ? undefined
      : await recallForTask(runtime, tenant, session, {
          task,
          texts,
          maxTokens: Math.max(
            1,
            Math.min(recalledTokens ?? share ?? 1000, share ?? Number.POSITIVE_INFINITY),
          ),
          shown: view?.seqs.flatMap((seq) => (seq === undefined ? [] : [{ seq }])) ?? [],
          user: session && (await subjectOf(session, signal)),
          signal,
        });
  return {
    tenant,
    ...(session === undefined ? {} : { session: session.id }),
    ...(agent === undefined ? {} : { agent: agent.name }),
    volatile: { messages: view?.messages ?? [], ...fitted.volatile },
    durable: fitted.durable,
    ...(view === undefined ? {} : { view }),
    ...(activity === undefined ? {} : { activity }),
    ...(fitted.performance === undefined ? {} : { performance: fitted.performance }),
    ...(recalled === undefined ? {} : { recalled }),
    ...(allowance === undefined || bounded === undefined
      ? {}
      : { budget: contextBudget(counter, allowance, bounded, view, recalled) }),
    incomplete: [...new Set(cut)],
  };
}

/** Says in the terms of a context that its conversation does not fit. */
function sayWhatIsLeft(maxTokens: number | undefined): (error: unknown) => never {
  return (error) => {
    if (!MemoryError.isInstance(error, "budget-exceeded")) throw error;
    throw new MemoryError(
      "budget-exceeded",
      `Of ${maxTokens} tokens the other parts leave too few for the conversation. ${error.message} Allow more tokens, or ` +
        "give the other parts a smaller share.",
      { details: error.details, cause: error },
    );
  };
}

const nothing: Page<MemoryEntry> = { items: [] };

type ListOptions = Pick<FindOptions, "tags"> & { readonly limit: number } & CallOptions;

async function agentsInSession(
  runtime: Runtime,
  session: Session,
  agent: AgentMemory | undefined,
  options: ListOptions,
): Promise<Page<MemoryEntry>> {
  if (agent !== undefined) return session.agent(agent.name).entries({ ...options, tier: "volatile" });
  const page = await runtime.sessions.documents.find(session.address, {
    ...options,
    namespacePrefix: namespaces.sessionAgents,
  });
  const seen = page.items[0]?.incarnation;
  if (session.incarnation !== undefined && seen !== undefined && seen !== session.incarnation)
    throw historyLost("ended");
  return {
    items: page.items.map((document) => entryOf(document, "volatile", document.namespace.at(-1))),
    ...(page.cursor === undefined ? {} : { cursor: page.cursor }),
  };
}

async function learnedIn(
  runtime: Runtime,
  tenant: string,
  session: string | undefined,
  options: ListOptions,
): Promise<Page<MemoryEntry>> {
  if (session === undefined) return nothing;
  const page = await runtime.durable.documents.find(
    { tenant },
    {
      ...options,
      namespacePrefix: [...namespaces.agents, "durable"],
      tags: { ...options.tags, all: [...(options.tags?.all ?? []), madeInTag(session)] },
    },
  );
  return {
    items: page.items.map((document) => entryOf(document, "durable", document.namespace.at(-1))),
    ...(page.cursor === undefined ? {} : { cursor: page.cursor }),
  };
}

async function aboutUser(
  runtime: Runtime,
  session: Session,
  agent: string | undefined,
  options: ListOptions,
): Promise<Page<MemoryEntry>> {
  const user = await subjectOf(session, options.signal);
  if (user === undefined) return nothing;
  const { documents } = runtime.durable;
  const scope = { tenant: session.address.tenant };
  const notes = [...userNamespace(user), "agents", "durable", ...(agent === undefined ? [] : [agent])];
  const [own, kept] = await Promise.all([
    documents.find(scope, { ...options, namespace: userMemoryNamespace(user, "durable") }),
    documents.find(scope, { ...options, namespacePrefix: notes }),
  ]);
  const cursor = own.cursor ?? kept.cursor;
  return {
    items: [
      ...own.items.map((document) => entryOf(document, "durable")),
      ...kept.items.map((document) => entryOf(document, "durable", document.namespace.at(-1))),
    ],
    ...(cursor === undefined ? {} : { cursor }),
  };
}

/** @throws `denied` for a session object that was opened for another person. */
async function subjectOf(session: Session, signal: AbortSignal | undefined): Promise<string | undefined> {
  try {
    return await session.user.id({ signal });
  } catch (error) {
    if (MemoryError.isInstance(error, "not-found")) return undefined;
    throw error;
  }
}
