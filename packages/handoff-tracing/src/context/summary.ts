import type { Message, Summarizer, SummaryRequest } from "@relevo/core";
import {
  admitInteger,
  admitOptions,
  type FieldTable,
  fieldTable,
  rangesOf,
  refuse,
} from "@relevo/core/input";
import type { ChosenMessage, ContextPolicy, PolicyOptions } from "./context-policy.ts";
import { recentWhole } from "./recent-whole.ts";

export interface SummaryPolicyOptions {
  /** How many of the newest messages are passed as they are, as `last` counts them; 0, the default, passes none. */
  readonly keep?: number | undefined;
  /** How long the summary may be, in tokens; 1,000 when left out. The summarizer has to keep to it. */
  readonly maxTokens?: number | undefined;
}

const fields: FieldTable = fieldTable<SummaryPolicyOptions>({ keep: "refines", maxTokens: "refines" });

/**
 * One message that summarizes the conversation, with the system messages and the newest `keep` messages as they are. The
 * record names what was summarized, and erasing any of that erases the summary. When the summarizer throws or returns no
 * text, the whole conversation is passed and `onError` is told. Reads the whole conversation for each handoff.
 */
export function summary(summarizer: Summarizer, given?: SummaryPolicyOptions): ContextPolicy {
  if (typeof summarizer?.summarize !== "function") {
    throw refuse("summarizer", "must have a function summarize().");
  }
  const { keep = 0, maxTokens = 1000 } = admitOptions(given, fields);
  admitInteger(keep, "keep", 0);
  admitInteger(maxTokens, "maxTokens", 1);
  return {
    name: `summary(${summarizer.name}${keep === 0 ? "" : `, keep=${keep}`})`,
    async choose(source, handoff, options) {
      const entries = await source.recent(Number.POSITIVE_INFINITY);
      const recent = keep === 0 ? [] : await recentWhole(source.recent, keep, handoff.for);
      const kept = new Set(recent.map(({ seq }) => seq));
      const covered = entries.filter(({ seq, message }) => message.role !== "system" && !kept.has(seq));
      const messages = covered.map(({ message }) => message);
      const text =
        messages.length === 0 ? undefined : await ask(summarizer, { messages, maxTokens }, options);
      if (text === undefined) return { messages: entries };
      const summarized = rangesOf(covered.map(({ seq }) => seq));
      const first = covered[0]?.seq;
      const isCovered = new Set(covered.map(({ seq }) => seq));
      const made: ChosenMessage = { message: summaryMessage(text), derivedFrom: summarized };
      const chosen = entries.flatMap((entry): ChosenMessage[] => {
        if (!isCovered.has(entry.seq)) return [entry];
        return entry.seq === first ? [made] : [];
      });
      return { messages: chosen, summarized };
    },
  };
}

/** The text; `undefined` when there is none, which is reported. @throws when the signal has fired. */
async function ask(
  summarizer: Summarizer,
  request: SummaryRequest,
  { signal, notice }: PolicyOptions,
): Promise<string | undefined> {
  try {
    const answer: unknown = await summarizer.summarize({ ...request, signal });
    // Characters that a store refuses would fail the handoff.
    const text = typeof answer === "string" ? answer.toWellFormed().replaceAll("\0", "").trim() : "";
    if (text === "") throw new Error(`The summarizer ${summarizer.name} returned no text.`);
    return text;
  } catch (error) {
    if (signal?.aborted === true) throw error;
    notice(error);
    return undefined;
  }
}

function summaryMessage(text: string): Message {
  return { role: "user", content: `Summary of the conversation so far:\n${text}` };
}
