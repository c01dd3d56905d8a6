import { type HandoffRecord, MemoryError } from "@relevo/core";

/**
 * Thrown by a receiver that does not take a handoff. The handoff is recorded as `rejected` with the reason, and
 * the sender gets this error. Anything else that a receiver throws counts as `failed`.
 */
export class HandoffRejected extends MemoryError {
  /** Why, in the receiver's words. It is what the record's error says. */
  readonly reason: string;

  constructor(reason: string) {
    const words = clean(reason);
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

const maxMessageLength = 2000;

/** True for a rejection by a receiver; asking harms nothing, whatever was thrown. */
export function isRejection(error: unknown): error is HandoffRejected {
  try {
    return error instanceof HandoffRejected;
  } catch {
    // A revoked proxy answers no question, so it is no rejection either.
    return false;
  }
}

/** An error as it is recorded. Any thrown value will do; what a store would refuse is replaced. */
export function describeError(error: unknown): NonNullable<HandoffRecord["error"]> {
  try {
    return describe(error);
  } catch {
    // A getter or a proxy threw. The handoff still has to end, and its caller gets the value itself.
    return { name: typeof error, message: "What was thrown could not be read." };
  }
}

function describe(error: unknown): NonNullable<HandoffRecord["error"]> {
  if (isRejection(error)) {
    return { name: "HandoffRejected", message: error.reason, code: error.code };
  }
  if (typeof error !== "object" || error === null)
    return { name: typeof error, message: clean(String(error)) };
  const { name, message, code } = error as { name?: unknown; message?: unknown; code?: unknown };
  return {
    name: typeof name === "string" && name !== "" ? clean(name) : "Error",
    message: typeof message === "string" ? clean(message) : "",
    ...(typeof code === "string" ? { code: clean(code) } : {}),
  };
}

/** A foreign text cut to a bound and made storable: stores refuse NUL and half surrogates. */
export function clean(text: string): string {
  const cut = text.length > maxMessageLength ? `${text.slice(0, maxMessageLength)}…` : text;
  return cut.toWellFormed().replaceAll("\0", "\uFFFD");
}
