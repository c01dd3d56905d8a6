import type { ContentPart, Message } from "@relevo/core";
import { extractiveSummarizer, summaryPrompt } from "@relevo/truncation";
import { type EntryPoint, entryPoint } from "../entry-point.ts";
import { hostileTexts } from "./hostile-texts.ts";

const extractive = extractiveSummarizer();
const maxTokens = 1000;

const ofTexts = Object.entries(hostileTexts).flatMap(([name, make]): EntryPoint[] => [
  entryPoint({
    name: `extractiveSummarizer: ${name}`,
    make: (size): readonly Message[] => [{ role: "user", content: make(size) }],
    run: (messages) => extractive.summarize({ messages, maxTokens }),
  }),
  entryPoint({
    name: `extractiveSummarizer, previous: ${name}`,
    make,
    run: (previous) => extractive.summarize({ messages: [], previous, maxTokens }),
  }),
]);

export const summarizerEntryPoints: readonly EntryPoint[] = [
  ...ofTexts,
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
