/** What a model would be shown in a turn: how many messages, and the text of the newest. */
export interface Shown {
  readonly messages: number;
  readonly newest: unknown;
}

/**
 * A library that keeps conversations, or raw statements in its place. A request finds nothing of an earlier one in the
 * process, as in a server that keeps no session object.
 */
export interface TurnSubject {
  readonly name: string;
  /** Makes a conversation with this many messages. */
  fill(session: string, messages: number): Promise<unknown>;
  /** One request: appends the question, reads what a model is to see (20 messages at most), appends the answer. */
  turn(session: string, question: string): Shown | Promise<Shown>;
}

/** Subjects on one server, measured by turns. */
export interface OpenGroup extends AsyncDisposable {
  /** What the others are divided by. */
  readonly floor: TurnSubject;
  readonly subjects: readonly TurnSubject[];
}

/** A server of its own for the subjects, or this process. */
export interface StartedGroup extends AsyncDisposable {
  /** Handed to each process that opens the group. */
  readonly url: string;
  /** Of the server, whose processor time is counted with that of its children. */
  readonly pid?: number;
  /** Called when the conversations of another length are there: statistics of tables, and the like. */
  settle?(): Promise<void>;
}

export interface TurnGroup {
  readonly title: string;
  /** Whether several processes can share the conversations. */
  readonly shared: boolean;
  /** A string instead says why the group cannot run here. */
  start(): Promise<StartedGroup | string>;
  open(url: string): Promise<OpenGroup>;
}

/** Other libraries for a group, on connections that the group's own subjects use as well. */
export type OpenPeers<Client> = (client: Client) => Promise<readonly TurnSubject[]>;

export const shownMessages: number = 20;
const words =
  "Hello, I would like to know more about the enterprise plan, and whether it includes support for our thirty teams in Spain.";

/** A message of some 120 letters that is not like any other. */
export function textOf(number: number | string): string {
  return `${words} (${number})`;
}

export const answer: string = textOf("answer");

/** The conversation before the first turn; users and assistants alternate, and the last is an answer. */
export function* earlierTexts(messages: number): Generator<{ role: "user" | "assistant"; content: string }> {
  for (let left = messages; left > 0; left--)
    yield { role: left % 2 === 0 ? "user" : "assistant", content: textOf(left) };
}

/** Values in groups of at most this many. */
export function* chunksOf<Value>(values: Iterable<Value>, size: number): Generator<Value[]> {
  let chunk: Value[] = [];
  for (const value of values) {
    if (chunk.push(value) < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
