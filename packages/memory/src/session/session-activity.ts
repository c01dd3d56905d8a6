import type { CallOptions, HandoffStatus, JsonObject, StoredEvent } from "@relevo/core";
import { admitInteger, maxPageSize } from "@relevo/core/input";
import type { WorkingMemory } from "../agents/agent-memory.ts";
import { signalOf } from "../signal.ts";
import { readEvents } from "./read-events.ts";
import type { SessionHandle } from "./session-handle.ts";
import { addUsage, noUsage, type SessionUsage } from "./usage.ts";

export interface ActivityOptions extends CallOptions {
  /** The most events to count, newest first, which bounds the cost; 10,000 when left out. */
  readonly maxEvents?: number | undefined;
}

/** One handoff in its latest state. */
export interface HandoffActivity {
  readonly handoffId: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly status: HandoffStatus;
  readonly durationMs?: number;
}

/** What happened in a session. Names are sorted; retracted events are not counted, erased ones only in `events`. */
export interface SessionActivity {
  readonly session: string;
  readonly incarnation?: string;
  readonly subject?: string;
  readonly metadata: JsonObject;
  readonly version: number;
  /** False when there are older events than were counted. */
  readonly complete: boolean;
  /** How many events were counted. */
  readonly events: number;
  readonly messages: {
    readonly total: number;
    readonly byRole: Readonly<Record<string, number>>;
    /** Messages of an agent. */
    readonly byAgent: Readonly<Record<string, number>>;
  };
  /** Every agent that an event names, or that a handoff comes from or goes to. */
  readonly agents: readonly string[];
  readonly handoffs: {
    readonly total: number;
    readonly byStatus: Readonly<Record<string, number>>;
    /** In the order in which they started. */
    readonly list: readonly HandoffActivity[];
  };
  readonly executions: {
    readonly total: number;
    /** Each execution once, with its latest state. */
    readonly byStatus: Readonly<Record<string, number>>;
  };
  /** Of assistant messages with `metadata.usage`: `{ inputTokens, outputTokens, cachedInputTokens?, cost? }`. */
  readonly usage: SessionUsage;
  readonly working: {
    /** The first 1,000 keys of the working memory. */
    readonly keys: readonly string[];
    readonly complete: boolean;
  };
  readonly createdAt?: number;
  /** When the first and the last of the counted events were recorded, by the store's clock. */
  readonly firstAt?: number;
  readonly lastAt?: number;
  /** From the first to the last counted event; 0 when there is none, or when the store's clock went back. */
  readonly durationMs: number;
}

/** Reads the newest events backward and counts; the order of reading does not change the counts. */
export async function readActivity(
  handle: SessionHandle,
  working: WorkingMemory,
  options: ActivityOptions = {},
): Promise<SessionActivity> {
  const maxEvents =
    options.maxEvents === undefined ? 10_000 : admitInteger(options.maxEvents, "maxEvents", 1);
  const signal = signalOf(options);
  const head = await handle.head(signal);
  // One more than is counted, to find out whether there are older ones.
  const { version, events: found } = await readEvents(handle, {
    direction: "backward",
    limit: maxEvents + 1,
    ...signal,
  });
  const events = found.slice(0, maxEvents);
  const entries = await working.entries({ limit: maxPageSize, ...signal });
  const counts = countEvents(events.toReversed());
  const firstAt = events.at(-1)?.recordedAt;
  const lastAt = events[0]?.recordedAt;
  return {
    session: handle.address.session,
    ...(head === undefined ? {} : { incarnation: head.incarnation, createdAt: head.createdAt }),
    ...(head?.subject === undefined ? {} : { subject: head.subject }),
    metadata: head?.metadata ?? {},
    version,
    complete: found.length <= maxEvents,
    events: events.length,
    ...counts,
    working: { keys: entries.items.map((entry) => entry.key), complete: entries.cursor === undefined },
    ...(firstAt === undefined ? {} : { firstAt }),
    ...(lastAt === undefined ? {} : { lastAt }),
    durationMs: firstAt === undefined || lastAt === undefined ? 0 : Math.max(0, lastAt - firstAt),
  };
}

function countEvents(
  events: readonly StoredEvent[],
): Pick<SessionActivity, "messages" | "agents" | "handoffs" | "executions" | "usage"> {
  const byRole = new Map<string, number>();
  const byAgent = new Map<string, number>();
  const agents = new Set<string>();
  const handoffs = new Map<string, HandoffActivity>();
  const executions = new Map<string, string>();
  const usage = noUsage();
  let messages = 0;
  for (const event of events) {
    if (event.erasedAt !== undefined) continue;
    if (event.agent !== undefined) agents.add(event.agent);
    if (event.type === "message") {
      messages++;
      increment(byRole, event.body.role);
      if (event.body.role === "assistant") addUsage(usage, event.body);
      if (event.agent !== undefined) increment(byAgent, event.agent);
    } else if (event.type === "handoff") {
      const { handoffId, from, to, reason, status, durationMs } = event.body;
      agents.add(from).add(to);
      const duration = durationMs === undefined ? {} : { durationMs };
      handoffs.set(handoffId, { handoffId, from, to, reason, status, ...duration });
    } else if (event.type === "execution") {
      executions.set(event.body.executionId, event.body.status);
    }
  }
  return {
    messages: { total: messages, byRole: sorted(byRole), byAgent: sorted(byAgent) },
    agents: [...agents].sort(),
    handoffs: {
      total: handoffs.size,
      byStatus: tally([...handoffs.values()].map(({ status }) => status)),
      list: [...handoffs.values()],
    },
    usage,
    executions: { total: executions.size, byStatus: tally([...executions.values()]) },
  };
}

function tally(names: readonly string[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const name of names) increment(counts, name);
  return sorted(counts);
}

function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** `Object.fromEntries` makes own properties: an agent named `__proto__` is counted like any other. */
function sorted(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
