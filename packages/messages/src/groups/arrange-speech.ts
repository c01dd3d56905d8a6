import type { ContentPart } from "@relevo/core";
import type { Entry } from "./entry.ts";
import type { DraftCall, GroupDraft } from "./group-draft.ts";
import { reasoningItemOf } from "./reasoning-item.ts";
import { isClientCall } from "./sendable-part.ts";

/** Parts that are shown in one message, and the entry that determines its position. */
export interface SpokenMessage {
  readonly entry: Entry;
  readonly parts: ContentPart[];
  /** Other entries whose parts are merged into this message. */
  readonly merged: Set<number>;
}

interface Placed {
  readonly entry: Entry;
  readonly part: ContentPart;
}

/** What is said before calls, the reasoning that led to them, and the calls. */
interface Round {
  readonly spoken: Placed[];
  readonly thoughts: Placed[];
  readonly calls: Placed[];
}

/**
 * The assistant's messages in the form that providers accept, in rounds: the results of the calls of a round follow it.
 * Calls that the application runs are at the end of their round.
 *
 * Reasoning stays directly before what it led to, and is dropped with it: some providers check that a reasoning item is
 * followed by its own output. A call with signed reasoning that follows other calls therefore starts another round:
 * `rs_1, a, rs_2, b` becomes `rs_1, a`, the result of `a`, `rs_2, b`, the result of `b`.
 */
export function roundsOf({ speech }: GroupDraft): SpokenMessage[][] {
  const first = emptyRound();
  const rounds = [first];
  /** Reasoning that has led to nothing so far. What is left at the end is not shown. */
  let thoughts: Placed[] = [];
  /** The item that they belong to, if known. */
  let itemOfThoughts: string | undefined;
  for (const { entry, parts } of speech) {
    if (thoughts[0] !== undefined && thoughts[0].entry.message.agent !== entry.message.agent) thoughts = [];
    for (const { part, call, hidden } of parts) {
      if (part.type === "reasoning") {
        const item = reasoningItemOf(part) ?? (thoughts.length > 0 ? itemOfThoughts : undefined);
        // What the previous item led to is gone, so the item is dropped as well.
        if (thoughts.length > 0 && itemOfThoughts !== undefined && item !== itemOfThoughts) thoughts = [];
        itemOfThoughts = item;
        thoughts.push({ entry, part });
      } else if (hidden !== true && isSendable(call)) {
        let round = rounds.at(-1) ?? first;
        const isCall = isClientCall(part);
        if (isCall && round.calls.length > 0 && thoughts.some(isSigned)) {
          round = emptyRound();
          rounds.push(round);
        }
        // Text after a call is shown before all calls.
        const before = isCall ? round.thoughts : first.spoken;
        for (const thought of thoughts) before.push(thought);
        (isCall ? round.calls : first.spoken).push({ entry, part });
        if (call !== undefined) call.round = rounds.length - 1;
        thoughts = [];
      } else thoughts = [];
    }
  }
  const shown = new Set<Entry>();
  return rounds.map((round) => messagesOf(round, shown));
}

function emptyRound(): Round {
  return { spoken: [], thoughts: [], calls: [] };
}

/** A call that the provider runs cannot be answered by the application. */
function isSendable(call: DraftCall | undefined): boolean {
  return call === undefined || call.answered || isClientCall(call.call);
}

function isSigned({ part }: Placed): boolean {
  return part.type === "reasoning" && part.native !== undefined;
}

/** Neighbouring parts of one entry become one message. All calls of a round are in its last message. */
function messagesOf({ spoken, thoughts, calls }: Round, shown: Set<Entry>): SpokenMessage[] {
  const messages: SpokenMessage[] = [];
  const say = ({ entry, part }: Placed): void => {
    const last = messages.at(-1);
    if (last?.entry === entry) last.parts.push(part);
    else messages.push({ entry, parts: [part], merged: new Set() });
    shown.add(entry);
  };
  for (const placed of spoken) say(placed);
  const lastCall = calls.at(-1);
  if (lastCall === undefined) return messages;

  const lastSpoken = messages.at(-1);
  const joins = lastSpoken !== undefined && lastSpoken.entry.seq >= lastCall.entry.seq;
  const { entry } = joins ? lastSpoken : lastCall;
  let next = 0;
  // Reasoning that was a message of its own remains one, before that of the calls.
  for (; !joins && next < thoughts.length; next++) {
    const thought = thoughts[next];
    if (thought === undefined || thought.entry === entry) break;
    if (shown.has(thought.entry) && thought.entry !== messages.at(-1)?.entry) break;
    say(thought);
  }
  const message: SpokenMessage = joins ? lastSpoken : { entry, parts: [], merged: new Set() };
  if (!joins) messages.push(message);
  for (const placed of [...thoughts.slice(next), ...calls]) {
    message.parts.push(placed.part);
    if (placed.entry !== entry && !shown.has(placed.entry)) message.merged.add(placed.entry.seq);
  }
  shown.add(entry);
  return messages;
}
