import type { BaseMessage } from "@langchain/core/messages";
import type { CallOptions } from "@relevo/core";
import { defaultLimits, MemoryError } from "@relevo/core";
import {
  admitFields,
  admitId,
  admitInteger,
  callKinds,
  type FieldTable,
  fieldTable,
  refuse,
  throwIfAborted,
} from "@relevo/core/input";
import type { Session } from "@relevo/memory";
import { readFrom } from "./import-failures.ts";
import { fromLangChain } from "./messages/convert-messages.ts";

export interface ImportChatHistoryOptions extends CallOptions {
  /** Names the history among those that the session gets. */
  readonly name: string;
  /** How many messages at the start were imported before; 0 when left out. */
  readonly after?: number | undefined;
}

const fields: FieldTable = fieldTable<ImportChatHistoryOptions>({
  ...callKinds,
  name: "selects",
  after: "refines",
});
const atOnce = 100;

/**
 * Appends the messages of another chat message history to a session, exactly, such as those of
 * `PostgresChatMessageHistory` and `@langchain/redis`. A second run appends nothing; a history that has grown is continued
 * with `after`.
 *
 * @returns how many messages there are, which is the next `after`.
 * @throws `invalid-input` and `too-large`, which name the message by its place in the history, as `messages[150]`; `corrupt` and
 *   `unavailable` when the history cannot be read; `conflict` when the history is another one than under this name before; as `append`.
 */
export async function importChatHistory(
  history: { getMessages(): Promise<BaseMessage[]> },
  session: Session,
  given: ImportChatHistoryOptions,
): Promise<number> {
  const { name, after, signal } = admitFields(given, "options", fields);
  if (typeof history?.getMessages !== "function")
    throw refuse("history", "must be a chat message history of LangChain, with getMessages().");
  if (typeof session?.append !== "function")
    throw refuse("session", "must be a session of a memory, such as memory.tenant(id).session(id).");
  admitId(name, "options.name", defaultLimits);
  admitId(`import:${name}:${Number.MAX_SAFE_INTEGER}`, "options.name", defaultLimits);
  const from = admitInteger(after ?? 0, "options.after", 0);
  throwIfAborted(signal);
  const messages = fromLangChain(await readFrom("history.getMessages()", () => history.getMessages()));
  if (from > messages.length)
    throw refuse(
      "options.after",
      `is ${from}, but the history has ${messages.length} messages: it was cleared since. Import it under another name.`,
    );
  for (let index = from; index < messages.length; index += atOnce)
    try {
      await session.append(messages.slice(index, index + atOnce), {
        operationId: `import:${name}:${index}`,
        signal,
      });
    } catch (error) {
      throw inHistory(error, index);
    }
  return messages.length;
}

/** The error with the message's place in the history for that in its batch. */
function inHistory(error: unknown, from: number): unknown {
  if (!MemoryError.isInstance(error)) return error;
  const { field } = error.details;
  const [start, place] = /^(?:request\.append|events)\[(\d+)\]/u.exec(String(field)) ?? [];
  if (start === undefined) return error;
  const named = (text: string): string => text.replace(start, `messages[${from + Number(place)}]`);
  const { code, outcome, retryable, details } = error;
  return new MemoryError(code, named(error.message), {
    outcome,
    retryable,
    details: { ...details, field: named(String(field)) },
    cause: error,
  });
}
