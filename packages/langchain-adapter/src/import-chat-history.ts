import type { BaseMessage } from "@langchain/core/messages";
import type { CallOptions } from "@relevo/core";
import { defaultLimits } from "@relevo/core";
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
 * @throws `invalid-input`; `conflict` when the history is another one than under this name before; as `append`.
 */
export async function importChatHistory(
  history: { getMessages(): Promise<BaseMessage[]> },
  session: Session,
  given: ImportChatHistoryOptions,
): Promise<number> {
  const { name, after, signal } = admitFields(given, "options", fields);
  if (typeof history?.getMessages !== "function")
    throw refuse("history", "must be a chat message history of LangChain, with getMessages().");
  admitId(`import:${name}:${Number.MAX_SAFE_INTEGER}`, "options.name", defaultLimits);
  const from = admitInteger(after ?? 0, "options.after", 0);
  throwIfAborted(signal);
  const messages = fromLangChain(await history.getMessages());
  for (let index = from; index < messages.length; index += atOnce)
    await session.append(messages.slice(index, index + atOnce), {
      operationId: `import:${name}:${index}`,
      signal,
    });
  return messages.length;
}
