import type { TurnSubject } from "./turn-subject.ts";

/** A conversation of the wanted length, for as many turns as leave it near that length. */
export interface Conversation {
  readonly session: string;
  left: number;
}

/**
 * Conversations of a subject at one length. A turn adds two messages, so that each conversation serves only for some
 * turns: its length stays within an eighth of the wanted one, and begins as far below it as it ends above.
 */
export interface ConversationPool {
  /** Makes what is missing for this many turns in this many conversations at once. */
  prepare(lanes: number, turns: number): Promise<void>;
  /** @throws `RangeError` when less was prepared. */
  take(): Conversation;
  giveBack(conversation: Conversation): void;
}

const filledAtOnce = 8;

export function createConversationPool(
  subject: TurnSubject,
  history: number,
  prefix: string,
): ConversationPool {
  const turnsEach = Math.ceil(history / 8);
  const free: Conversation[] = [];
  let made = 0;
  const add = async (): Promise<void> => {
    const session = `${prefix}-${history}-${made++}`;
    await subject.fill(session, Math.max(0, history - turnsEach));
    free.push({ session, left: turnsEach });
  };
  return {
    async prepare(lanes, turns) {
      let missing = missingConversations(
        free.map(({ left }) => left),
        { turnsEach, lanes, turns },
      );
      while (missing > 0) {
        const now = Math.min(missing, filledAtOnce);
        await Promise.all(Array.from({ length: now }, add));
        missing -= now;
      }
    },
    take() {
      const conversation = free.pop();
      if (conversation === undefined) throw new RangeError("No conversation was prepared for this turn.");
      return conversation;
    },
    giveBack(conversation) {
      if (conversation.left > 0) free.push(conversation);
    },
  };
}

/**
 * How many new conversations it takes so that no lane finds none free. In the worst case each of the other lanes holds
 * one that is still whole.
 */
export function missingConversations(
  left: readonly number[],
  need: { readonly turnsEach: number; readonly lanes: number; readonly turns: number },
): number {
  const { turnsEach, lanes, turns } = need;
  const held = lanes - 1;
  const fullestFirst = [...left].sort((a, b) => b - a);
  const usable = (added: number): number =>
    Math.max(0, added - held) * turnsEach +
    fullestFirst.slice(Math.max(0, held - added)).reduce((sum, one) => sum + one, 0);
  let added = Math.max(0, lanes - left.length);
  while (usable(added) < turns) added++;
  return added;
}
