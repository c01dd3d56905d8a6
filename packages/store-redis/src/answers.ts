import { MemoryError } from "@relevo/core";
import type { Answer, Refusal } from "@relevo/core/store";
import { formatVersion } from "./scripts/scripts.generated.ts";

/** What a script answers: a status, then what goes with it. */
export type Reply = readonly [status: string, ...values: unknown[]];

/** Something stored of a session does not have the form that was written. */
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

/** The reply of a script. @throws `corrupt`; `unsupported` for a newer format. */
export function replyOf(answer: unknown): Reply {
  if (!Array.isArray(answer) || typeof answer[0] !== "string") {
    throw new MemoryError("corrupt", "A script gave an answer that the store does not know.", {
      outcome: "unknown",
    });
  }
  if (answer[0] === "corrupt") throw corruptHead();
  if (answer[0] === "newer") throw newerFormat();
  return answer as unknown as Reply;
}

/** The refusal that a script answered, `undefined` for any other reply. */
export function refusalOf([status, current, index]: Reply): Refusal | undefined {
  switch (status) {
    case "ended":
    case "evicted":
    case "incomplete":
    case "operation":
    case "sealed":
    case "lease":
    case "token":
      return { refused: status };
    case "fence":
    case "removal":
    case "retraction":
      return { refused: status, current: Number(current) };
    case "version":
      return index === undefined
        ? { refused: status, current: Number(current) }
        : { refused: status, current: Number(current), index: Number(index) };
    default:
      return undefined;
  }
}

/** A refusal as it is, nothing for `none`, anything else as `read` understands it. */
export function answerOf<Value>(answer: unknown, read: (reply: Reply) => Value): Answer<Value | undefined> {
  const reply = replyOf(answer);
  return refusalOf(reply) ?? { ok: reply[0] === "none" ? undefined : read(reply) };
}
