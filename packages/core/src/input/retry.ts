import { MemoryError } from "../memory-error.ts";
import type { CallOptions } from "../ports/common.ts";
import { noteRetry } from "./retry-notice.ts";
import { sleep } from "./sleep.ts";

export interface RetryOptions extends CallOptions {
  /** How many times the work is tried in all, the first time included. */
  readonly attempts: number;
  /** The longest pause before the second try, in milliseconds; doubles with each try, to at most 64 times this. */
  readonly delayMs: number;
  /** Whether to try again after this failure. Not called for failures that were retried already, see `wasRetried`. */
  readonly when: (error: unknown) => boolean;
  /** A fixed word for what is tried, told with each further try; see `RetryNotice`. `call` when left out. */
  readonly name?: string | undefined;
  /** The error when every try has failed. The last one with `details.attempts` when left out. */
  readonly exhausted?: ((error: unknown, attempts: number) => unknown) | undefined;
  /** A number from 0 to 1, for tests that want the same pauses. `Math.random` when left out. */
  readonly random?: (() => number) | undefined;
}

/** The longest pause is this power of two times the first. */
const maxDoublings = 6;

/**
 * Does the work, and repeats it after a failure for which `when` holds. Between the tries it waits a random share of a
 * time that doubles ("full jitter", Brooker, "Exponential Backoff And Jitter", 2015): callers that collided once do not
 * collide again at the same moment.
 *
 * Retries do not stack: a failure that was retried by the code that threw it is thrown at once. Three tries of three
 * tries would be nine, all sent to a store that cannot answer.
 *
 * @throws the failure, with `details.attempts` after more than one try; `aborted` when the signal fires in a pause.
 */
export async function retry<Result>(
  work: (attempt: number) => Promise<Result>,
  options: RetryOptions,
): Promise<Result> {
  const { attempts, delayMs, when, exhausted = withAttempts, random = Math.random, signal } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (wasRetried(error) || !when(error)) throw error;
      if (attempt >= attempts) throw exhausted(error, attempt);
      noteRetry(options.name ?? "call", attempt, error);
    }
    await sleep(random() * delayMs * 2 ** Math.min(attempt - 1, maxDoublings), { signal });
  }
}

/** True for an error of a call that was tried more than once by the code that threw it, by its `details.attempts`. */
export function wasRetried(error: unknown): boolean {
  return MemoryError.isInstance(error) && Number(error.details.attempts ?? 1) > 1;
}

/** The error, saying how often the call was tried. Errors that are no `MemoryError` stay as they are. */
export function withAttempts<Failure>(error: Failure, attempts: number): Failure | MemoryError {
  if (!MemoryError.isInstance(error) || attempts === 1) return error;
  const { code, message, outcome, retryable, details, cause } = error;
  return new MemoryError(code, message, { outcome, retryable, details: { ...details, attempts }, cause });
}
