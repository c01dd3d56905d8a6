import type { EventInput } from "../events.ts";
import { conflict, historyLost } from "../input/conflict.ts";
import { checkRetraction } from "../input/events.ts";
import { refuse, tooLarge } from "../input/refuse.ts";
import { MemoryError } from "../memory-error.ts";

/** Why a driver did not do what was asked. Nothing was changed. */
export type Refusal =
  /** The incarnation that is meant has ended, or the history was evicted, or a part of it is missing. */
  | { readonly refused: "ended" | "evicted" | "incomplete" }
  /** The operation id is known with another fingerprint. */
  | { readonly refused: "operation" }
  | { readonly refused: "sealed" }
  /** `current` is the newest token, 0 when none was granted. */
  | { readonly refused: "fence"; readonly current: number }
  /** `current` is the version that is stored, 0 for none; `index` says which write of a batch it is. */
  | { readonly refused: "version"; readonly current: number; readonly index?: number | undefined }
  /** The session has another write token, or none that is known. */
  | { readonly refused: "token" }
  /** `current` is the session's `removalRevision`. */
  | { readonly refused: "removal"; readonly current: number }
  /** A retraction names more than was appended; `current` is the version of the log. */
  | { readonly refused: "retraction"; readonly current: number }
  /** The feed does not reach back to the position, or the position is none of this feed. */
  | { readonly refused: "changes" | "position" }
  /** The lease was released, or is another's. */
  | { readonly refused: "lease" }
  /** A limit of this store alone; core's limits are checked before. */
  | {
      readonly refused: "too-large";
      readonly field: string;
      readonly limit: string;
      readonly maximum: number;
      readonly actual?: number | undefined;
    }
  | ImportRefusal;

/** Why `planImport` or `planDocumentImport` refuses a batch. */
export type ImportRefusal =
  /** Another incarnation lives here. */
  | { readonly refused: "incarnation"; readonly current: string }
  /** What is here under this `seq` or operation id is something else. */
  | { readonly refused: "import"; readonly seq: number }
  | { readonly refused: "import"; readonly operation: string }
  /** So is what is here instead of the document at this place in the batch; `version` is that of what is here. */
  | { readonly refused: "import"; readonly version: number; readonly index: number }
  /** The batch would add to a session that is not sealed; `current` is its version. */
  | { readonly refused: "unsealed"; readonly current: number }
  /** The log ends at `current`, and the batch does not begin behind it. */
  | { readonly refused: "gap"; readonly current: number }
  /** The batch begins before the first `seq` of its own head. */
  | { readonly refused: "before-head" };

/** What a driver answers: what was asked for, or why it is refused. */
export type Answer<Value> =
  | { readonly ok: Value; readonly refused?: undefined }
  | (Refusal & { readonly ok?: undefined });

/** What the error needs to know of the call that was refused. */
export interface RefusedCall {
  readonly operation?: { readonly id: string } | undefined;
  readonly events?: readonly { readonly event: EventInput }[];
  /** Whether the caller passed several writes, and so needs to know which it was. */
  readonly many?: boolean;
}

const none: RefusedCall = {};

/** The error that every store throws alike for a refusal. */
export function refusalError(refusal: Refusal, call: RefusedCall = none): MemoryError {
  switch (refusal.refused) {
    case "ended":
    case "evicted":
    case "incomplete":
      return historyLost(refusal.refused);
    case "operation":
      return conflict("operation", { operation: call.operation?.id ?? "" });
    case "sealed":
      return conflict("sealed", { sealed: true });
    case "fence":
      return conflict("fence", { fence: refusal.current });
    case "version": {
      const { current: version, index = 0 } = refusal;
      return conflict("version", call.many === true ? { version, index } : { version });
    }
    case "token":
      return conflict("token", {});
    case "removal":
      return conflict("removal", { removalRevision: refusal.current });
    case "retraction":
      return retractionError(refusal.current, call.events ?? []);
    case "changes":
      return historyLost("changes");
    case "position":
      return refuse("cursor", "is not one that changes returned. Pass a page's cursor unchanged.");
    case "lease":
      return conflict("lease", {});
    case "too-large":
      return tooLarge(refusal.field, refusal.limit, refusal.maximum, refusal.actual);
    case "incarnation":
      return conflict("incarnation", { incarnation: refusal.current });
    case "import":
      return conflict("import", importDetails(refusal));
    case "unsealed":
      return conflict("import", { sealed: false, version: refusal.current });
    case "gap":
      return refuse("batch.events", `would leave a gap: the log ends at ${refusal.current}.`, {
        version: refusal.current,
      });
    case "before-head":
      return refuse("batch.events", "begins before the first seq of its head.");
    default:
      return unknownRefusal(refusal);
  }
}

function importDetails(
  refusal: Extract<ImportRefusal, { readonly refused: "import" }>,
): Parameters<typeof conflict>[1] {
  const { refused: _, ...details } = refusal;
  return details;
}

function retractionError(version: number, events: NonNullable<RefusedCall["events"]>): MemoryError {
  try {
    for (const { event } of events) checkRetraction(event, version);
  } catch (error) {
    if (MemoryError.isInstance(error)) return error;
    throw error;
  }
  return new MemoryError("corrupt", `The store refused a retraction that version ${version} admits.`);
}

function unknownRefusal(refusal: never): MemoryError {
  const { refused } = refusal as { readonly refused: unknown };
  return new MemoryError(
    "corrupt",
    `The store's driver refused with ${String(refused)}, which is not known.`,
    {
      outcome: "unknown",
    },
  );
}
