import { MemoryError } from "@relevo/core";
import { describe, expect, it } from "vitest";
import { type ImportFormat, type ImportOptions, importMessages, partsOf } from "../src/index.ts";
import { histories } from "./support/histories.ts";

async function errorOf(format: unknown, items: unknown, options?: unknown): Promise<MemoryError> {
  try {
    await importMessages(format as ImportFormat, items as never, options as ImportOptions);
  } catch (error) {
    if (MemoryError.isInstance(error)) return error;
    throw error;
  }
  throw new Error("It was imported.");
}

const cycle: { role: string; content: unknown[] } = { role: "user", content: [] };
cycle.content.push({ type: "text", text: "x", self: cycle });
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const throwing = Object.defineProperty({ role: "user" }, "content", {
  enumerable: true,
  get: () => {
    throw new Error("no");
  },
});
class HumanMessage {
  readonly content = "x";
}
const call = { type: "function", function: { name: "f", arguments: "{}" } };

describe("what cannot be imported is refused, with its place", () => {
  it.each<[string, ImportFormat, unknown, string]>([
    ["no list", "openai-chat", { messages: [] }, "items"],
    ["a text", "openai-chat", "hello", "items"],
    ["an item that is null", "openai-chat", [null], "items[0]"],
    ["an item that is a text", "anthropic", ["x"], "items[0]"],
    ["an item that is a list", "gemini", [[]], "items[0]"],
    ["a hole", "openai-chat", new Array(1), "items[0]"],
    ["an instance of a class", "langchain", [new HumanMessage()], "items[0]"],
    ["a getter that throws", "openai-chat", [throwing], "items[0]"],
    ["a revoked proxy", "openai-chat", [revoked.proxy], "items[0]"],
    [
      "a date that is none",
      "ai-sdk-ui",
      [{ role: "user", createdAt: new Date(Number.NaN) }],
      "items[0].createdAt",
    ],
    ["NUL", "openai-chat", [{ role: "user", content: "a\0b" }], "items[0].content"],
    ["half of a pair", "openai-chat", [{ role: "user", content: "a\ud800" }], "items[0].content"],
    [
      "__proto__",
      "openai-chat",
      [JSON.parse('{"role":"user","content":"x","__proto__":1}')],
      "items[0].__proto__",
    ],
    ["an unknown role", "openai-chat", [{ role: "critic", content: "x" }], "items[0].role"],
    ["the role of a prototype", "anthropic", [{ role: "constructor", content: "x" }], "items[0].role"],
    ["no role", "ai-sdk-ui", [{ parts: [] }], "items[0].role"],
    ["no type", "langchain", [{ data: { content: "x" } }], "items[0].type"],
    ["an unknown class", "langchain", [{ lc: 1, id: ["x", "Runnable"], kwargs: {} }], "items[0].id"],
    ["content that is a number", "openai-chat", [{ role: "user", content: 7 }], "items[0].content"],
    ["a part that is a text", "openai-chat", [{ role: "user", content: ["x"] }], "items[0].content[0]"],
    [
      "a text without text",
      "anthropic",
      [{ role: "user", content: [{ type: "text" }] }],
      "items[0].content[0].text",
    ],
    ["a result without id", "openai-chat", [{ role: "tool", content: "x" }], "items[0].tool_call_id"],
    [
      "an empty id",
      "anthropic",
      [{ role: "assistant", content: [{ type: "tool_use", id: "", name: "f" }] }],
      "items[0].content[0].id",
    ],
    [
      "a call without id",
      "openai-chat",
      [{ role: "assistant", tool_calls: [call] }],
      "items[0].tool_calls[0].id",
    ],
    [
      "a call without function",
      "openai-chat",
      [{ role: "assistant", tool_calls: [{ id: "a" }] }],
      "items[0].tool_calls[0].function",
    ],
    [
      "a call without name",
      "gemini",
      [{ role: "model", parts: [{ functionCall: {} }] }],
      "items[0].parts[0].functionCall.name",
    ],
    [
      "a tool part without state",
      "ai-sdk-ui",
      [{ role: "assistant", parts: [{ type: "tool-x" }] }],
      "items[0].parts[0].state",
    ],
    ["a response of no output", "openai-responses", [{ object: "response", output: 1 }], "items[0].output"],
    ["a completion of no choice", "openai-chat", [{ choices: [] }], "items[0].choices"],
  ])("%s", async (_, format, items, place) => {
    const error = await errorOf(format, items);
    expect([error.code, error.outcome]).toEqual(["invalid-input", "not-applied"]);
    expect(error.details.field).toBe(place);
  });

  it("a cycle, and an item that is too deep or too large", async () => {
    let deep: unknown = "x";
    for (let level = 0; level < 5_000; level++) deep = [deep];
    const tooDeep = [{ role: "tool", tool_call_id: "a", content: deep }];
    const tooLarge = [{ role: "user", content: "x".repeat(20_000) }];
    const limits = { batchBytes: 10_000 };
    for (const items of [[cycle], tooDeep, tooLarge])
      expect(await errorOf("openai-chat", items, { limits })).toMatchObject({ code: "too-large" });
  });

  it("a name that leaves no room for the ids of operations", async () => {
    expect(await errorOf("gemini", [], { name: "x".repeat(1000) })).toMatchObject({ code: "too-large" });
  });

  it.each([
    ["format", "openai", [], undefined],
    ["format", undefined, [], undefined],
    ["format", "constructor", [], undefined],
    ["options", "gemini", [], 7],
    ["options.aftr", "gemini", [], { aftr: 1 }],
    ["options.after", "gemini", [], { after: -1 }],
    ["options.name", "gemini", [], { name: "" }],
    ["options.at", "gemini", [], { at: 7 }],
    ["options.signal", "gemini", [], { signal: {} }],
    ["limits.depth", "gemini", [], { limits: { depth: 0 } }],
  ])("%s of a call", async (field, format, items, options) => {
    expect(await errorOf(format, items, options)).toMatchObject({
      code: "invalid-input",
      details: { field },
    });
  });
});

