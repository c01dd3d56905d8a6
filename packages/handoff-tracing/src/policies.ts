import type {
  CallOptions,
  HandoffPriority,
  JsonValue,
  MemoryError,
  Message,
  Provider,
  SeqRange,
  ViewStrategy,
} from "@relevo/core";
import { admitInteger, normalizeRanges, refuse } from "@relevo/core/input";
import type { ContextEntry, LogSnapshot } from "./log-snapshot.ts";
import { recentWhole } from "./recent-whole.ts";

/** What is handed over, as a policy may want to know it. */
export interface HandoffFacts {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly priority: HandoffPriority;
  readonly data?: JsonValue;
  /** The provider of the receiver's model, where the messages are for that one alone. */
  readonly for?: Provider | undefined;
}

/**
 * A message for the receiver. With `seq` it is the log's message, word for word. Without, it was made, is recorded
 * whole, and `derivedFrom` names the messages whose content it repeats: erasing one of those blanks the record.
 */
export interface ChosenMessage {
  readonly message: Message;
  readonly seq?: number;
  readonly derivedFrom?: readonly SeqRange[];
}

/**
 * Chooses which messages the receiver of a handoff gets. Whatever it chooses is then brought into a form that every
 * provider takes: results stand behind their calls, a call without a result gets one that says so, system messages come
 * first, and a conversation that would begin with the assistant gets a first message of the user.
 */
export interface ContextPolicy {
  /** Stands in the record: `full`, `last(5)`, `none` … */
  readonly name: string;
  choose(source: LogSnapshot, handoff: HandoffFacts, options: CallOptions): Promise<readonly ChosenMessage[]>;
}

/** What a function that chooses gets to see: every effective message, oldest first. */
export interface ContextSource extends HandoffFacts {
  readonly messages: readonly Message[];
  /** The same messages with their places in the log. */
  readonly entries: readonly ContextEntry[];
  /** The log's version they were read at. */
  readonly version: number;
}

/**
 * What a function may answer. Messages of the source that are returned as they are are recorded by their place; all
 * others, and those that are repeated, are recorded whole.
 */
export type ContextChoice =
  | readonly Message[]
  | { readonly seqs: readonly number[] }
  /** `derivedFrom` says what made messages repeat; everything the function saw when left out. */
  | { readonly messages: readonly Message[]; readonly derivedFrom?: readonly SeqRange[] };

/** A policy as a function. It is called once; what it throws ends the handoff before the receiver runs. */
export type ContextFunction = (
  source: ContextSource,
  options: CallOptions,
) => ContextChoice | Promise<ContextChoice>;

/** Every effective message. Cost grows with the conversation. */
export function full(): ContextPolicy {
  return { name: "full", choose: (source) => source.recent(Number.POSITIVE_INFINITY) };
}

/**
 * The newest `count` messages, with all that belongs to them: calls are not cut from their results, nor reasoning from
 * what it led to, however far back those stand. A result whose call is gone is dropped. Cost follows `count`.
 */
export function last(count: number): ContextPolicy {
  admitInteger(count, "count", 1);
  return {
    name: `last(${count})`,
    choose: (source, handoff) => recentWhole(source.recent, count, handoff.for),
  };
}

/** No messages: the receiver knows the reason and the data, and nothing else. */
export function none(): ContextPolicy {
  return { name: "none", choose: async () => [] };
}

/**
 * What a view strategy shows. Summaries that stand in the view are recorded whole, and vanish when what they cover
 * is erased. The strategy cannot append summaries here.
 */
export function view(strategy: ViewStrategy): ContextPolicy {
  return {
    name: `view(${strategy.name})`,
    async choose(source, handoff, options) {
      const shown = await strategy.view(source.view, { ...options, for: handoff.for });
      const placed = shown.seqs.filter((seq) => seq !== undefined).map((seq) => ({ from: seq, to: seq }));
      const derivedFrom = normalizeRanges([...placed, ...shown.summarized]);
      return shown.messages.map((message, index) => {
        const seq = shown.seqs[index];
        return seq === undefined ? { message, derivedFrom } : { message, seq, derivedFrom };
      });
    },
  };
}

/** A function as a policy, recorded under `name`. */
export function custom(choose: ContextFunction, name: string = choose.name || "custom"): ContextPolicy {
  return {
    name,
    async choose(source, handoff, options) {
      const entries = await source.recent(Number.POSITIVE_INFINITY);
      const messages = entries.map((entry) => entry.message);
      const choice = await choose({ ...handoff, messages, entries, version: source.version }, options);
      if (typeof choice !== "object" || choice === null) throw refuseChoice();
      if ("seqs" in choice) return bySeq(choice.seqs, source);
      const chosen = "messages" in choice ? choice.messages : choice;
      if (!Array.isArray(chosen)) throw refuseChoice();
      const derivedFrom =
        ("messages" in choice ? choice.derivedFrom : undefined) ??
        normalizeRanges(entries.map(({ seq }) => ({ from: seq, to: seq })));
      const places = new Map(entries.map(({ message, seq }) => [message, seq]));
      return chosen.map((message: Message) => {
        const seq = places.get(message);
        return seq === undefined ? { message, derivedFrom } : { message, seq };
      });
    },
  };
}

function refuseChoice(): MemoryError {
  return refuse("policy", "must answer with messages, { messages } or { seqs }.");
}

function bySeq(seqs: readonly number[], source: LogSnapshot): ChosenMessage[] {
  if (!Array.isArray(seqs)) throw refuseChoice();
  const ordered = [...new Set(seqs)].sort((a, b) => a - b);
  return ordered.map((seq) => {
    const message = source.known(seq);
    if (message === undefined)
      throw refuse("policy", `chose seq ${seq}, which is no message of the session.`);
    return { message, seq };
  });
}
