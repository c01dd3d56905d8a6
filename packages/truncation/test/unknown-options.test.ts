import { optionProblems } from "@relevo/store-conformance";
import { createMemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import * as truncation from "../src/index.ts";

const { estimateCounter, expand, extractiveSummarizer, summarize, tokenBudget, window } = truncation;

it("an option that nobody knows is refused by every call", async () => {
  const store = createMemoryStore();
  const counter = estimateCounter();
  const summarizer = extractiveSummarizer();
  const amounts = { trigger: { messages: 9 }, keep: { messages: 3 } };
  const problems = await optionProblems(
    { truncation, strategy: window({ messages: 3 }) },
    {
      "truncation.window": (o) => window({ messages: 3, ...o }),
      "truncation.tokenBudget": (o) => tokenBudget({ maxTokens: 3, ...o }),
      reserve: (o) => tokenBudget({ maxTokens: 3, reserve: { ...(o as object) } }),
      "truncation.summarize": (o) => summarize({ ...amounts, summarizer, ...o }),
      trigger: (o) => summarize({ ...amounts, trigger: { messages: 9, ...o }, summarizer }),
      "truncation.expand": (o) => expand(store.log, { tenant: "t", session: "s" }, 1, o),
      "strategy.apply": (o) => window({ messages: 3 }).apply([], o),
      "strategy.view": async (o) =>
        window({ messages: 3 }).view(
          {
            version: 0,
            revision: 0,
            removalRevision: 0,
            readBackward: async () => [],
            pinned: async () => [],
          },
          o,
        ),
      "truncation.extractiveSummarizer": (o) => truncation.extractiveSummarizer({ ...(o as object) }),
      "truncation.modelSummarizer": (o) =>
        truncation.modelSummarizer({ name: "m", call: async () => "", ...o }),
      "truncation.calibratedCounter": (o) => truncation.calibratedCounter(counter, { model: "m", ...o }),
      "truncation.summaryPrompt": (o) =>
        truncation.summaryPrompt({ messages: [], maxTokens: 9 }, { ...(o as object) }),
      "truncation.gptCounter": (o) => truncation.gptCounter("o200k_base", { ...(o as object) }),
    },
    withoutOptions,
  );
  expect(problems).toEqual([]);
});

/** Functions of plain values. A new function has to be tried above, or to be named here. */
const withoutOptions = [
  ...["cachedCounter", "compose", "countRequest", "countToolDefinitions", "customCounter", "estimateCounter"],
  ...["describeDataUrls", "expandArray", "imageTokens", "isCachedCounter", "messageTokens"],
].map((name) => `truncation.${name}`);

it("strategies take undefined where an option only refines, and refuse it where it selects", () => {
  window({ messages: 3, low: undefined });
  tokenBudget({ maxTokens: 9, counter: undefined, reserve: undefined, low: undefined });
  expect(() => window({ messages: undefined, turns: 3 } as never)).toThrow("options.messages is undefined");
  expect(() => tokenBudget({ maxTokens: undefined } as never)).toThrow("options.maxTokens is undefined");
  expect(() => window({ messages: 3, lo: 1 } as never)).toThrow("Did you mean low?");
});
