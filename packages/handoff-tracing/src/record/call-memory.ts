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
import { retry, withTimeout } from "@relevo/core/input";

/** Timeout and retries of calls to the log. */
export interface Patience {
  /** How many times a write is tried when its outcome is unknown or its error is retryable. */
  readonly attempts: number;
  /** The longest pause before the second try; doubled before each further one. The pause is a random share of it. */
  readonly delayMs: number;
  /** The longest that one call may take. A store that does not answer counts as down. */
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
  outcome: "not-applied" | "unknown",
  call: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const timeoutError = (): MemoryError => new StoreTimeout(timeoutMs, outcome);
  return await withTimeout(call, { timeoutMs, timeoutError, signal, outcome });
}

/** `timeoutMs` is over, as opposed to a timeout of the store. */
class StoreTimeout extends MemoryError {
  constructor(timeoutMs: number, outcome: "not-applied" | "unknown") {
    super("timeout", `The store did not answer within ${timeoutMs} ms.`, { outcome });
  }
}

/**
 * Appends, and retries under the same operation while the outcome is unknown or the error is retryable: the events are
 * in the log once, however many tries there are. A write that the store retried by itself is not tried again, nor one
 * that took longer than `timeoutMs`: the store may still be retrying it.
 *
 * @throws the error of the last try; its outcome is `unknown` when that of any try was.
 */
export async function appendReliably(
  log: EventLog,
  address: SessionAddress,
  events: readonly EventInput[],
  options: AppendOptions & { readonly operation: Operation },
  patience: Patience,
): Promise<AppendResult> {
  const { signal } = options;
  let mayBeThere = false;
  const append = async (): Promise<AppendResult> => {
    try {
      return await callWithin(patience.timeoutMs, signal, "unknown", (within) =>
        log.append(address, events, { ...options, signal: within }),
      );
    } catch (error) {
      mayBeThere ||= outcomeOf(error) === "unknown";
      throw error;
    }
  };
  try {
    return await retry(append, { ...patience, signal, name: "handoff-append", when: isWorthAnotherTry });
  } catch (error) {
    throw mayBeThere ? withUnknownOutcome(error) : error;
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

/** An error of another library says nothing about the write, so its outcome is unknown. */
function outcomeOf(error: unknown): Outcome {
  return MemoryError.isInstance(error) ? error.outcome : "unknown";
}

function isWorthAnotherTry(error: unknown): boolean {
  if (error instanceof StoreTimeout) return false;
  return !MemoryError.isInstance(error) || error.retryable || error.outcome === "unknown";
}

function withUnknownOutcome(error: unknown): unknown {
  if (!MemoryError.isInstance(error) || error.outcome === "unknown") return error;
  const { code, message, retryable, details } = error;
  return new MemoryError(code, message, { outcome: "unknown", retryable, details, cause: error });
}
