import { type CallOptions, MemoryError } from "@relevo/core";
import { withTimeout } from "@relevo/core/input";
import type { ResolvedContext } from "../context/resolve-context.ts";
import type { HandoffInput, HandoffReceiver, SessionRequest } from "../handoff-types.ts";
import { HandoffRejected, isRejection } from "../record/handoff-errors.ts";
import type { RunningHandoff } from "../record/running-handoff.ts";
import { type Attempt, type RunnerSettings, reportEnd } from "./attempt.ts";
import type { Frame } from "./frame.ts";

export type RunHandoff = <Result>(
  request: SessionRequest<Result>,
  receiver: HandoffReceiver<Result>,
  options?: CallOptions,
) => Promise<Result>;

/** Runs the receiver. When it throws, records the end and throws the same error. */
export async function receiveHandoff<Result>(
  settings: RunnerSettings,
  run: RunHandoff,
  attempt: Attempt,
  context: ResolvedContext,
  running: RunningHandoff,
  receiver: HandoffReceiver<Result>,
): Promise<Result> {
  const { settled } = settings;
  try {
    return await withTimeout(
      (signal) => {
        const work = receive(settings, run, attempt, context, running, receiver, signal);
        work.catch((error: unknown) => reportLate(settings, attempt, error));
        return work;
      },
      { signal: attempt.signal, outcome: "unknown" },
    );
  } catch (error) {
    const rejected = isRejection(error) && !settled.has(error);
    if (typeof error === "object" && error !== null) settled.add(error);
    const ending = { status: rejected ? "rejected" : "failed", error } as const;
    // The error of the receiver takes precedence over that of the log.
    await running
      .end(ending)
      .catch((cause: unknown) => reportEnd(settings, attempt, cause, running.abandon(ending)));
    throw error;
  }
}

/** Runs the receiver with what it is given, as the handoff of this asynchronous context. */
function receive<Result>(
  settings: RunnerSettings,
  run: RunHandoff,
  attempt: Attempt,
  context: ResolvedContext,
  running: RunningHandoff,
  receiver: HandoffReceiver<Result>,
  signal: AbortSignal,
): Promise<Result> {
  const { frames } = settings;
  const { facts, record, session, address, outer } = attempt;
  const { handoffId, depth, parentId } = record;
  const { from, to, reason, priority, data, documents } = facts;
  const frame: Frame = { tenant: address.tenant, handoffId, from, to, parentId, depth, signal, outer };
  const input: HandoffInput = {
    handoffId,
    depth,
    from,
    to,
    reason,
    priority,
    data,
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

/** Reports what a receiver throws after its handoff was aborted, unless that is the abort itself. */
function reportLate({ report }: RunnerSettings, { signal, address }: Attempt, error: unknown): void {
  if (signal?.aborted !== true || isAbort(error, signal)) return;
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
