import { BaseListChatMessageHistory } from "@langchain/core/chat_history";
import type { BaseMessage } from "@langchain/core/messages";
import { admitFields, type FieldTable, fieldTable, refuse } from "@relevo/core/input";
import type { Session } from "@relevo/memory";
import { fromLangChain, toLangChain } from "./messages/convert-messages.ts";

export interface ChatMessageHistoryOptions {
  /** The conversation, such as `memory.tenant("acme").session(sessionId)`. */
  readonly session: Session;
  /**
   * Whether `getMessages` returns the session's view, which is what a model should be shown, in place of all messages. Needs
   * `historyMessagesKey` in a `RunnableWithMessageHistory`, which otherwise counts the messages to find the new ones. False
   * when left out.
   */
  readonly view?: boolean | undefined;
}

const fields: FieldTable = fieldTable<ChatMessageHistoryOptions>({ session: "selects", view: "refines" });

/**
 * The messages of a session as a chat message history of LangChain, for `RunnableWithMessageHistory` and the like.
 *
 * `addMessages` appends all messages or none, in their order, also while other processes append. A message with an id that
 * the history has read or written before is not appended again. `clear` retracts the messages; the session stays.
 *
 * @throws `invalid-input` that names the option. Methods throw what the session throws.
 *
 * @example
 * ```ts
 * const chat = new RunnableWithMessageHistory({
 *   runnable: prompt.pipe(model),
 *   getMessageHistory: (id) => new RelevoChatMessageHistory({ session: acme.session(id) }),
 *   inputMessagesKey: "question",
 *   historyMessagesKey: "history",
 * });
 * ```
 */
export class RelevoChatMessageHistory extends BaseListChatMessageHistory {
  override lc_namespace: string[] = ["relevo", "chat_history"];
  override lc_serializable: boolean = false;
  readonly #session: Session;
  readonly #view: boolean;
  readonly #known: Set<string> = new Set();

  constructor(given: ChatMessageHistoryOptions) {
    const { session, view = false } = admitFields(given, "options", fields);
    if (typeof session?.append !== "function" || typeof session.view !== "function")
      throw refuse(
        "options.session",
        "must be a session of a memory, such as memory.tenant(id).session(id).",
      );
    if (typeof view !== "boolean") throw refuse("options.view", "must be true or false.");
    super();
    this.#session = session;
    this.#view = view;
  }

  override async getMessages(): Promise<BaseMessage[]> {
    const messages = this.#view ? (await this.#session.view()).messages : await this.#session.messages();
    const converted = toLangChain(messages);
    this.#note(converted);
    return converted;
  }

  override async addMessage(message: BaseMessage): Promise<void> {
    await this.addMessages([message]);
  }

  override async addMessages(messages: BaseMessage[]): Promise<void> {
    const converted = fromLangChain(messages).filter(({ id }) => id === undefined || !this.#known.has(id));
    if (converted.length === 0) return;
    await this.#session.append(converted);
    this.#note(messages);
  }

  override async clear(): Promise<void> {
    await this.#session.clear();
    this.#known.clear();
  }

  #note(messages: readonly BaseMessage[]): void {
    for (const { id } of messages) if (id !== undefined) this.#known.add(id);
  }
}
