import { MemoryError } from "@relevo/core";
import { conflict, historyLost, refuse } from "@relevo/core/input";
import { formatVersion } from "../scripts/scripts.generated.ts";

/** What stands where the head of a session, or an operation, should be is none. */
export function corruptHead(cause?: unknown): MemoryError {
  const message = "What is stored of the session does not have the form that was written.";
  return new MemoryError("corrupt", message, { cause });
}

/** Whether a text begins with a format that only a later version of the store can read. */
export function isNewer(text: string): boolean {
  return Number(/^H?(\d+)\|/u.exec(text)?.[1]) > formatVersion;
}

/** Why a text does not have this store's format. */
export function unreadable(text: string): MemoryError {
  return isNewer(text) ? newerFormat() : corruptHead();
}

/** Something stored has a newer format. */
export function newerFormat(): MemoryError {
  return new MemoryError(
    "unsupported",
    "A newer version of @relevo/store-redis has written this. Update the store of this process; it has changed nothing.",
    { outcome: "not-applied", details: { formatVersion } },
  );
}

/** What a script answers: a status, then what goes with it. */
export type Answer = readonly [status: string, ...values: unknown[]];

/** @throws what the status says, when it is a refusal; `detail` completes a conflict. */
export function requireDone(answer: unknown, operation?: string): Answer {
  if (!Array.isArray(answer) || typeof answer[0] !== "string") {
    throw new MemoryError("corrupt", "A script gave an answer that the store does not know.", {
      outcome: "unknown",
    });
  }
  const [status, value, more] = answer as [string, unknown, unknown];
  switch (status) {
    case "ended":
      throw historyLost("ended");
    case "evicted":
      throw historyLost("evicted");
    case "incomplete":
      throw historyLost("incomplete");
    case "operation":
      throw conflict("operation", { operation: operation ?? "" });
    case "sealed":
      throw conflict("sealed", { sealed: true });
    case "fence":
      throw conflict("fence", { fence: Number(value) });
    case "removal":
      throw conflict("removal", { removalRevision: Number(value) });
    case "corrupt":
      throw corruptHead();
    case "newer":
      throw newerFormat();
    case "version":
      throw conflict("version", { version: Number(value) });
    case "retraction":
      throw refuse(
        "retraction",
        `names seq ${Number(more)}, but the log ends at ${Number(value)}. Retract what was appended before.`,
        { version: Number(value) },
      );
    default:
      return answer as unknown as Answer;
  }
}
