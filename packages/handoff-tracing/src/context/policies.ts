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

/** What a policy knows of the handoff. */
export interface HandoffFacts {
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly priority: HandoffPriority;
  readonly data?: JsonValue;
  /** The provider of the receiver's model, when the messages are for that provider only. */
  readonly for?: Provider | undefined;
}

/**
 * A message for the receiver. With `seq` it is that message of the log, unchanged. Without, it was made and is recorded
 * whole; `derivedFrom` names the messages whose content it repeats: erasing one of those erases the record's content.
 */
export interface ChosenMessage {
  readonly message: Message;
  readonly seq?: number;
  readonly derivedFrom?: readonly SeqRange[];
}

/**
 * Chooses which messages the receiver of a handoff gets. The choice is then brought into a form that every provider
 * accepts: results follow their calls, a call without a result gets one that says so, system messages come first, and a
 * conversation that would start with the assistant gets a first user message.
 */
export interface ContextPolicy {
  /** Its name in the record: `full`, `last(5)`, `none` … */
  readonly name: string;
  choose(source: LogSnapshot, handoff: HandoffFacts, options: CallOptions): Promise<readonly ChosenMessage[]>;
}

/** What a context function gets: every effective message, oldest first. */
export interface ContextSource extends HandoffFacts {
  readonly messages: readonly Message[];
  /** The same messages with their `seq`. */
  readonly entries: readonly ContextEntry[];
  /** The version of the log at which they were read. */
  readonly version: number;
}

/**
 * What a context function may return. Messages of the source that are returned unchanged are recorded by their `seq`;
 * all others, and those that occur more than once, are recorded whole.
 */
export type ContextChoice =
  | readonly Message[]
  | { readonly seqs: readonly number[] }
  /** `derivedFrom` names what made messages repeat; left out, everything that the function was given. */
  | { readonly messages: readonly Message[]; readonly derivedFrom?: readonly SeqRange[] };

/** A policy as a function. It is called once; an error ends the handoff before the receiver runs. */
export type ContextFunction = (
  source: ContextSource,
  options: CallOptions,
) => ContextChoice | Promise<ContextChoice>;

/** Every effective message. Cost grows with the conversation. */
export function full(): ContextPolicy {
  return { name: "full", choose: (source) => source.recent(Number.POSITIVE_INFINITY) };
}

/**
 * The newest `count` messages with everything that belongs to them: results with their calls, and messages with the
 * reasoning that led to them, even when those are older. A result whose call is gone is dropped. The cost grows with
 * `count`.
 */
export function last(count: number): ContextPolicy {
  admitInteger(count, "count", 1);
  return {
    name: `last(${count})`,
    choose: (source, handoff) => recentWhole(source.recent, count, handoff.for),
  };
}

/** No messages: the receiver gets the reason and the data only. */
export function none(): ContextPolicy {
  return { name: "none", choose: async () => [] };
}

/**
 * What a view strategy shows. Summaries in the view are recorded whole, and are erased with what they cover. The
 * strategy cannot append summaries here.
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
