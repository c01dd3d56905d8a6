import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Clock,
  createUuidGenerator,
  type DocumentStore,
  type EventLog,
  type IdGenerator,
  type Leases,
  printable,
  systemClock,
  type TokenCounter,
} from "@relevo/core";
import {
  admitChoice,
  admitFields,
  admitInteger,
  errorLine,
  type FieldTable,
  fieldTable,
  readInput,
  refuse,
} from "@relevo/core/input";
import type { HandoffProblem } from "./handoff-types.ts";
import type { Handoffs } from "./handoffs.ts";
import { readChain } from "./read/chain.ts";
import { readGraph } from "./read/read-graph.ts";
import { rebuildContext } from "./read/rebuild-context.ts";
import { type AbandonSettings, abandonStale, upkeep } from "./record/abandon-stale.ts";
import { createHandoffRecorder } from "./record/handoff-recorder.ts";
import type { LivenessSettings } from "./record/liveness.ts";
import { createNotify, type HandoffCallbacks } from "./record/notify.ts";
import type { HandoffObserver } from "./record/observer.ts";
import { createRecorder } from "./record/recorder.ts";
import type { Frame } from "./run/frame.ts";
import { createRunner } from "./run/run-handoff.ts";
import { handoffsOf } from "./session-handoffs.ts";

export interface HandoffsOptions {
  readonly log: EventLog;
  /**
   * The store's documents. With them each running handoff shows that it is alive: a session document, which this process
   * renews, costs one write when it starts and one each third of `signOfLifeMs`. Without them, and without a lease,
   * nobody can tell a handoff that runs from one whose process died.
   */
  readonly documents?: DocumentStore | undefined;
  /** The store's leases. With them the lease of the turn is the sign of life, and costs nothing. */
  readonly leases?: Leases | undefined;
  /** How long a process may be silent before others may count it as dead; 30,000 ms when left out. */
  readonly signOfLifeMs?: number | undefined;
  /** Told of what this process has recorded. What they throw goes to `onError`. */
  readonly onHandoff?: HandoffCallbacks | undefined;
  /** The clock for the times of events; the system clock when left out. */
  readonly clock?: Clock | undefined;
  /** A monotonic clock in milliseconds, for durations; `performance.now` when left out. */
  readonly monotonic?: (() => number) | undefined;
  /** Makes ids of handoffs; UUIDv7 when left out. */
  readonly ids?: IdGenerator | undefined;
  /**
   * What happens when the store is down. `fail`, the default: a handoff that cannot be recorded does not run.
   * `degrade`: the receiver runs with `degraded: true`, and the handoff is recorded as `degraded` when it ends; needs
   * `onError`.
   */
  readonly onMemoryFailure?: "fail" | "degrade" | undefined;
  /** How deep handoffs may be nested: 0 allows no nesting. 16 when left out. */
  readonly maxDepth?: number | undefined;
  /**
   * How many times one agent may hand over to the same other one in a chain of control since the newest user message; 3
   * when left out. Handoffs that return to their sender do not count.
   */
  readonly maxRepeats?: number | undefined;
  /** Counts tokens before and after the choice, which reads the whole conversation for each handoff. */
  readonly counter?: TokenCounter | undefined;
  readonly observer?: HandoffObserver | undefined;
  /** Receives every failure that is not thrown. A process warning when left out. */
  readonly onError?: ((error: unknown, problem: HandoffProblem) => void) | undefined;
  /**
   * How many times a write is tried that failed with a retryable error or an unknown outcome: 3; and the longest pause
   * before the second try: 50 ms, doubled before each further one. A write that the store retried by itself, or that
   * was still running after `timeoutMs`, is not tried again.
   */
  readonly retry?:
    | { readonly attempts?: number | undefined; readonly delayMs?: number | undefined }
    | undefined;
  /** The longest that one call to the log may take; 10,000 ms when left out. */
  readonly timeoutMs?: number | undefined;
}

const fields: FieldTable = fieldTable<HandoffsOptions>({
  log: "selects",
  documents: "refines",
  leases: "refines",
  signOfLifeMs: "refines",
  onHandoff: "refines",
  clock: "refines",
  monotonic: "refines",
  ids: "refines",
  onMemoryFailure: "refines",
  maxDepth: "refines",
  maxRepeats: "refines",
  counter: "refines",
  observer: "refines",
  onError: "refines",
  retry: "refines",
  timeoutMs: "refines",
});
const callbackFields: FieldTable = fieldTable<HandoffCallbacks>({ started: "refines", ended: "refines" });
const retryFields: FieldTable = fieldTable<NonNullable<HandoffsOptions["retry"]>>({
  attempts: "refines",
  delayMs: "refines",
});

