import type { CallOptions, HandoffStatus, JsonObject, Message, StoredEvent } from "@relevo/core";
import { admitInteger, maxPageSize } from "@relevo/core/input";
import type { WorkingMemory } from "../agents/agent-memory.ts";
import { signalOf } from "../signal.ts";
import { type EventsAt, readEvents } from "./read-events.ts";
import type { SessionHandle } from "./session-handle.ts";
import { addUsage, noUsage, type SessionUsage } from "./usage.ts";

export interface ActivityOptions extends CallOptions {
  /**
   * The most events to read, newest first, which bounds the cost; 10,000 when left out. A later call on the same session
   * object reads what is new and counts on.
   */
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

/** A call of a tool without a result so far. */
export interface OpenCall {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly agent?: string;
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
  /** In the order in which they were made. */
  readonly openCalls: readonly OpenCall[];
  /** Until when the lease of the turn under way is held, unless it is renewed, by the store's clock; absent without one. */
  readonly turnUntil?: number;
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

/**
 * Counts the events of one session. Reads the newest backward first, and afterwards only what is new, so that a session under
 * way can be looked at every second. After a removal, and for another bound, it reads again.
 */
export class ActivityReader {
  #counts: ActivityCounts | undefined;
  /** Calls count one after the other. */
  #tail: Promise<unknown> = Promise.resolve();

  async read(
    handle: SessionHandle,
    working: WorkingMemory,
    options: ActivityOptions = {},
  ): Promise<SessionActivity> {
    const maxEvents =
      options.maxEvents === undefined ? 10_000 : admitInteger(options.maxEvents, "maxEvents", 1);
    const signal = signalOf(options);
    const head = await handle.head(signal);
    const counting = this.#tail.then(() => this.#count(handle, maxEvents, signal));
    this.#tail = counting.catch(() => undefined);
    const counts = await counting;
    const [entries, lease] = await Promise.all([
      working.entries({ limit: maxPageSize, ...signal }),
      handle.store.leases?.holder(handle.address, signal),
    ]);
    return {
      session: handle.address.session,
      ...(head === undefined ? {} : { incarnation: head.incarnation, createdAt: head.createdAt }),
      ...(head?.subject === undefined ? {} : { subject: head.subject }),
      metadata: head?.metadata ?? {},
      ...counts,
      working: { keys: entries.items.map((entry) => entry.key), complete: entries.cursor === undefined },
      ...(lease === undefined ? {} : { turnUntil: lease.expiresAt }),
    };
  }

  async #count(handle: SessionHandle, maxEvents: number, signal: CallOptions): Promise<ActivityReport> {
    const before = this.#counts;
    if (before !== undefined && before.maxEvents === maxEvents) {
      const found = await readEvents(handle, { after: before.version, limit: maxEvents + 1, ...signal });
      const isSame =
        found.incarnation === before.incarnation && found.removalRevision === before.removalRevision;
      if (isSame && found.events.length <= maxEvents) {
        for (const event of found.events) before.add(event);
        before.version = found.version;
        return before.report();
      }
    }
    // One more than is counted, to find out whether there are older ones.
    const found = await readEvents(handle, { direction: "backward", limit: maxEvents + 1, ...signal });
    const counts = new ActivityCounts(maxEvents, found);
    for (const event of found.events.slice(0, maxEvents).toReversed()) counts.add(event);
    this.#counts = counts;
    return counts.report();
  }
}

type ActivityReport = Pick<
  SessionActivity,
  | "version"
  | "complete"
  | "events"
  | "messages"
  | "agents"
  | "handoffs"
  | "executions"
  | "openCalls"
  | "usage"
  | "firstAt"
  | "lastAt"
  | "durationMs"
>;

class ActivityCounts {
  readonly maxEvents: number;
  readonly incarnation: string | undefined;
  readonly removalRevision: number;
  version: number;
  readonly #complete: boolean;
  readonly #byRole = new Map<string, number>();
  readonly #byAgent = new Map<string, number>();
  readonly #agents = new Set<string>();
  readonly #handoffs = new Map<string, HandoffActivity>();
  readonly #executions = new Map<string, string>();
  readonly #openCalls = new Map<string, OpenCall>();
  readonly #usage = noUsage();
  #events = 0;
  #messages = 0;
  #firstAt: number | undefined;
  #lastAt: number | undefined;

  constructor(maxEvents: number, { incarnation, removalRevision, version, events }: EventsAt) {
    this.maxEvents = maxEvents;
    this.incarnation = incarnation;
    this.removalRevision = removalRevision;
    this.version = version;
    this.#complete = events.length <= maxEvents;
  }

  /** In the order of the log. */
  add(event: StoredEvent): void {
    this.#events++;
    this.#firstAt ??= event.recordedAt;
    this.#lastAt = event.recordedAt;
    if (event.erasedAt !== undefined) return;
    if (event.agent !== undefined) this.#agents.add(event.agent);
    if (event.type === "message") {
      this.#messages++;
      increment(this.#byRole, event.body.role);
      if (event.body.role === "assistant") addUsage(this.#usage, event.body);
      if (event.agent !== undefined) increment(this.#byAgent, event.agent);
      this.#followCalls(event.body, event.agent);
    } else if (event.type === "handoff") {
      const { handoffId, from, to, reason, status, durationMs } = event.body;
      this.#agents.add(from).add(to);
      const duration = durationMs === undefined ? {} : { durationMs };
      this.#handoffs.set(handoffId, { handoffId, from, to, reason, status, ...duration });
    } else if (event.type === "execution") {
      this.#executions.set(event.body.executionId, event.body.status);
    }
  }

  #followCalls({ content }: Message, agent: string | undefined): void {
    if (typeof content === "string") return;
    for (const part of content) {
      if (part.type === "tool-call") {
        const { toolCallId, toolName } = part;
        this.#openCalls.set(toolCallId, { toolCallId, toolName, ...(agent === undefined ? {} : { agent }) });
      } else if (part.type === "tool-result") this.#openCalls.delete(part.toolCallId);
    }
  }

  report(): ActivityReport {
    const [firstAt, lastAt] = [this.#firstAt, this.#lastAt];
    const handoffs = [...this.#handoffs.values()];
    return {
      version: this.version,
      complete: this.#complete,
      events: this.#events,
      messages: {
        total: this.#messages,
        byRole: sorted(this.#byRole),
        byAgent: sorted(this.#byAgent),
      },
      agents: [...this.#agents].sort(),
      handoffs: {
        total: handoffs.length,
        byStatus: tally(handoffs.map(({ status }) => status)),
        list: handoffs,
      },
      executions: { total: this.#executions.size, byStatus: tally([...this.#executions.values()]) },
      openCalls: [...this.#openCalls.values()],
      usage: { ...this.#usage },
      ...(firstAt === undefined ? {} : { firstAt }),
      ...(lastAt === undefined ? {} : { lastAt }),
      durationMs: firstAt === undefined || lastAt === undefined ? 0 : Math.max(0, lastAt - firstAt),
    };
  }
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
