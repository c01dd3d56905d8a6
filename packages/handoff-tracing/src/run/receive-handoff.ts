import { type CallOptions, MemoryError } from "@relevo/core";
import { withTimeout } from "@relevo/core/input";
import type { HandoffData, HandoffInput, HandoffReceiver, SessionRequest } from "../handoff-types.ts";
import { HandoffRejected, isRejection, receiverTimeout } from "../record/handoff-errors.ts";
import type { RunningHandoff } from "../record/running-handoff.ts";
import { type Attempt, causeOf, type RunnerSettings, reportEnd, settle } from "./attempt.ts";
import type { Frame } from "./frame.ts";
import type { Prepared } from "./prepare-handoff.ts";

export type RunHandoff = <Result, Data = HandoffData>(
  request: SessionRequest<Result, Data>,
  receiver: HandoffReceiver<Result, Data>,
  options?: CallOptions,
) => Promise<Result>;

/** Runs the receiver. When it throws, records the end and throws the same error. */
export async function receiveHandoff<Result, Data>(
  settings: RunnerSettings,
  run: RunHandoff,
  attempt: Attempt,
  prepared: Prepared,
  running: RunningHandoff,
  receiver: HandoffReceiver<Result, Data>,
): Promise<Result> {
  const { address, facts, record } = attempt;
  let timedOut: unknown;
  const timeoutError = (): MemoryError => {
    const error = receiverTimeout(facts.timeoutMs, record.handoffId);
    timedOut = error;
    return error;
  };
  try {
    return await withTimeout(
      (signal) => {
        const work = receive(settings, run, attempt, prepared, running, receiver, signal);
        work.catch((error: unknown) => reportLate(settings, attempt, signal, error));
        return work;
      },
      { signal: attempt.signal, outcome: "unknown", timeoutMs: facts.timeoutMs, timeoutError },
    );
  } catch (error) {
    const rejected = isRejection(error) && !settings.settled.has(error);
    const status =
      timedOut !== undefined && error === timedOut ? "timed-out" : rejected ? "rejected" : "failed";
    const causedBy = causeOf(settings, error, address);
    const ending = { status, error, ...(causedBy === undefined ? {} : { causedBy }) } as const;
    try {
      await running.end(ending);
      settle(settings, error, { address, handoffId: record.handoffId });
    } catch (cause) {
      // The error of the receiver takes precedence over that of the log.
      reportEnd(settings, attempt, cause, running.abandon(ending));
      settle(settings, error, undefined);
    }
    throw error;
  }
}

/** Runs the receiver with what it is given, as the handoff of this asynchronous context. */
function receive<Result, Data>(
  settings: RunnerSettings,
  run: RunHandoff,
  attempt: Attempt,
  { context, data }: Prepared,
  running: RunningHandoff,
  receiver: HandoffReceiver<Result, Data>,
  signal: AbortSignal,
): Promise<Result> {
  const { frames } = settings;
  const { facts, record, session, address, outer } = attempt;
  const { handoffId, depth, parentId } = record;
  const { from, to, reason, priority, mode, documents } = facts;
  const frame: Frame = { tenant: address.tenant, handoffId, from, to, parentId, depth, signal, outer };
  const input: HandoffInput<Data> = {
    handoffId,
    depth,
    from,
    to,
    reason,
    priority,
    mode,
    // What the schema made of it, and as the caller types it without one.
    data: data as Data,
    messages: context.messages,
    documents,
    degraded: running.degraded,
    signal,
    handoff: (next, nextReceiver, options) =>
      frames.run(frame, () => run({ ...next, from: to, session }, nextReceiver, options)),
    reject(words) {
      throw new HandoffRejected(words);
    },
  };
  return frames.run(frame, () => observed(settings, attempt, running, async () => await receiver(input)));
}

/** Reports what a receiver throws after its handoff was aborted or timed out, unless that is the abort itself. */
function reportLate(
  { report }: RunnerSettings,
  { address }: Attempt,
  signal: AbortSignal,
  error: unknown,
): void {
  if (!signal.aborted || isAbort(error, signal)) return;
  report(error, { phase: "late", session: address });
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  try {
    if (error === signal.reason || MemoryError.isInstance(error, "aborted")) return true;
    return error instanceof Error && error.name === "AbortError";
  } catch {
    // A getter or a proxy threw, so the error is not the abort.
    return false;
  }
}

/** Runs the receiver within the observer's context. A failing observer does not affect the receiver. */
function observed<Result>(
  settings: RunnerSettings,
  attempt: Attempt,
  running: RunningHandoff,
  receive: () => Promise<Result>,
): Promise<Result> {
  const broken = (error: unknown): void => {
    settings.report(error, { phase: "observer", session: attempt.address });
  };
  let work: Promise<Result> | undefined;
  const once = (): Promise<Result> => {
    work ??= receive();
    return work;
  };
  try {
    // The observer usually returns the promise of the receiver; its failure is then that of the receiver.
    running.observation.within?.(once)?.catch((error: unknown) => {
      once().then(
        () => broken(error),
        (own: unknown) => own === error || broken(error),
      );
    });
  } catch (error) {
    broken(error);
  }
  return once();
}
