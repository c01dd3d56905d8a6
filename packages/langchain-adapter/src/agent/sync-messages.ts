import type { BaseMessage } from "@langchain/core/messages";
import { fingerprint, type JsonValue, type Message, textOf } from "@relevo/core";
import type { Session, SessionMessage } from "@relevo/memory";
import { fromLangChain } from "../messages/convert-messages.ts";

/** A message of the graph's state that belongs in the log, with what tells it from others. */
export interface StateMessage {
  readonly id: string | undefined;
  readonly message: Message;
  /** Of its content, so that one that was changed is noticed. */
  readonly hash: string;
  /** Of its words and calls alone, so that it is known again without id and form. */
  readonly said: string;
}

/** Of each message that is in the log already, its id with its hash. */
export type KnownMessages = Map<string, string>;

/** The newest messages of a log are enough to find where a state goes on. */
const newest = 50;

/**
 * The conversation in a state: without instructions to reducers, without system messages, which are the agent's own, and without
 * what `summarizationMiddleware` put in place of messages that the log still has, under the id of one of them.
 */
export function conversationOf(messages: readonly BaseMessage[]): readonly StateMessage[] {
  const said = messages.filter(
    ({ type, additional_kwargs: extras }) =>
      (type as string) !== "remove" && type !== "system" && extras?.lc_source !== "summarization",
  );
  const converted = fromLangChain(said);
  return converted.map((message, index) => {
    const id = said[index]?.id;
    return {
      id: id === "" ? undefined : id,
      message,
      hash: hashOf(message.content),
      said: saidBy(message),
    };
  });
}

function saidBy(message: Message): string {
  const parts = typeof message.content === "string" ? [] : message.content;
  const ids = parts.flatMap((part) =>
    part.type === "tool-call" || part.type === "tool-result" ? [part.toolCallId] : [],
  );
  return fingerprint([message.role, textOf(message), ids]);
}

/**
 * Notes which messages at the start of the state are in the log already. The newest message of the log is looked for in the
 * state, by its id, or by what it says together with the one before it: a client may send a whole conversation under new ids.
 */
export async function noteKnown(
  session: Session,
  state: readonly StateMessage[],
  known: KnownMessages,
): Promise<void> {
  const log = await session.messages({ limit: newest });
  note(state.slice(0, countKnown(log, state)), known);
  // As the log has them: a person may have changed a call since.
  for (const { id, content } of log) if (known.has(id)) known.set(id, hashOf(content));
}

function countKnown(log: readonly SessionMessage[], state: readonly StateMessage[]): number {
  const ids = new Set(log.map(({ id }) => id));
  for (let index = state.length - 1; index >= 0; index--) {
    const { id } = state[index] as StateMessage;
    if (id !== undefined && ids.has(id)) return index + 1;
  }
  const [last, previous] = log.slice(-2).toReversed().map(saidBy);
  if (last === undefined) return 0;
  for (let index = state.length - 1; index >= 0; index--) {
    // At the start of a state, only the newest message of the log can be compared.
    const isKnown = state[index]?.said === last && (index === 0 || state[index - 1]?.said === previous);
    if (isKnown) return index + 1;
  }
  return 0;
}

function hashOf(content: Message["content"]): string {
  return fingerprint(content as unknown as JsonValue);
}

/**
 * Appends what the state has and the log has not, in its order and in one step. A message that was changed in the state, such as
 * a call that a person has edited, takes the place of what the log has, with what followed it.
 */
export async function syncMessages(
  session: Session,
  state: readonly StateMessage[],
  known: KnownMessages,
): Promise<void> {
  const changed = state.findIndex(
    ({ id, hash }) => id !== undefined && known.has(id) && known.get(id) !== hash,
  );
  const fresh = state.filter(({ id }) => id === undefined || !known.has(id));
  if (changed !== -1) {
    const from = state[changed] as StateMessage;
    const rest = state.slice(changed);
    await session.replaceFrom(
      from.id ?? "",
      rest.map(({ message }) => message),
      { reason: "changed by the agent" },
    );
    note(rest, known);
    return;
  }
  if (fresh.length === 0) return;
  await session.append(fresh.map(({ message }) => message));
  note(fresh, known);
}

function note(messages: readonly StateMessage[], known: KnownMessages): void {
  for (const { id, hash } of messages) if (id !== undefined) known.set(id, hash);
}
