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
import { type HandoffChain, readChain } from "./chain.ts";
import type { Frame } from "./frame.ts";
import { graphOf, type HandoffGraph } from "./graph.ts";
import { createHandoffRecorder } from "./handoff-recorder.ts";
import type { HandoffParent, HandoffProblem, HandoffReceiver, SessionRequest } from "./handoff-types.ts";
import type { HandoffObserver } from "./observer.ts";
import { type RebuiltContext, rebuildContext } from "./rebuild-context.ts";
import { createRecorder } from "./recorder.ts";
import { createRunner } from "./run-handoff.ts";

export interface HandoffsOptions {
  readonly log: EventLog;
  /** The wall time on events. The system's when left out. */
  readonly clock?: Clock | undefined;
  /** Milliseconds that never go back, for durations. `performance.now` when left out. */
  readonly monotonic?: (() => number) | undefined;
  /** Makes handoff ids. UUIDv7 when left out. */
  readonly ids?: IdGenerator | undefined;
  /**
   * What happens when the memory is down. `fail`, the default: what cannot be recorded does not happen. `degrade`:
   * the receiver runs anyway, is told so, and the handoff is recorded as `degraded` when it ends; needs `onError`.
   */
  readonly onMemoryFailure?: "fail" | "degrade" | undefined;
  /** How deep handoffs may be nested: 0 allows none inside another. 16 when left out. */
  readonly maxDepth?: number | undefined;
  /**
   * How often one agent may hand over to the same other one in a chain of control since the newest user message;
   * 3 when left out. Calls that return to their sender are no chain.
   */
  readonly maxRepeats?: number | undefined;
  /** Counts the tokens before and after, which means reading the whole conversation for each handoff. */
  readonly counter?: TokenCounter | undefined;
  readonly observer?: HandoffObserver | undefined;
  /** Told of everything that went wrong without being thrown. A process warning when left out. */
  readonly onError?: ((error: unknown, problem: HandoffProblem) => void) | undefined;
  /**
   * How often a write is tried that the store could not do, or whose outcome is unknown: 3 times; and the longest wait
   * before the second try, 50 ms, doubled before each further one. What the store has retried by itself, or was still
   * doing when `timeoutMs` was over, is not tried again.
   */
  readonly retry?:
    | { readonly attempts?: number | undefined; readonly delayMs?: number | undefined }
    | undefined;
  /** The longest one call to the log may take: 10,000 ms. */
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
   * returns what the receiver returned.
   *
   * What the receiver throws is thrown unchanged after `failed` (or, for `HandoffRejected`, `rejected`) was
   * recorded. When the signal fires, the handoff ends as `failed` with code `aborted` without waiting for the
   * receiver, whose signal fires too. Retries inside are exact: one start and one end, whatever the log answers.
   *
   * \`session\` is a session's object, or its address. Of an object, as of an address that names them, the incarnation and
   * the fence go with each write: a session that was deleted, or a turn that lost its lease, hands nothing over.
   *
   * @throws `denied` for a loop or too much depth, before the receiver runs, recorded as `rejected`; `aborted`;
   *   `invalid-input`; what the log throws when the start cannot be recorded (then the receiver did not run);
   *   `HandoffNotRecorded`, with the result, when only the end could not be.
   */
  run<Result>(
    request: SessionRequest<Result>,
    receiver: HandoffReceiver<Result>,
    options?: CallOptions,
  ): Promise<Result>;
  /** The handoff whose receiver is running in this asynchronous context. */
  current(): HandoffParent | undefined;
  /** The session's handoffs in the order they started. Reads every handoff event of the log, in pages. */
  chain(session: SessionReference, options?: CallOptions): Promise<HandoffChain>;
  /** The session's handoffs added up by agent and by way. */
  graph(session: SessionReference, options?: CallOptions): Promise<HandoffGraph>;
  /** What the receiver of a handoff saw; `undefined` when the log knows no such handoff. */
  rebuild(
    session: SessionReference,
    handoffId: string,
    options?: CallOptions,
  ): Promise<RebuiltContext | undefined>;
}

/**
 * Creates the handoffs of a store's log. Nothing is opened and nothing has to be closed.
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
  // Misspelt, "degrade" would be "fail", and nobody would know before the memory is down.
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
    settled: new WeakSet(),
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
  // Node.js prints it as it is, and anybody's words may be in it.
  process.emitWarning(
    `Handoff${printable(id)}, phase ${problem.phase}: ${errorLine(error)}`,
    "RelevoHandoffWarning",
  );
}