/**
 * Creates the handoffs API over a store's log. It opens nothing, and nothing has to be closed.
 *
 * @example
 * ```ts
 * const handoffs = createHandoffs({ log: store.log });
 * const answer = await handoffs.run(
 *   { session, from: "coordinator", to: "qualifier", reason: "new lead", policy: last(5) },
 *   async ({ messages, data, signal }) => await qualifier.answer(messages, { signal }),
 * );
 * ```
 */
export function createHandoffs(given: HandoffsOptions): Handoffs {
  const options = admitFields(given, "options", fields);
  const isLog = readInput(
    "log",
    () => typeof options.log?.append === "function" && typeof options.log.read === "function",
  );
  if (!isLog) {
    throw refuse("log", "must be the event log of a store, with append and read.");
  }
  const { log, clock = systemClock, monotonic = () => performance.now() } = options;
  // A misspelt "degrade" would mean "fail", which would be noticed only when the store is down.
  const onMemoryFailure = admitChoice(
    options.onMemoryFailure,
    "options.onMemoryFailure",
    ["fail", "degrade"],
    "fail",
  );
  if (onMemoryFailure === "degrade" && options.onError === undefined) {
    throw refuse(
      "onError",
      "is needed with onMemoryFailure: degrade, or what is lost would be lost silently.",
    );
  }
  const limits = { maxDepth: options.maxDepth ?? 16, maxRepeats: options.maxRepeats ?? 3 };
  admitInteger(limits.maxDepth, "maxDepth", 0);
  admitInteger(limits.maxRepeats, "maxRepeats", 1);
  const retry = options.retry === undefined ? {} : admitFields(options.retry, "options.retry", retryFields);
  const patience = {
    attempts: admitInteger(retry.attempts ?? 3, "retry.attempts", 1),
    delayMs: admitInteger(retry.delayMs ?? 50, "retry.delayMs", 0),
    timeoutMs: admitInteger(options.timeoutMs ?? 10_000, "timeoutMs", 1),
  };
  const signOfLifeMs = admitInteger(options.signOfLifeMs ?? 30_000, "signOfLifeMs", 1);
  const callbacks =
    options.onHandoff === undefined
      ? {}
      : admitFields(options.onHandoff, "options.onHandoff", callbackFields);
  const { documents, leases, counter } = options;
  const ids = options.ids ?? createUuidGenerator(clock);
  const report = options.onError ?? warn;
  const degrade = onMemoryFailure === "degrade";
  const frames = new AsyncLocalStorage<Frame>();
  const ownFrame = (tenant: string): Frame | undefined => {
    const frame = frames.getStore();
    return frame?.tenant === tenant ? frame : undefined;
  };
  const notify = createNotify(callbacks, report);
  const liveness: LivenessSettings = {
    log,
    documents,
    leases,
    signOfLifeMs,
    timeoutMs: patience.timeoutMs,
    report: (error, session) => report(error, { phase: "sign", session }),
  };
  const recorder = createRecorder({
    liveness,
    notify,
    log,
    clock,
    monotonic,
    degrade,
    observer: options.observer,
    patience,
    report,
  });
  const run = createRunner({
    log,
    ids,
    clock,
    degrade,
    limits,
    counter,
    patience,
    report,
    recorder,
    frames,
    settled: new WeakMap(),
  });

  const start = createHandoffRecorder({
    log,
    ids,
    clock,
    patience,
    degrade,
    counter,
    recorder,
    report,
    current: (tenant) => ownFrame(tenant),
  });
  const abandoning: AbandonSettings = {
    liveness,
    clock,
    patience,
    ended(session, record) {
      try {
        options.observer?.onStart({ session, record })?.onEnd?.({ record, recorded: true });
      } catch (error) {
        report(error, { phase: "observer", session, record });
      }
      notify("ended", session, record, true);
    },
  };

  const handoffs: Handoffs = {
    run,
    start,
    for: (session) => handoffsOf(handoffs, session),
    abandonStale: (session, call) => abandonStale(abandoning, session, call),
    upkeep: (tenant, call) => upkeep(abandoning, tenant, call),
    current() {
      const frame = frames.getStore();
      return frame === undefined ? undefined : { handoffId: frame.handoffId, depth: frame.depth };
    },
    chain: (session, call) => readChain(log, session, call),
    graph: (tenant, call) => readGraph(log, tenant, call),
    rebuild: (session, handoffId, call) => rebuildContext(log, session, handoffId, call),
  };
  return handoffs;
}

function warn(error: unknown, problem: HandoffProblem): void {
  const id = problem.record === undefined ? "" : ` ${problem.record.handoffId}`;
  // Node.js prints the text unescaped, and it may contain foreign text.
  process.emitWarning(
    `Handoff${printable(id)}, phase ${problem.phase}: ${errorLine(error)}`,
    "RelevoHandoffWarning",
  );
}
