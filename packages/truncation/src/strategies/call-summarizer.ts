import { printable, type SummaryRequest } from "@relevo/core";
import { withTimeout } from "@relevo/core/input";
import type { SummarizeSettings } from "./summarize-settings.ts";

/** A summary's text, or why there is none. */
export type SummarizerOutcome = { readonly text: string } | { readonly failure: string };

/**
 * Asks the summarizer within its time, whether or not it listens to the signal.
 *
 * @throws `aborted` when the caller's signal fires; never what the summarizer throws.
 */
export async function callSummarizer(
  settings: Pick<SummarizeSettings, "summarizer" | "timeoutMs" | "counter">,
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

/** A little too long is normal for models; far too long is no summary. */
const tolerance = 2;

async function ask(
  { summarizer, counter }: Pick<SummarizeSettings, "summarizer" | "counter">,
  request: SummaryRequest,
): Promise<SummarizerOutcome> {
  try {
    const answer: unknown = await summarizer.summarize(request);
    // What no store takes would be refused later, and the call would have been for nothing.
    const text = typeof answer === "string" ? answer.toWellFormed().replaceAll("\0", "").trim() : "";
    if (text === "") return { failure: "returned no text" };
    const tokens = counter.countText(text);
    if (tokens <= request.maxTokens * tolerance) return { text };
    return { failure: `returned ${tokens} tokens where ${request.maxTokens} were asked for` };
  } catch (error) {
    return { failure: `failed: ${causesOf(error)}` };
  }
}

const deepestCause = 5;
const longestFailure = 500;

/** What went wrong, down to the first cause: that a call failed says nothing by itself. */
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
    // What cannot be read must not take the view with it. What was read before it still says something.
  }
  const told = text === "" ? "an error without a message" : text;
  return printable(told.slice(0, longestFailure).toWellFormed());
}

/** Errors of other realms and what some clients throw are plain objects with a message. */
function messageOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  if ("message" in error && typeof error.message === "string" && error.message !== "") return error.message;
  return error instanceof Error ? error.name : String(error);
}

/** Of several errors at once, as of a host with several addresses, the first. */
function causeOf(error: unknown): unknown {
  if (error instanceof AggregateError) return error.cause ?? error.errors[0];
  return error instanceof Error ? error.cause : undefined;
}
