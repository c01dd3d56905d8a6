import { type ConversationPool, createConversationPool } from "./conversation-pool.ts";
import { runSlice, type Slice, type SliceOptions } from "./run-slice.ts";
import type { OpenGroup, TurnGroup, TurnSubject } from "./turn-subject.ts";

export interface SliceRequest extends SliceOptions {
  /** Its place among the names that `open` gave. */
  readonly subject: number;
  readonly history: number;
}

/** Runs turns of one group at a time: here, or in a process of its own. */
export interface TurnProcess extends AsyncDisposable {
  /** Connects to the server of a group, and gives the names of its subjects, the floor first. */
  open(title: string, url: string): Promise<readonly string[]>;
  /** Makes the conversations that `run` with the same request takes. */
  prepare(request: SliceRequest): Promise<void>;
  run(request: SliceRequest): Promise<Slice>;
  close(): Promise<void>;
}

/** Turns in this process. Its conversations have names with this prefix, which no other process has. */
export function createTurnProcess(groups: readonly TurnGroup[], prefix: string): TurnProcess {
  let group: OpenGroup | undefined;
  let subjects: readonly TurnSubject[] = [];
  const pools = new Map<TurnSubject, { readonly history: number; readonly pool: ConversationPool }>();
  const find = ({ subject: index, history }: SliceRequest) => {
    const subject = subjects[index];
    if (subject === undefined) throw new RangeError(`There is no subject ${index}.`);
    const known = pools.get(subject);
    if (known?.history === history) return { subject, pool: known.pool };
    const pool = createConversationPool(subject, history, `${prefix}-${index}`);
    pools.set(subject, { history, pool });
    return { subject, pool };
  };
  const close = async (): Promise<void> => {
    await group?.[Symbol.asyncDispose]();
    group = undefined;
    subjects = [];
    pools.clear();
  };
  return {
    async open(title, url) {
      await close();
      const chosen = groups.find((one) => one.title === title);
      if (chosen === undefined) throw new RangeError(`There is no group ${title}.`);
      group = await chosen.open(url);
      subjects = [group.floor, ...group.subjects];
      return subjects.map(({ name }) => name);
    },
    async prepare(request) {
      await find(request).pool.prepare(request.lanes, request.turns);
    },
    async run(request) {
      const { subject, pool } = find(request);
      return await runSlice(subject, pool, request);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
