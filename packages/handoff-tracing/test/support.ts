import {
  createManualClock,
  type EventInput,
  type EventLog,
  type HandoffRecord,
  isEvent,
  type ManualClock,
  MemoryError,
  type Message,
  type SessionAddress,
  type Store,
} from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { createHandoffs, type HandoffsOptions } from "../src/create-handoffs.ts";
import type { HandoffProblem, HandoffReceiver } from "../src/handoff-types.ts";
import type { Handoffs } from "../src/handoffs.ts";

export interface Bench {
  readonly store: Store;
  readonly log: EventLog;
  readonly handoffs: Handoffs;
  readonly session: SessionAddress;
  readonly clock: ManualClock;
  /** Moves both the wall clock and the monotonic one. */
  pass(ms: number): void;
  readonly problems: { readonly error: unknown; readonly problem: HandoffProblem }[];
  say(...messages: (string | Message)[]): Promise<void>;
  records(): Promise<readonly HandoffRecord[]>;
}

/** A real in-process store, handoffs on it (through `wrap`, to inject faults), and a clock that moves when told. */
export function bench(
  options: Partial<Omit<HandoffsOptions, "log">> = {},
  wrap: (log: EventLog) => EventLog = (log) => log,
): Bench {
  const clock = createManualClock();
  const store = createMemoryStore({ clock, sweepIntervalMs: 0 });
  const problems: Bench["problems"] = [];
  let elapsed = 0;
  const handoffs = createHandoffs({
    log: wrap(store.log),
    clock,
    monotonic: () => elapsed,
    onError: (error, problem) => problems.push({ error, problem }),
    retry: { delayMs: 0 },
    ...options,
  });
  const session = { tenant: "acme", session: "lead-7" };
  return {
    store,
    log: store.log,
    handoffs,
    session,
    clock,
    problems,
    pass(ms) {
      elapsed += ms;
      clock.advance(ms);
    },
    async say(...messages) {
      const events = messages.map((message): EventInput => ({ type: "message", body: toMessage(message) }));
      await store.log.append(session, events);
    },
    async records() {
      const { events } = await store.log.read(session, { types: ["handoff"], limit: 1000 });
      return events.filter((event) => isEvent(event, "handoff")).map((event) => event.body);
    },
  };
}

function toMessage(message: string | Message): Message {
  return typeof message === "string" ? { role: "user", content: message } : message;
}

export const work = { from: "coordinator", to: "qualifier", reason: "new lead" } as const;

export const done: HandoffReceiver<string> = () => "done";

export function callMessage(id: string): Message {
  return {
    role: "assistant",
    content: [{ type: "tool-call", toolCallId: id, toolName: "lookup", input: {} }],
  };
}

export function resultMessage(id: string): Message {
  return { role: "tool", content: [{ type: "tool-result", toolCallId: id, output: `found ${id}` }] };
}

/** What a promise was rejected with; fails when it was not. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("The promise was expected to be rejected.");
}

/** Calls of `append` fail as `plan` says, one entry a call; `undefined` lets it through, as does the plan's end. */
export function failingAppends(log: EventLog, plan: (Fault | undefined)[]): EventLog {
  return {
    ...bound(log),
    async append(...call) {
      const fault = plan.shift();
      if (fault === undefined) return await log.append(...call);
      if (fault === "applied-but-lost") {
        await log.append(...call);
        throw new MemoryError("timeout", "No answer came.", { outcome: "unknown" });
      }
      if (fault === "lost") throw new MemoryError("timeout", "No answer came.", { outcome: "unknown" });
      throw new MemoryError("unavailable", "The store is down.");
    },
  };
}

export type Fault = "down" | "lost" | "applied-but-lost";

/** The log with its methods as own properties, so that some can be replaced. */
export function bound(log: EventLog): EventLog {
  return {
    append: (...call) => log.append(...call),
    operation: (...call) => log.operation(...call),
    read: (...call) => log.read(...call),
    head: (...call) => log.head(...call),
    touch: (...call) => log.touch(...call),
    trim: (...call) => log.trim(...call),
    erase: (...call) => log.erase(...call),
    delete: (...call) => log.delete(...call),
    list: (...call) => log.list(...call),
    scan: (...call) => log.scan(...call),
  };
}
