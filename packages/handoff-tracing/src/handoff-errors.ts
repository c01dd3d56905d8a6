import { type HandoffRecord, MemoryError } from "@relevo/core";
import { describeError, storableText } from "@relevo/core/input";

/**
 * Thrown by a receiver that does not take a handoff. The handoff is recorded as `rejected` with the reason, and
 * the sender gets this error. Anything else that a receiver throws counts as `failed`.
 */
export class HandoffRejected extends MemoryError {
  /** Why, in the receiver's words. It is what the record's error says. */
  readonly reason: string;

  constructor(reason: string) {
    const words = storableText(reason);
    super("denied", `The receiver rejected the handoff: ${words}`, { details: { reason: words } });
    this.reason = words;
  }
}

/**
 * The receiver did its work, but the end of the handoff could not be recorded. Do not run the receiver again:
 * `result` is what it returned, `record` what should stand in the log. `outcome` says whether the record may be
 * there nevertheless; `cause` is the store's error.
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

/** True for a rejection by a receiver; asking harms nothing, whatever was thrown. */
export function isRejection(error: unknown): error is HandoffRejected {
  try {
    return error instanceof HandoffRejected;
  } catch {
    // A revoked proxy answers no question, so it is no rejection either.
    return false;
  }
}

/** An error as it is recorded, whatever was thrown: of a rejection the receiver's words. */
export function recordedError(error: unknown): NonNullable<HandoffRecord["error"]> {
  if (isRejection(error)) return { name: "HandoffRejected", message: error.reason, code: error.code };
  return describeError(error);
}
