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

/** How patient calls to the log are. */
export interface Patience {
  /** How often a write is tried when its outcome is unknown or the store says that it may work later. */
  readonly attempts: number;
  /** The longest wait before the second try, doubled before each further one. A random share of it is waited. */
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
  outcome: "not-applied" | "unknown",
  call: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const timeoutError = (): MemoryError => new StoreTimeout(timeoutMs, outcome);
  return await withTimeout(call, { timeoutMs, timeoutError, signal, outcome });
}

/** Our own patience is over, as opposed to a timeout of the store's. */
class StoreTimeout extends MemoryError {
  constructor(timeoutMs: number, outcome: "not-applied" | "unknown") {
    super("timeout", `The store did not answer within ${timeoutMs} ms.`, { outcome });
  }
}

/**
 * Appends, and tries again under the same operation while the outcome is unknown or the store asks for patience:
 * the events stand in the log once, however often it is tried. What the store has tried more than once itself is not
 * tried again, nor a call that took longer than `timeoutMs`: the store may be in the middle of its own retries.
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
    return await retry(append, { ...patience, signal, when: isWorthAnotherTry });
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

/** A foreign error says nothing about the write, so nobody knows. */
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
