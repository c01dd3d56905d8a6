import type { CallOptions, Message } from "@relevo/core";
import { callSummarizer } from "@relevo/core/input";
import type { Runtime } from "../runtime.ts";

/** The most messages and characters of one call of the summarizer, unless one message has more. */
const mostMessages = 200;
const mostCharacters = 64_000;
/** The most calls for one summary. */
const mostCalls = 10;
const timeoutMs = 60_000;
const usualTokens = 1000;

/** A text, and of how many of the messages it is; or why there is none. */
export type MadeSummary = { readonly text: string; readonly done: number } | { readonly failure: string };

/**
 * Summarizes messages in parts, each continuing the one before. Ten calls at most: `done` says how far it came. What a failed
 * call was given is not in the text.
 *
 * @throws `aborted`.
 */
export async function summarizeMessages(
  { summarizer, counter }: Runtime,
  {
    previous,
    messages,
    maxTokens = usualTokens,
  }: {
    readonly previous: string;
    readonly messages: readonly Message[];
    readonly maxTokens: number | undefined;
  },
  { signal }: CallOptions,
): Promise<MadeSummary> {
  if (summarizer === undefined) throw new Error("A policy that summarizes is refused without a summarizer.");
  let text = previous;
  let done = 0;
  for (let calls = 0; calls < mostCalls && done < messages.length; calls++) {
    const part = messages.slice(done, partEnd(messages, done));
    const outcome = await callSummarizer(
      { summarizer, timeoutMs, counter: typeof counter?.countText === "function" ? counter : undefined },
      { messages: part, maxTokens, ...(text === "" ? {} : { previous: text }), ...(signal && { signal }) },
    );
    if ("failure" in outcome) {
      const failure = `${summarizer.name} ${outcome.failure}`;
      return done === 0 ? { failure } : { text, done };
    }
    ({ text } = outcome);
    done += part.length;
  }
  return { text, done };
}

/** How many messages one summary takes at most, in its calls. */
export const mostInOne: number = mostMessages * mostCalls;

function partEnd(messages: readonly Message[], start: number): number {
  let characters = 0;
  let end = start;
  for (; end < messages.length && end - start < mostMessages; end++) {
    characters += lengthOf(messages[end] as Message);
    if (characters > mostCharacters && end > start) break;
  }
  return end;
}

/** Tokens by the memory's counter; without one about four characters each. */
export function tokensOf({ counter }: Runtime, message: Message): number {
  return counter === undefined ? Math.ceil(lengthOf(message) / 4) : counter.countMessage(message);
}

function lengthOf({ content }: Message): number {
  return typeof content === "string" ? content.length : JSON.stringify(content).length;
}
