import { AsyncLocalStorage } from "node:async_hooks";
import {
  type CallOptions,
  type Clock,
  createUuidGenerator,
  type EventLog,
  type HandoffRecorder,
  type IdGenerator,
  printable,
  type SessionReference,
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
import type {
  HandoffData,
  HandoffParent,
  HandoffProblem,
  HandoffReceiver,
  SessionRequest,
} from "./handoff-types.ts";
import { type HandoffChain, readChain } from "./read/chain.ts";
import { graphOf, type HandoffGraph } from "./read/graph.ts";
import { type RebuiltContext, rebuildContext } from "./read/rebuild-context.ts";
import { createHandoffRecorder } from "./record/handoff-recorder.ts";
import type { HandoffObserver } from "./record/observer.ts";
import { createRecorder } from "./record/recorder.ts";
import type { Frame } from "./run/frame.ts";
import { createRunner } from "./run/run-handoff.ts";

export interface HandoffsOptions {
  readonly log: EventLog;
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
const retryFields: FieldTable = fieldTable<NonNullable<HandoffsOptions["retry"]>>({
  attempts: "refines",
  delayMs: "refines",
});

/** Handoffs between agents, recorded in their session's log. */
export interface Handoffs extends HandoffRecorder {
  /**
   * Hands over: records the start with what is passed and what is dropped, runs the receiver, records the end, and
   * returns the result of the receiver.
   *
   * An error of the receiver is thrown unchanged after the end was recorded as `failed`, or as `rejected` for a
   * `HandoffRejected`. When the signal fires, the handoff ends as `failed` with code `aborted`, and after `timeoutMs` as
   * `timed-out`, without waiting for the receiver, whose signal fires too. Internal retries are exact: the log has one start and one end, whatever it
   * answers.
   *
   * `session` is a session object or an address. Its incarnation and fence, where known, go with each write: a session
   * that was deleted, or a turn that has lost its lease, hands nothing over.
   *
   * @throws `HandoffRefused` for a loop, a nesting that is too deep and data that its schema does not take, recorded as
   *   `rejected`; `aborted`; `timeout`; `invalid-input`; what the log throws when the start cannot be recorded. In all
   *   these cases the receiver has not run, unless it was aborted or timed out. `HandoffNotRecorded`, with the result, when only the end could not be recorded.
   */
  run<Result, Data = HandoffData>(
    request: SessionRequest<Result, Data>,
    receiver: HandoffReceiver<Result, Data>,
    options?: CallOptions,
  ): Promise<Result>;
  /** The handoff whose receiver is running in this asynchronous context. */
  current(): HandoffParent | undefined;
  /** The session's handoffs in the order they started. Reads every handoff event of the log, in pages. */
  chain(session: SessionReference, options?: CallOptions): Promise<HandoffChain>;
  /** The session's handoffs, totalled by agent and by pair of agents. */
  graph(session: SessionReference, options?: CallOptions): Promise<HandoffGraph>;
  /** What the receiver of a handoff was given; `undefined` when the log has no such handoff. */
  rebuild(
    session: SessionReference,
    handoffId: string,
    options?: CallOptions,
  ): Promise<RebuiltContext | undefined>;
}

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
  const ids = options.ids ?? createUuidGenerator(clock);
  const report = options.onError ?? warn;
  const degrade = onMemoryFailure === "degrade";
  const frames = new AsyncLocalStorage<Frame>();
  const ownFrame = (tenant: string): Frame | undefined => {
    const frame = frames.getStore();
    return frame?.tenant === tenant ? frame : undefined;
  };
  const recorder = createRecorder({
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
    degrade,
    limits,
    counter: options.counter,
    patience,
    report,
    recorder,
    frames,
    settled: new WeakMap(),
  });

  return {
    run,
    ...createHandoffRecorder({ log, ids, patience, recorder, current: (tenant) => ownFrame(tenant) }),
    current() {
      const frame = frames.getStore();
      return frame === undefined ? undefined : { handoffId: frame.handoffId, depth: frame.depth };
    },
    chain: (session, call) => readChain(log, session, call),
    graph: async (session, call) => graphOf(await readChain(log, session, call)),
    rebuild: (session, handoffId, call) => rebuildContext(log, session, handoffId, call),
  };
}

function warn(error: unknown, problem: HandoffProblem): void {
  const id = problem.record === undefined ? "" : ` ${problem.record.handoffId}`;
  // Node.js prints the text unescaped, and it may contain foreign text.
  process.emitWarning(
    `Handoff${printable(id)}, phase ${problem.phase}: ${errorLine(error)}`,
    "RelevoHandoffWarning",
  );
}
