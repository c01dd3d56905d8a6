import type { Summarizer, SummaryRequest, TokenCounter } from "../ports/models.ts";
import { printable } from "../printable.ts";
import { withTimeout } from "./with-timeout.ts";

export interface SummarizerCall {
  readonly summarizer: Summarizer;
  readonly timeoutMs: number;
  /** Checks that the text keeps to `maxTokens`, twice over; it may have any length when left out. */
  readonly counter?: Pick<TokenCounter, "countText"> | undefined;
}

/** The text of a summary, or why there is none. */
export type SummarizerOutcome = { readonly text: string } | { readonly failure: string };

/**
 * Calls the summarizer within its timeout, whether or not it obeys its signal.
 *
 * @throws `aborted` when the caller's signal fires; never what the summarizer throws.
 */
export async function callSummarizer(
  settings: SummarizerCall,
  request: SummaryRequest,
): Promise<SummarizerOutcome> {
  const { timeoutMs } = settings;
  const timeoutError = new Error("The summarizer's time is over.");
  const call = (signal: AbortSignal): Promise<SummarizerOutcome> => ask(settings, { ...request, signal });
  try {
    return await withTimeout(call, { timeoutMs, timeoutError: () => timeoutError, signal: request.signal });
  } catch (error) {
    if (error !== timeoutError) throw error;
    return { failure: `did not answer within ${timeoutMs} ms` };
  }
}

/** Models often exceed the limit a little; a text far above it is not used. */
const tolerance = 2;

async function ask(
  { summarizer, counter }: SummarizerCall,
  request: SummaryRequest,
): Promise<SummarizerOutcome> {
  try {
    const answer: unknown = await summarizer.summarize(request);
    // Characters that a store would refuse are removed, or the call would have been wasted.
    const text = typeof answer === "string" ? answer.toWellFormed().replaceAll("\0", "").trim() : "";
    if (text === "") return { failure: "returned no text" };
    const tokens = counter?.countText(text) ?? 0;
    if (tokens <= request.maxTokens * tolerance) return { text };
    return { failure: `returned ${tokens} tokens where ${request.maxTokens} were asked for` };
  } catch (error) {
    return { failure: `failed: ${causesOf(error)}` };
  }
}

const deepestCause = 5;
const longestFailure = 500;

/** The messages of the error and of its causes: the outermost one alone often says only that a call failed. */
function causesOf(error: unknown): string {
  let text = "";
  let next = error;
  try {
    for (let depth = 0; depth < deepestCause && next !== undefined && next !== null; depth++) {
      const said = messageOf(next).slice(0, longestFailure);
      if (!text.includes(said)) text = text === "" ? said : `${text.replace(/\.$/, "")}: ${said}`;
      next = causeOf(next);
    }
  } catch {
    // An error that cannot be read must not fail the view. The part that was read is still used.
  }
  const told = text === "" ? "an error without a message" : text;
  return printable(told.slice(0, longestFailure).toWellFormed());
}

/** Errors of other realms, and of some clients, are plain objects with a message. */
function messageOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  if ("message" in error && typeof error.message === "string" && error.message !== "") return error.message;
  return error instanceof Error ? error.name : String(error);
}

/** The cause; of an aggregate error, such as for a host with several addresses, the first error. */
function causeOf(error: unknown): unknown {
  if (error instanceof AggregateError) return error.cause ?? error.errors[0];
  return error instanceof Error ? error.cause : undefined;
}
