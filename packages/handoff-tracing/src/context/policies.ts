import type { MemoryError, Message, ViewStrategy } from "@relevo/core";
import { admitInteger, normalizeRanges, rangesOf, refuse } from "@relevo/core/input";
import type { ChosenMessage, ContextFunction, ContextPolicy } from "./context-policy.ts";
import type { LogSnapshot } from "./log-snapshot.ts";
import { recentWhole } from "./recent-whole.ts";
import { summary } from "./summary.ts";

/** Every effective message. Cost grows with the conversation. */
export function full(): ContextPolicy {
  return {
    name: "full",
    choose: async (source) => ({ messages: await source.recent(Number.POSITIVE_INFINITY) }),
  };
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
    choose: async (source, handoff) => ({ messages: await recentWhole(source.recent, count, handoff.for) }),
  };
}

/** No messages: the receiver gets the reason and the data only. */
export function none(): ContextPolicy {
  return { name: "none", choose: async () => ({ messages: [] }) };
}

/**
 * What a view strategy shows. Summaries in the view are recorded whole, and are erased with what they cover. The
 * strategy cannot append summaries here.
 */
export function view(strategy: ViewStrategy): ContextPolicy {
  return {
    name: `view(${strategy.name})`,
    async choose(source, handoff, options) {
      const shown = await strategy.view(source.view, { signal: options.signal, for: handoff.for });
      const placed = shown.seqs.filter((seq) => seq !== undefined).map((seq) => ({ from: seq, to: seq }));
      const derivedFrom = normalizeRanges([...placed, ...shown.summarized]);
      const messages = shown.messages.map((message, index): ChosenMessage => {
        const seq = shown.seqs[index];
        return seq === undefined ? { message, derivedFrom } : { message, seq, derivedFrom };
      });
      return { messages, summarized: shown.summarized };
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
      const { signal } = options;
      const choice = await choose({ ...handoff, messages, entries, version: source.version }, { signal });
      if (typeof choice !== "object" || choice === null) throw refuseChoice();
      if ("seqs" in choice) return { messages: bySeq(choice.seqs, source) };
      const made = "messages" in choice ? choice : { messages: choice };
      if (!Array.isArray(made.messages)) throw refuseChoice();
      const derivedFrom = made.derivedFrom ?? rangesOf(entries.map(({ seq }) => seq));
      const places = new Map(entries.map(({ message, seq }) => [message, seq]));
      const chosen = made.messages.map((message: Message): ChosenMessage => {
        const seq = places.get(message);
        return seq === undefined ? { message, derivedFrom } : { message, seq };
      });
      return { messages: chosen, summarized: made.summarized };
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

/** The policies under one name, for code whose own names `last` or `view` they would shadow. */
export const policies: {
  readonly full: typeof full;
  readonly last: typeof last;
  readonly view: typeof view;
  readonly summary: typeof summary;
  readonly none: typeof none;
  readonly custom: typeof custom;
} = Object.freeze({ full, last, view, summary, none, custom });
