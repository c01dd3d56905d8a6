import type { JsonValue } from "./json.ts";

/**
 * What went wrong, as a closed set that callers may switch over.
 *
 * - `invalid-input`: the call can never succeed as written; nothing was changed.
 * - `not-found`: what the call needs does not exist.
 * - `conflict`: another writer was first (`details.conflict` says in what); read again and decide again.
 * - `history-lost`: the named incarnation of a session is gone (deleted, expired or lost by the store).
 * - `too-large`: a configured limit was exceeded.
 * - `unavailable`: the store cannot be reached or cannot write now.
 * - `timeout`: the deadline of the call has passed.
 * - `aborted`: the caller's signal ended the call.
 * - `closed`: the store was closed before the call.
 * - `corrupt`: stored data does not have the form that was written.
 * - `unsupported`: this store does not offer the capability.
 * - `denied`: the caller may not do this.
 * - `budget-exceeded`: the smallest valid result does not fit the budget.
 */
export type MemoryErrorCode =
  | "invalid-input"
  | "not-found"
  | "conflict"
  | "history-lost"
  | "too-large"
  | "unavailable"
  | "timeout"
  | "aborted"
  | "closed"
  | "corrupt"
  | "unsupported"
  | "denied"
  | "budget-exceeded";

/** Whether the failed write took effect. When it is `unknown`, retry with the same operation id. */
export type Outcome = "applied" | "not-applied" | "unknown";

export interface MemoryErrorOptions {
  /** `not-applied` when left out, which holds for everything that is refused before it reaches a store. */
  readonly outcome?: Outcome;
  /** Whether the same call may succeed later. Defaults by code: `unavailable` and `timeout` are retryable. */
  readonly retryable?: boolean;
  /**
   * Facts for programs: the refused field, the current version, the limit. Never data of another tenant. `attempts`,
   * when it is more than 1, is how many times the call was tried before this was thrown: callers must not retry such a
   * failure, so that retries do not multiply.
   */
  readonly details?: { readonly [name: string]: JsonValue };
  readonly cause?: unknown;
}

const marker: symbol = Symbol.for("relevo.MemoryError");

const retryableCodes: ReadonlySet<MemoryErrorCode> = new Set(["unavailable", "timeout"]);

/**
 * The error class of all Relevo packages.
 *
 * @example
 * ```ts
 * try {
 *   await log.append(address, events, { expectedVersion: 3 });
 * } catch (error) {
 *   if (MemoryError.isInstance(error, "conflict")) console.log(error.details.version);
 *   else throw error;
 * }
 * ```
 */
export class MemoryError extends Error {
  override readonly name: string = "MemoryError";
  readonly code: MemoryErrorCode;
  readonly outcome: Outcome;
  readonly retryable: boolean;
  readonly details: { readonly [name: string]: JsonValue };

  constructor(code: MemoryErrorCode, message: string, options: MemoryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.outcome = options.outcome ?? "not-applied";
    this.retryable = options.retryable ?? retryableCodes.has(code);
    this.details = options.details ?? {};
    // Two copies of this package in one process must recognise each other's errors, which `instanceof` does not.
    Object.defineProperty(this, marker, { value: true });
  }

  /** True for a `MemoryError` of any installed copy of this package, with this code when one is given. */
  static isInstance(error: unknown, code?: MemoryErrorCode): error is MemoryError {
    return isMarked(error) && (code === undefined || error.code === code);
  }
}

function isMarked(error: unknown): error is MemoryError {
  return typeof error === "object" && error !== null && marker in error;
}
