import type { ContentPart, Message } from "@relevo/core";
import { countRequest, estimateCounter, gptCounter } from "@relevo/truncation";
import { type EntryPoint, entryPoint } from "../entry-point.ts";
import { hostileTexts, longestText } from "./hostile-texts.ts";

const estimate = estimateCounter();
const exact = await gptCounter("o200k_base");

const ofTexts = Object.entries(hostileTexts).flatMap(([name, make]): EntryPoint[] => [
  entryPoint({
    name: `estimateCounter: ${name}`,
    last: longestText,
    make,
    run: (text) => estimate.countText(text),
  }),
  entryPoint({ name: `gptCounter: ${name}`, make, run: (text) => exact.countText(text) }),
]);

export const tokenEntryPoints: readonly EntryPoint[] = [
  ...ofTexts,
  entryPoint({
    name: "countMessage: a message of many parts",
    make: (size): Message => ({
      role: "assistant",
      content: Array.from(
        { length: size },
        (_, part): ContentPart => ({ type: "text", text: `Part ${part}.` }),
      ),
    }),
    run: (message) => estimate.countMessage(message),
  }),
  entryPoint({
    name: "countRequest: many messages",
    make: (size) =>
      Array.from({ length: size }, (_, n): Message => ({ role: "user", content: `Message ${n}` })),
    run: (messages) => countRequest(estimate, { messages }),
  }),
];
