import type { ContentPart, Message } from "@relevo/core";
import { extractiveSummarizer, summaryPrompt } from "@relevo/truncation";
import { type EntryPoint, entryPoint } from "../entry-point.ts";
import { hostileTexts, longestText } from "./hostile-texts.ts";

const extractive = extractiveSummarizer();
const maxTokens = 1000;

const ofTexts = Object.entries(hostileTexts).flatMap(([name, make]): EntryPoint[] => [
  entryPoint({
    name: `extractiveSummarizer: ${name}`,
    last: longestText,
    make: (size): readonly Message[] => [{ role: "user", content: make(size) }],
    run: (messages) => extractive.summarize({ messages, maxTokens }),
  }),
  entryPoint({
    name: `extractiveSummarizer, previous: ${name}`,
    last: longestText,
    make,
    run: (previous) => extractive.summarize({ messages: [], previous, maxTokens }),
  }),
]);

/** Texts as a model's summarizer is shown them, images described. */
const prompts = Object.entries(hostileTexts).map(([name, make]) =>
  entryPoint({
    name: `summaryPrompt: ${name}`,
    last: longestText,
    make: (size): readonly Message[] => [{ role: "user", content: make(size) }],
    run: (messages) => summaryPrompt({ messages, maxTokens }),
  }),
);

export const summarizerEntryPoints: readonly EntryPoint[] = [
  ...ofTexts,
  ...prompts,
  entryPoint({
    name: "summaryPrompt: many messages",
    make: (size) =>
      Array.from({ length: size }, (_, n): Message => ({ role: "user", content: `Message ${n}` })),
    run: (messages) => summaryPrompt({ messages, maxTokens }),
  }),
  entryPoint({
    name: "summaryPrompt: a message of many calls",
    make: (size): readonly Message[] => [
      {
        role: "assistant",
        content: Array.from(
          { length: size },
          (_, n): ContentPart => ({ type: "tool-call", toolCallId: `c${n}`, toolName: "find", input: { n } }),
        ),
      },
    ],
    run: (messages) => summaryPrompt({ messages, maxTokens }),
  }),
];
