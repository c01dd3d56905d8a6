import type { AsyncLocalStorage } from "node:async_hooks";
import {
  abortError,
  admitJson,
  type CallOptions,
  defaultLimits,
  type EventLog,
  type HandoffRecord,
  historyLost,
  type IdGenerator,
  isEvent,
  type JsonValue,
  MemoryError,
  type TokenCounter,
  throwIfAborted,
} from "@relevo/core";
import { admitRequest } from "./admit-request.ts";
import { callWithin, isMemoryDown, type Patience } from "./call-memory.ts";
import { HandoffNotRecorded, HandoffRejected } from "./handoff-errors.ts";
import type {
  HandoffInput,
  HandoffProblem,
  HandoffReceiver,
  HandoffRequest,
  HandoffSession,
} from "./handoff-types.ts";
import { boundRead, type LogSnapshot, openSnapshot } from "./log-snapshot.ts";
import { guardAgainstLoops, type Hop, hopsOf, type LoopLimits } from "./loop-guard.ts";
import { addressOf, type Recorder } from "./recorder.ts";
import { type ResolvedContext, resolveContext } from "./resolve-context.ts";
import type { Beginning, Ending, RunningHandoff } from "./running-handoff.ts";

/** The handoff that runs in an asynchronous context. */
export interface Frame extends Hop {
  readonly depth: number;
  readonly signal: AbortSignal;
  /** The handoff that it stands in, when that runs in this process too. */
  readonly outer: Frame | undefined;
}

export interface RunnerSettings {
  readonly log: EventLog;
  readonly ids: IdGenerator;
  readonly degrade: boolean;
  readonly limits: LoopLimits;
  readonly counter: TokenCounter | undefined;
  readonly patience: Patience;
  readonly report: (error: unknown, problem: HandoffProblem) => void;
  readonly recorder: Recorder;
  readonly frames: AsyncLocalStorage<Frame>;
}

type Request<Result> = HandoffRequest<Result> & { readonly session: HandoffSession };
type Run = <Result>(
  request: Request<Result>,
  receiver: HandoffReceiver<Result>,
  options?: CallOptions,
) => Promise<Result>;

const nothingPassed: ResolvedContext = {
  messages: Object.freeze([]),
  derivedFrom: [],
  record: { policy: "none", passed: [], dropped: [] },
};

