import { arrangeGroups, groupEntries, providers, validateForProvider } from "@relevo/messages";
import {
  compose,
  extractiveSummarizer,
  type Strategy,
  summarize,
  tokenBudget,
  window,
} from "@relevo/truncation";
import { type EntryPoint, entryPoint } from "../entry-point.ts";
import { hostileConversations } from "./conversations.ts";

const short = { name: "short", summarize: async (): Promise<string> => "They talked." };
const larger = 2 ** 31;

const strategies: Readonly<Record<string, Strategy>> = {
  "window of 20 turns": window({ turns: 20 }),
  "window larger than the log": window({ messages: larger }),
  "tokenBudget larger than the log": tokenBudget({ maxTokens: larger }),
  "summarize with a model": summarize({
    trigger: { messages: 10 },
    keep: { messages: 5 },
    summarizer: short,
    chunkMessages: larger,
  }),
  "summarize by extraction": compose(
    summarize({
      trigger: { tokens: 100 },
      keep: { tokens: 50 },
      summarizer: extractiveSummarizer(),
      timeoutMs: 600_000,
    }),
    tokenBudget({ maxTokens: larger }),
  ),
};

export const viewEntryPoints: readonly EntryPoint[] = Object.entries(hostileConversations).flatMap(
  ([name, make]): EntryPoint[] => [
    entryPoint({
      name: `groupEntries: ${name}`,
      make: (size) => make(size).map((message, index) => ({ seq: index + 1, message, pinned: false })),
      run: (entries) => groupEntries(entries),
    }),
    entryPoint({
      name: `arrangeGroups: ${name}`,
      make: (size) =>
        groupEntries(make(size).map((message, index) => ({ seq: index + 1, message, pinned: false }))).groups,
      run: (groups) => arrangeGroups(groups),
    }),
    ...providers.map((provider) =>
      entryPoint({
        name: `validateForProvider ${provider}: ${name}`,
        make,
        run: (messages) => validateForProvider(messages, provider),
      }),
    ),
    ...Object.entries(strategies).map(([strategy, { apply }]) =>
      entryPoint({ name: `${strategy}: ${name}`, make, run: (messages) => apply(messages) }),
    ),
    entryPoint({
      name: `all pinned: ${name}`,
      make,
      run: (messages) => tokenBudget({ maxTokens: larger }).apply(messages, { pinned: () => true }),
    }),
  ],
);
