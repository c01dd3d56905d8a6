import type { JsonValue } from "../json.ts";
import { MemoryError, type Outcome } from "../memory-error.ts";

/** What the other writer changed first, or what does not match. */
export type ConflictKind =
  | "version"
  | "token"
  | "fence"
  | "operation"
  | "sealed"
  | "removal"
  | "lease"
  | "incarnation"
  | "import";

const messages: Readonly<Record<ConflictKind, string>> = {
  version: "Another writer was first: the expected version is not the current one. Read again and retry.",
  token:
    "The session was written or replaced since it was read: the expected token is not the current one. Read again and decide again.",
  fence: "The lease is no longer the newest: another holder runs this session. Stop this turn.",
  operation: "This operation id was used for another request. Use a new id for a new request.",
  sealed: "The session is sealed, because it is being moved to another store.",
  removal:
    "Something that the new content is derived from was erased, retracted or trimmed after it was read. Read again.",
  lease: "Another holder has the lease. Wait longer or try again later.",
  incarnation: "Another incarnation of the session lives here.",
  import: "What the batch brings is here in another or newer form, or the session here is not sealed.",
};

/** The `conflict` that every store throws alike; `current` is the value that the caller did not expect. */
export function conflict(kind: ConflictKind, current: { readonly [name: string]: JsonValue }): MemoryError {
  return new MemoryError("conflict", messages[kind], {
    retryable: kind === "lease",
    details: { conflict: kind, ...current },
  });
}

/** True for a `conflict` of any store, of this kind when one is given: what is `details.conflict` of the error. */
export function isConflict(error: MemoryError, kind?: ConflictKind): boolean;
export function isConflict(error: unknown, kind?: ConflictKind): error is MemoryError;
export function isConflict(error: unknown, kind?: ConflictKind): boolean {
  return MemoryError.isInstance(error, "conflict") && (kind === undefined || error.details.conflict === kind);
}

/** The `history-lost` that every store throws alike. `reason` says whether it was deleted, evicted or lost. */
export function historyLost(reason: "ended" | "evicted" | "incomplete" | "changes"): MemoryError {
  return new MemoryError("history-lost", historyLostMessages[reason], { details: { reason } });
}

const historyLostMessages = {
  ended: "The incarnation of the session that this call means has ended: it was deleted or has expired.",
  evicted: "The session's history was evicted to make room. Delete the session to start it anew.",
  incomplete: "Part of the session's history is missing from the store. Delete the session to start it anew.",
  changes:
    "The store no longer knows what was written since this cursor. Read everything again, and begin with a new cursor.",
} as const;

/** `outcome` for a call that was under way when the store was closed. */
export function closedError(outcome: Outcome = "not-applied"): MemoryError {
  return new MemoryError("closed", "The store was closed. Create a new one.", { outcome });
}
