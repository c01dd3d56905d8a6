import { quartiles } from "../measure.ts";
import type { ConversationPool } from "./conversation-pool.ts";
import { type Shown, shownMessages, type TurnSubject, textOf } from "./turn-subject.ts";

/** Turns that ran one after the other in each lane, and the lanes side by side. Times in milliseconds. */
export interface Slice {
  readonly turns: number;
  readonly elapsedMs: number;
  /** Of a turn. */
  readonly medianMs: number;
  /** Processor time of this process, garbage collection included. */
  readonly clientMs: number;
}

export interface SliceOptions {
  /** Sessions at once. */
  readonly lanes: number;
  readonly turns: number;
}

/** What a slice is measured with. */
export interface Meters {
  /** Milliseconds that only go forward. */
  now(): number;
  /** Milliseconds of processor time so far. */
  processor(): number;
}

const machine: Meters = {
  now: () => performance.now(),
  processor() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

let asked = 0;

/**
 * Runs turns of prepared conversations.
 *
 * @throws Error when a turn does not show its own question last: what does not do the job is not measured.
 */
export async function runSlice(
  subject: TurnSubject,
  pool: ConversationPool,
  { lanes, turns }: SliceOptions,
  meters: Meters = machine,
): Promise<Slice> {
  const latencies: number[] = [];
  let begun = 0;
  const lane = async (): Promise<void> => {
    let conversation = pool.take();
    while (begun < turns) {
      begun++;
      if (conversation.left === 0) conversation = pool.take();
      conversation.left--;
      const question = textOf(asked++);
      const begin = meters.now();
      const turn = subject.turn(conversation.session, question);
      // An `await` of a plain value would be measured too.
      const shown = turn instanceof Promise ? await turn : turn;
      latencies.push(meters.now() - begin);
      requireShown(subject, shown, question);
    }
    pool.giveBack(conversation);
  };
  const processor = meters.processor();
  const begin = meters.now();
  await Promise.all(Array.from({ length: lanes }, lane));
  return {
    turns,
    elapsedMs: meters.now() - begin,
    medianMs: quartiles(latencies).median,
    clientMs: meters.processor() - processor,
  };
}

function requireShown({ name }: TurnSubject, { messages, newest }: Shown, question: string): void {
  if (newest !== question)
    throw new Error(`${name} showed ${JSON.stringify(newest)} last and not ${JSON.stringify(question)}.`);
  if (messages < 1 || messages > shownMessages)
    throw new Error(`${name} showed ${messages} messages; a turn shows 1 to ${shownMessages}.`);
}
