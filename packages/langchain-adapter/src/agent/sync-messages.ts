import type { BaseMessage } from "@langchain/core/messages";
import { fingerprint, type JsonValue, type Message, textOf } from "@relevo/core";
import type { Session, SessionMessage } from "@relevo/memory";
import { fromLangChain } from "../messages/convert-messages.ts";
import { withCallIds } from "./call-ids.ts";
import { storableId, storableMessage } from "./storable.ts";

/** A message of the graph's state that belongs in the log, converted when somebody asks: most are in the log already. */
export class StateMessage {
  /** As the log has it. */
  readonly id: string | undefined;
  readonly #source: BaseMessage;
  #message: Message | undefined;

  constructor(source: BaseMessage) {
    this.id = storableId(source.id);
    this.#source = source;
  }

  get message(): Message {
    this.#message ??= storableMessage(fromLangChain([this.#source])[0] as Message);
    return this.#message;
  }

  /** Of its content, so that one that was changed is noticed. */
  get hash(): string {
    return hashOf(this.message.content);
  }

  /** Of its words and calls alone, so that it is known again without id and form. */
  get said(): string {
    return saidBy(this.message);
  }
}

/**
 * Of each message of the state that is in the log already, by its id, with which content; `undefined` for one that the log has under
 * another id, which is not compared any more.
 */
export type KnownMessages = Map<string, string | undefined>;

/**
 * Whether a run may be one that has begun before, or goes back to an older checkpoint than the newest. An agent of a graph that goes
 * back may know but a part of the conversation, so there the time of the checkpoint counts, in milliseconds.
 */
export type RunStart = "new" | "set back or new" | "resumed" | "gone back" | { readonly goneBackTo: number };

/** The newest messages of a log are enough to find where a state continues, unless the run goes back. */
const newest = 50;
const pageGrowth = 8;

/**
 * The conversation in a state: without instructions to reducers, without system messages, which are the agent's own, and without
 * what `summarizationMiddleware` put in place of messages that the log still has, under the id of one of them.
 */
export function conversationOf(messages: readonly BaseMessage[]): readonly StateMessage[] {
  const said = messages.filter(
    ({ type, additional_kwargs: extras }) =>
      (type as string) !== "remove" && type !== "system" && extras?.lc_source !== "summarization",
  );
  return withCallIds(said).map((message) => new StateMessage(message));
}

function saidBy(message: Message): string {
  const parts = typeof message.content === "string" ? [] : message.content;
  const ids = parts.flatMap((part) =>
    part.type === "tool-call" || part.type === "tool-result" ? [part.toolCallId] : [],
  );
  return fingerprint([message.role, textOf(message), ids]);
}

/**
 * Notes which messages at the start of the state are in the log already.
 *
 * They are told by their ids, and those behind them by what they say: after a crash, a graph gives new ids to what it has not
 * stored with one. Where no id is known, the newest message of the log is looked for with the one before it: a client may
 * send a whole conversation under new ids.
 *
 * A run that continues after a crash may know less than the log. What it does not know it makes again, so those answers are
 * retracted; where the run may be a new one, only when its state has nothing new. A run that goes back to an older checkpoint
 * takes back all that was said since, but for what the session says to the system.
 */
export async function noteKnown(
  session: Session,
  state: readonly StateMessage[],
  known: KnownMessages,
  start: RunStart,
): Promise<void> {
  const { log, last } = await findCommon(session, state, start);
  if (goesBack(start)) {
    const after = typeof start === "object" ? start.goneBackTo : Number.NEGATIVE_INFINITY;
    const since = log
      .slice((last?.inLog ?? -1) + 1)
      .filter(({ role, at }) => role !== "system" && (at ?? 0) > after);
    await retract(session, since, "the run goes back to an older checkpoint");
  }
  if (last === undefined) return;
  const byId = new Map(log.map((message) => [message.id, message]));
  for (const { id } of state.slice(0, last.inState + 1)) {
    if (id === undefined) continue;
    const stored = byId.get(id);
    // As the log has it: a person may have changed a call since.
    known.set(id, stored && hashOf(stored.content));
  }
  const rest = log.slice(last.inLog + 1);
  const isSetBack = start === "resumed" || (start === "set back or new" && last.inState === state.length - 1);
  if (isSetBack && rest.every(({ role }) => role === "assistant" || role === "tool"))
    await retract(session, rest, "made again after a crash");
}

async function retract(session: Session, messages: readonly SessionMessage[], reason: string): Promise<void> {
  if (messages.length > 0) await session.retract({ seqs: messages.map(({ seq }) => seq), reason });
}

/** The newest messages of the log, and the last one that they and the state have; of a run that goes back, as many as it takes. */
async function findCommon(
  session: Session,
  state: readonly StateMessage[],
  start: RunStart,
): Promise<{ readonly log: readonly SessionMessage[]; readonly last: Common | undefined }> {
  for (let limit = newest; ; limit *= pageGrowth) {
    const log = await session.messages({ limit });
    const last = lastInCommon(log, state);
    const isEnough =
      last !== undefined ||
      !goesBack(start) ||
      (typeof start === "object" && isOlder(log[0], start.goneBackTo));
    if (isEnough || log.length < limit) return { log, last };
  }
}

function goesBack(start: RunStart): boolean {
  return start === "gone back" || typeof start === "object";
}

function isOlder(message: SessionMessage | undefined, time: number): boolean {
  return message !== undefined && (message.at ?? 0) <= time;
}

/** The last message that both have. */
interface Common {
  readonly inLog: number;
  readonly inState: number;
}

function lastInCommon(log: readonly SessionMessage[], state: readonly StateMessage[]): Common | undefined {
  const places = new Map(log.map(({ id }, index) => [id, index]));
  const anchored = state.findLastIndex(({ id }) => id !== undefined && places.has(id));
  if (anchored === -1) return lastBySaid(log, state);
  let inLog = places.get(state[anchored]?.id ?? "") ?? 0;
  let inState = anchored;
  for (;;) {
    const stored = log[inLog + 1];
    if (stored === undefined || state[inState + 1]?.said !== saidBy(stored)) break;
    inLog++;
    inState++;
  }
  return { inLog, inState };
}

function lastBySaid(log: readonly SessionMessage[], state: readonly StateMessage[]): Common | undefined {
  const [last, previous] = log.slice(-2).toReversed().map(saidBy);
  // At the start of a state, only the newest message of the log can be compared.
  const inState =
    last === undefined
      ? -1
      : state.findLastIndex(
          (message, index) => message.said === last && (index === 0 || state[index - 1]?.said === previous),
        );
  return inState === -1 ? undefined : { inLog: log.length - 1, inState };
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
  const changed = state.findIndex((message) => {
    const hash = message.id === undefined ? undefined : known.get(message.id);
    return hash !== undefined && hash !== message.hash;
  });
  if (changed !== -1) {
    const rest = state.slice(changed);
    await session.replaceFrom(
      rest[0]?.id ?? "",
      rest.map(({ message }) => message),
      { reason: "changed by the agent" },
    );
    note(rest, known);
    return;
  }
  const fresh = state.filter(({ id }) => id === undefined || !known.has(id));
  if (fresh.length === 0) return;
  await session.append(fresh.map(({ message }) => message));
  note(fresh, known);
}

function note(messages: readonly StateMessage[], known: KnownMessages): void {
  for (const { id, hash } of messages) if (id !== undefined) known.set(id, hash);
}