it("a long import lets timers run, and answers its signal", async () => {
  const items = Array.from({ length: 20_000 }, (_, n) => ({ role: "user", content: `${n}` }));
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1);
  const { signal } = controller;
  expect(await errorOf("openai-chat", items, { signal })).toMatchObject({ code: "aborted" });
});

it("arguments that a model garbled stay the text that they are", async () => {
  const texts = [
    '{"city":',
    '{"__proto__":{"a":1}}',
    '{"a":"\\u0000"}',
    "[".repeat(2000) + "]".repeat(2000),
    " ",
  ];
  const items = texts.map((text, n) => ({
    role: "assistant",
    tool_calls: [{ id: `c${n}`, type: "function", function: { name: "f", arguments: text } }],
  }));
  const { messages } = await importMessages("openai-chat", items);
  const inputs = messages
    .flatMap(partsOf)
    .map((part) => (part.type === "tool-call" ? part.input : undefined));
  expect(inputs).toEqual([...texts.slice(0, 4), {}]);
});

it("whatever a field holds, an import ends in messages or in a typed error with a place", async () => {
  const values: readonly unknown[] = [null, -1, "", "x", [], {}, [{ type: "x" }], { constructor: 1 }];
  let refused = 0;
  let imported = 0;
  for (const format of Object.keys(histories) as ImportFormat[]) {
    for (const item of histories[format]) {
      for (const changed of variants(JSON.parse(JSON.stringify(item)), values)) {
        try {
          await importMessages(format, [changed]);
          imported++;
        } catch (error) {
          expect(error, JSON.stringify(changed)).toSatisfy((one) => MemoryError.isInstance(one));
          expect((error as MemoryError).details.field).toMatch(/^items\[0\]/);
          refused++;
        }
      }
    }
  }
  expect(Math.min(refused, imported)).toBeGreaterThan(200);
});

/** The value with each of its fields replaced by two of the others, which take turns. */
function* variants(value: unknown, others: readonly unknown[], from = 0): Generator<unknown> {
  let place = from;
  if (typeof value !== "object" || value === null) return;
  const record = value as Record<string, unknown>;
  for (const name of Object.keys(record)) {
    const own = record[name];
    for (const turn of [0, 3]) {
      record[name] = others[(place++ + turn) % others.length];
      yield structuredClone(value);
    }
    record[name] = own;
    for (const inner of variants(own, others, place)) {
      record[name] = inner;
      yield structuredClone(value);
    }
    record[name] = own;
  }
}
