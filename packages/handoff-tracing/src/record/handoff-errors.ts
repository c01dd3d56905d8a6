import { type HandoffRecord, type JsonValue, MemoryError } from "@relevo/core";
import { describeError, storableText } from "@relevo/core/input";

/**
 * Thrown by a receiver that refuses a handoff. The handoff is recorded as `rejected` with the reason, and the sender
 * gets this error. Anything else that a receiver throws counts as `failed`.
 */
export class HandoffRejected extends MemoryError {
  /** The receiver's reason, as it is recorded. */
  readonly reason: string;

  constructor(reason: string) {
    const words = storableText(reason);
    super("denied", `The receiver rejected the handoff: ${words}`, { details: { reason: words } });
    this.reason = words;
  }
}

/** Why a handoff was refused before its receiver ran. */
export type HandoffRefusal = "depth" | "repeats" | "data";

/**
 * A handoff was refused before its receiver ran, and is recorded as `rejected`: it would be nested too `depth`, it
 * `repeats` one between the same two agents too often (both `denied`), or its `data` is not what the schema says
 * (`invalid-input`, `details.issues`). The enclosing handoffs, which fail with this error unless a receiver catches it,
 * name the refused one in `causedBy` and do not repeat the message.
 */
export class HandoffRefused extends MemoryError {
  override readonly name: string = "HandoffRefused";
  readonly refusal: HandoffRefusal;

  constructor(
    refusal: HandoffRefusal,
    message: string,
    details: { readonly [name: string]: JsonValue },
    cause?: unknown,
  ) {
    super(refusal === "data" ? "invalid-input" : "denied", storableText(message), {
      details: { refusal, ...details },
      ...(cause === undefined ? {} : { cause }),
    });
    this.refusal = refusal;
  }
}

/**
 * The receiver has completed, but the end of the handoff could not be recorded. Do not run the receiver again: `result`
 * is what it returned, and `record` is what should be in the log. `outcome` says whether the record may be there after
 * all; `cause` is the error of the store.
 */
export class HandoffNotRecorded extends MemoryError {
  readonly result: unknown;
  readonly record: HandoffRecord;

  constructor(result: unknown, record: HandoffRecord, cause: unknown) {
    const known = MemoryError.isInstance(cause);
    super(
      known ? cause.code : "unavailable",
      `The end of handoff ${record.handoffId} could not be recorded.`,
      {
        outcome: known ? cause.outcome : "unknown",
        retryable: false,
        details: { handoffId: record.handoffId, status: record.status },
        cause,
      },
    );
    this.result = result;
    this.record = record;
  }
}

/** Not retryable: the receiver may have done its work, and may still be doing it. */
export function receiverTimeout(timeoutMs: number | undefined, handoffId: string): MemoryError {
  return new MemoryError("timeout", `The receiver did not finish within ${timeoutMs} ms.`, {
    outcome: "unknown",
    retryable: false,
    details: { handoffId, ...(timeoutMs === undefined ? {} : { timeoutMs }) },
  });
}

/** True for a rejection by a receiver. It never throws, whatever was thrown. */
export function isRejection(error: unknown): error is HandoffRejected {
  try {
    return error instanceof HandoffRejected;
  } catch {
    // `instanceof` throws for a revoked proxy, which is no rejection.
    return false;
  }
}

/** A thrown value in the form that is recorded; for a rejection, the reason. */
export function recordedError(error: unknown): NonNullable<HandoffRecord["error"]> {
  if (isRejection(error)) return { name: "HandoffRejected", message: error.reason, code: error.code };
  return describeError(error);
}
