import { type ImportFormat, importMessages } from "@relevo/messages";
import { type EntryPoint, entryPoint } from "../entry-point.ts";

const text = { type: "text", text: "Hm." };

/** Foreign histories that are long, or have one item of many parts. */
const foreignHistories: { readonly [name: string]: [ImportFormat, (size: number) => readonly unknown[]] } = {
  "many messages": ["openai-chat", (size) => listOf(size, (n) => ({ role: "user", content: `${n}` }))],
  "one message of many calls": [
    "openai-chat",
    (size) => [
      { role: "assistant", tool_calls: listOf(size, (n) => ({ id: `c${n}`, function: { name: "f" } })) },
    ],
  ],
  "one call's name many times": [
    "openai-chat",
    (size) =>
      listOf(size, (n) =>
        n < size / 2
          ? { role: "assistant", function_call: { name: "f" } }
          : { role: "function", name: "f", content: "x" },
      ),
  ],
  "one answer of many items": [
    "openai-responses",
    (size) => listOf(size, (n) => ({ type: "reasoning", id: `rs_${n}`, summary: [] })),
  ],
  "results and texts in turn": [
    "anthropic",
    (size) => [
      {
        role: "user",
        content: listOf(size, (n) => (n % 2 === 0 ? text : { type: "tool_result", tool_use_id: `c${n}` })),
      },
    ],
  ],
  "one content of many calls of one name": [
    "gemini",
    (size) => [
      { role: "model", parts: listOf(size / 2, () => ({ functionCall: { name: "f" } })) },
      { role: "user", parts: listOf(size / 2, () => ({ functionResponse: { name: "f" } })) },
    ],
  ],
  "calls in the content and beside it": [
    "langchain",
    (size) => {
      const calls = listOf(size / 2, (n) => ({ type: "tool_use", id: `c${n}`, name: "f", args: {} }));
      return [{ type: "ai", data: { content: calls, tool_calls: calls } }];
    },
  ],
  "one answer of many steps": [
    "ai-sdk-ui",
    (size) => [
      { role: "assistant", parts: listOf(size, (n) => (n % 2 === 0 ? { type: "step-start" } : text)) },
    ],
  ],
  "one answer with an original for each of many steps": [
    "ai-sdk-ui",
    (size) => [
      {
        role: "assistant",
        parts: listOf(size, (n) => (n % 2 === 0 ? { type: "step-start" } : { ...text, unknown: n })),
      },
    ],
  ],
};

export const importEntryPoints: readonly EntryPoint[] = Object.entries(foreignHistories).map(
  ([name, [format, make]]) =>
    entryPoint({
      name: `importMessages ${format}: ${name}`,
      make,
      run: (items) => importMessages(format, items),
    }),
);

function listOf<Item>(size: number, make: (n: number) => Item): Item[] {
  return Array.from({ length: size }, (_, n) => make(n));
}
