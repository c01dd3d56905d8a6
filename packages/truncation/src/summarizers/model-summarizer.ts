import {
  type CallOptions,
  defaultLimits,
  MemoryError,
  printable,
  type Summarizer,
  type SummaryRequest,
} from "@relevo/core";
import {
  abortable,
  abortError,
  admitFields,
  admitId,
  type FieldTable,
  fieldTable,
  refuse,
  throwIfAborted,
} from "@relevo/core/input";
import { estimateCounter } from "../tokens/estimate-counter.ts";
import { admitPromptTokens, type SummaryPrompt, summaryPrompt } from "./summary-prompt.ts";

export interface ModelCallOptions extends CallOptions {
  /** The most tokens of the summary: pass it to the model as its output limit where it has one. */
  readonly maxTokens: number;
}

export interface ModelSummarizerOptions {
  /** Names the summarizer in summaries and errors. */
  readonly name: string;
  /** The model's name, recorded in each summary. */
  readonly model?: string | undefined;
  /** Asks the model and returns its text. */
  readonly call: (prompt: SummaryPrompt, options: ModelCallOptions) => Promise<string>;
  /** The most tokens of the prompt, by the estimate; 32,000 when left out. At least 1,000. */
  readonly maxPromptTokens?: number | undefined;
}

const fields: FieldTable = fieldTable<ModelSummarizerOptions>({
  name: "selects",
  model: "refines",
  call: "selects",
  maxPromptTokens: "refines",
});

const tolerance = 2;

/**
 * A summarizer around any chat model. The conversation reaches it as fenced data (`summaryPrompt`).
 *
 * An abort ends the call at once, whether or not the model obeys the signal. The text is trimmed. An empty text is
 * refused, and so is one of more than twice `maxTokens` by the estimate: the view then shows the messages, while a text
 * that was cut would silently lose its end.
 *
 * @throws `invalid-input` that names the option. From `summarize`: `unavailable` when the call throws or returns nothing, `too-large` for a text that is far
 * too long, `aborted`. A `MemoryError` of the call is passed on.
 *
 * @example
 * ```ts
 * const summarizer = modelSummarizer({
 *   name: "langchain",
 *   model: "gpt-5-mini",
 *   call: async (prompt, { signal }) => (await chatModel.invoke([...prompt], { signal })).text,
 * });
 * ```
 */
export function modelSummarizer(options: ModelSummarizerOptions): Summarizer {
  const { name, model, call, ...rest } = admitFields(options, "options", fields);
  admitId(name, "options.name", defaultLimits);
  if (model !== undefined) admitId(model, "options.model", defaultLimits);
  if (typeof call !== "function") throw refuse("options.call", "must be a function that asks the model.");
  const maxPromptTokens = admitPromptTokens(rest.maxPromptTokens);
  const counter = estimateCounter();
  return {
    name,
    ...(model === undefined ? {} : { model }),
    async summarize(request: SummaryRequest) {
      const { signal, maxTokens } = request;
      throwIfAborted(signal);
      const prompt = summaryPrompt(request, { maxPromptTokens });
      const ask = async (): Promise<unknown> => await call(prompt, { maxTokens, signal });
      const answer = await abortable(ask(), { signal }).catch((cause: unknown) => {
        throw failureOf(cause, name, signal);
      });
      const text = typeof answer === "string" ? answer.trim() : "";
      if (text === "") {
        throw new MemoryError("unavailable", `The summarizer ${name} returned no text.`, {
          details: { summarizer: name },
        });
      }
      const tokens = counter.countText(text);
      if (tokens > maxTokens * tolerance) {
        throw new MemoryError(
          "too-large",
          `The summarizer ${name} wrote more than twice what was asked for.`,
          {
            details: { summarizer: name, maxTokens, tokens },
          },
        );
      }
      return text;
    },
  };
}

function failureOf(cause: unknown, name: string, signal: AbortSignal | undefined): MemoryError {
  if (MemoryError.isInstance(cause)) return cause;
  if (signal?.aborted === true) return abortError(signal);
  const why = cause instanceof Error && cause.message !== "" ? `: ${printable(cause.message)}` : ".";
  return new MemoryError("unavailable", `The summarizer ${name} failed${why}`, {
    details: { summarizer: name },
    cause,
  });
}
