import { setTimeout as sleep } from "node:timers/promises";
import {
  type AppendOptions,
  type AppendResult,
  type EventInput,
  type EventLog,
  MemoryError,
  type Operation,
  type Outcome,
  type SessionAddress,
} from "@relevo/core";
import { abortError } from "@relevo/core/input";

/** How patient calls to the log are. */
export interface Patience {
  /** How often a write is tried when its outcome is unknown or the store says that it may work later. */
  readonly attempts: number;
  /** The wait before the second try; doubled before each further one. */
  readonly delayMs: number;
  /** The longest one call may take. A store that hangs is a store that is down. */
  readonly timeoutMs: number;
}

/**
 * Awaits a call, but no longer than `timeoutMs` and the signal allow, even when the store ignores the signal that
 * it is given.
 *
 * @throws `timeout` or `aborted` with this outcome, and what the call throws.
 */
export async function callWithin<Result>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  outcome: Outcome & ("not-applied" | "unknown"),
  call: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  if (signal?.aborted) throw abortError(signal);
  const controller = new AbortController();
  let giveUp: (error: MemoryError) => void = () => {};
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  const onAbort = (): void => {
    controller.abort(signal?.reason);
    if (signal !== undefined) giveUp(abortError(signal, outcome));
  };
  const timer = setTimeout(() => {
    const error = new MemoryError("timeout", `The store did not answer within ${timeoutMs} ms.`, { outcome });
    controller.abort(error);
    giveUp(error);
  }, timeoutMs);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([call(controller.signal), givenUp]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/**
 * Appends, and tries again under the same operation while the outcome is unknown or the store asks for patience:
 * the events stand in the log once, however often it is tried.
 *
 * @throws what the last try threw; its outcome is `unknown` when any try's was.
 */
export async function appendReliably(
  log: EventLog,
  address: SessionAddress,
  events: readonly EventInput[],
  options: AppendOptions & { readonly operation: Operation },
  patience: Patience,
): Promise<AppendResult> {
  let mayBeThere = false;
  for (let attempt = 1; ; attempt++) {
    try {
      return await callWithin(patience.timeoutMs, options.signal, "unknown", (signal) =>
        log.append(address, events, { ...options, signal }),
      );
    } catch (error) {
      mayBeThere ||= outcomeOf(error) === "unknown";
      if (attempt >= patience.attempts || !isWorthAnotherTry(error) || options.signal?.aborted === true) {
        throw mayBeThere ? withUnknownOutcome(error) : error;
      }
    }
    await sleep(patience.delayMs * 2 ** (attempt - 1));
  }
}

/**
 * True when the store could not do its work, as opposed to refusing it: the errors that a `degrade` policy is for.
 * A conflict, a lost history or bad input means that the handoff must not happen, so they are never degraded.
 */
export function isMemoryDown(error: unknown): boolean {
  if (!MemoryError.isInstance(error)) return true;
  return (
    error.code === "unavailable" ||
    error.code === "timeout" ||
    error.code === "closed" ||
    error.code === "corrupt"
  );
}

/** A foreign error says nothing about the write, so nobody knows. */
function outcomeOf(error: unknown): Outcome {
  return MemoryError.isInstance(error) ? error.outcome : "unknown";
}

function isWorthAnotherTry(error: unknown): boolean {
  return !MemoryError.isInstance(error) || error.retryable || error.outcome === "unknown";
}

function withUnknownOutcome(error: unknown): unknown {
  if (!MemoryError.isInstance(error) || error.outcome === "unknown") return error;
  const { code, message, retryable, details } = error;
  return new MemoryError(code, message, { outcome: "unknown", retryable, details, cause: error });
}