/** Makes `run`: guard, context, start, receiver, end. */
export function createRunner(settings: RunnerSettings): Run {
  const { log, ids, degrade, limits, counter, patience, report, recorder, frames } = settings;
  /** Errors that have ended a handoff: on their way up they are failures of the outer ones, no rejections. */
  const settled = new WeakSet<object>();

  return async function run<Result>(
    request: Request<Result>,
    receiver: HandoffReceiver<Result>,
    options: CallOptions = {},
  ): Promise<Result> {
    const { session } = request;
    const address = addressOf(session);
    const around = frames.getStore();
    const parent = request.parent === undefined ? around : (request.parent ?? undefined);
    const outer = parent === undefined ? undefined : frameOf(around, parent.handoffId);
    const signal = joined(options.signal, outer?.signal);
    throwIfAborted(signal);
    const facts = admitRequest(request);
    const handoffId = ids.next();
    const depth = parent === undefined ? 0 : parent.depth + 1;
    const base = {
      handoffId,
      ...facts,
      depth,
      ...(parent === undefined ? {} : { parentId: parent.handoffId }),
    };
    const call = signal === undefined ? {} : { signal };

    let down = false;
    /** Runs a step that reads; under `degrade`, a memory that is down is reported and gives `undefined`. */
    async function reading<Value>(step: () => Promise<Value>): Promise<Value | undefined> {
      if (down) return undefined;
      try {
        return await step();
      } catch (error) {
        const ours = error instanceof ReadFailure;
        const cause = ours ? error.cause : error;
        if (!ours || !degrade || !isMemoryDown(cause)) throw cause;
        down = true;
        report(cause, { phase: "read", session: address });
        return undefined;
      }
    }

    const readLog = boundRead(log, address, (read) =>
      callWithin(patience.timeoutMs, signal, "not-applied", read).catch((cause) => {
        throw new ReadFailure(cause);
      }),
    );
    const snapshot = await reading(() => openSnapshot(readLog));
    if (
      snapshot?.incarnation !== session.incarnation &&
      session.incarnation !== undefined &&
      snapshot !== undefined
    ) {
      throw historyLost("ended");
    }
    const incarnation = snapshot?.incarnation;

    async function refuseBefore(ending: Ending): Promise<void> {
      try {
        await recorder.refuse(session, { record: base, incarnation }, ending, call);
      } catch (error) {
        report(error, { phase: "end", session: address, record: { ...base, status: ending.status } });
      }
    }

    try {
      const earlier = hopsOf(snapshot?.tail ?? [], ancestorsOf(outer));
      guardAgainstLoops({ ...base, parentId: parent?.handoffId }, earlier, limits);
    } catch (error) {
      if (error instanceof Error) settled.add(error);
      await refuseBefore({ status: "rejected", error });
      throw error;
    }

    let resolved: ResolvedContext;
    try {
      resolved = (await reading(() => contextOf(request, snapshot, facts, call))) ?? nothingPassed;
    } catch (error) {
      await refuseBefore({ status: "failed", error });
      throw error;
    }

    const beginning: Beginning = {
      record: { ...base, context: resolved.record },
      derivedFrom: resolved.derivedFrom,
      incarnation,
    };
    const running = await recorder.begin(session, beginning, call);
    await blankIfErasedMeanwhile(running, snapshot, resolved);

    const controller = new AbortController();
    const frame: Frame = {
      handoffId,
      from: facts.from,
      to: facts.to,
      parentId: parent?.handoffId,
      depth,
      signal: controller.signal,
      outer,
    };
    const input: HandoffInput = {
      handoffId,
      depth,
      from: facts.from,
      to: facts.to,
      reason: facts.reason,
      priority: facts.priority,
      data: facts.data,
      messages: resolved.messages,
      documents: request.documents ?? [],
      degraded: running.started === undefined,
      signal: controller.signal,
      handoff: (next, nextReceiver, nextOptions) =>
        frames.run(frame, () => run({ ...next, from: facts.to, session }, nextReceiver, nextOptions)),
      reject(reason) {
        throw new HandoffRejected(reason);
      },
    };

    const reportEnd = (error: unknown, record: HandoffRecord): void => {
      report(error, { phase: "end", session: address, record });
    };

    let result: Result;
    try {
      const work = frames.run(frame, () => observed(running, () => receiver(input), address));
      result = await untilAborted(work, signal, controller, (error) => {
        report(error, { phase: "late", session: address });
      });
    } catch (error) {
      const rejected = error instanceof HandoffRejected && !settled.has(error);
      if (typeof error === "object" && error !== null) settled.add(error);
      const ending = { status: rejected ? "rejected" : "failed", error } as const;
      // The receiver's own error matters more than that of the log.
      await running.end(ending).catch((cause: unknown) => reportEnd(cause, running.abandon(ending)));
      throw error;
    }
    const ending = { status: "completed", outcome: outcomeOf(request, result) } as const;
    try {
      await running.end(ending);
    } catch (cause) {
      const record = running.abandon(ending);
      if (!degrade) throw new HandoffNotRecorded(result, record, cause);
      reportEnd(cause, record);
    }
    return result;

    function outcomeOf(from: Request<Result>, value: Result): JsonValue | undefined {
      try {
        const outcome: unknown = from.outcome === undefined ? value : from.outcome(value);
        return outcome === undefined ? undefined : admitJson(outcome, "outcome", defaultLimits).value;
      } catch (error) {
        // The work is done: a result that cannot be recorded is no reason to lose it.
        report(error, { phase: "outcome", session: address, record: { ...base, status: "completed" } });
        return undefined;
      }
    }

    /**
     * A message that was erased after it was read and before the start carried its content would live on in the
     * record: the erasure could not know of it. Whoever comes second looks back.
     */
    async function blankIfErasedMeanwhile(
      handoff: RunningHandoff,
      from: LogSnapshot | undefined,
      context: ResolvedContext,
    ): Promise<void> {
      const { started } = handoff;
      if (started === undefined || from === undefined || context.derivedFrom.length === 0) return;
      if (started.revision === from.revision + 1) return;
      for (const range of context.derivedFrom) {
        let after: number | undefined = range.from - 1;
        while (after !== undefined) {
          const page = await log.read(address, {
            after,
            before: range.to + 1,
            limit: 1000,
            retracted: "include",
          });
          if (page.events.some((event) => event.erasedAt !== undefined && !isEvent(event, event.type))) {
            await log.erase(address, { seqs: [{ from: started.firstSeq, to: started.firstSeq }] });
            return;
          }
          after = page.next;
        }
      }
    }
  };

  async function contextOf<Result>(
    request: Request<Result>,
    snapshot: LogSnapshot | undefined,
    facts: ReturnType<typeof admitRequest>,
    call: CallOptions,
  ): Promise<ResolvedContext> {
    if (snapshot === undefined) return nothingPassed;
    return await resolveContext(snapshot, facts.policy, facts, {
      ...call,
      counter,
      documents: request.documents,
    });
  }

  /** Runs the receiver within the observer's context; an observer that breaks does not break the receiver. */
  async function observed<Result>(
    running: RunningHandoff,
    receive: () => Result | Promise<Result>,
    address: ReturnType<typeof addressOf>,
  ): Promise<Result> {
    let work: Promise<Result> | undefined;
    const start = (): Promise<Result> => {
      work ??= (async () => await receive())();
      return work;
    };
    try {
      await running.observation.within?.(start);
    } catch (error) {
      if (work === undefined) report(error, { phase: "observer", session: address });
    }
    return await start();
  }
}

/** A failure of the log, told apart from what a policy throws. */
class ReadFailure extends Error {
  constructor(cause: unknown) {
    super("The log could not be read.", { cause });
  }
}

/** The receiver's result, or `aborted` as soon as the signal fires; what comes after that goes to `late`. */
async function untilAborted<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
  controller: AbortController,
  late: (error: unknown) => void,
): Promise<Result> {
  if (signal === undefined) return await work;
  let over = false;
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      over = true;
      reject(abortError(signal, "unknown"));
      controller.abort(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  work.catch((error: unknown) => {
    if (over && !isAbort(error, signal)) late(error);
  });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  if (error === signal.reason || MemoryError.isInstance(error, "aborted")) return true;
  return error instanceof Error && error.name === "AbortError";
}

function joined(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}

function frameOf(frame: Frame | undefined, handoffId: string): Frame | undefined {
  for (let at = frame; at !== undefined; at = at.outer) if (at.handoffId === handoffId) return at;
  return undefined;
}

/** From the outermost to the innermost. */
function ancestorsOf(frame: Frame | undefined): Frame[] {
  const ancestors: Frame[] = [];
  for (let at = frame; at !== undefined; at = at.outer) ancestors.unshift(at);
  return ancestors;
}
