import type { StoredEvent, ViewSource } from "@relevo/core";
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

/**
 * Every fourth message has a summary of its own, in this order, and one behind it is pinned, so that no two ranges of a summary
 * of the rest touch. Nothing can be written, so that the view alone has the new summary.
 */
function summarizedLog(size: number, newestFirst: boolean): ViewSource {
  const stored = { recordedAt: 0 };
  const events = Array.from({ length: size }, (_, n): StoredEvent => {
    const body = { role: "user" as const, content: `Message ${n}` };
    return { type: "message", seq: n + 1, body, pinned: n % 4 === 1, ...stored };
  });
  for (let n = 0; n < size; n += 4) {
    const covered = newestFirst ? size - n - 3 : n + 1;
    events.push({
      type: "summary",
      seq: events.length + 1,
      derivedFrom: [{ from: covered, to: covered }],
      body: { text: `Of ${covered}`, sourceHash: "", strategy: "s", tokensBefore: 1, tokensAfter: 1 },
      ...stored,
    });
  }
  const version = events.length;
  const pinned = events.filter((event) => event.pinned === true);
  return {
    version,
    revision: version,
    removalRevision: 0,
    readBackward: async ({ before = version + 1, limit }) =>
      events.slice(Math.max(0, before - 1 - limit), before - 1).reverse(),
    pinned: async () => pinned,
  };
}

const summarizing = summarize({
  trigger: { messages: 4 },
  keep: { messages: 2 },
  summarizer: short,
  chunkMessages: larger,
});

const summaries = [false, true].map((newestFirst) =>
  entryPoint({
    name: `summarize: many summaries, of the ${newestFirst ? "newest" : "oldest"} messages first`,
    make: (size) => summarizedLog(size, newestFirst),
    run: (source) => summarizing.view(source),
  }),
);

const ofConversations = Object.entries(hostileConversations).flatMap(([name, make]): EntryPoint[] => [
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
]);

export const viewEntryPoints: readonly EntryPoint[] = [...ofConversations, ...summaries];
