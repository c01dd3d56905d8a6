import type { ContentPart, JsonValue, Message } from "@relevo/core";
import { entriesOf } from "@relevo/random-conversations";
import { describe, expect, it } from "vitest";
import {
  arrangeGroups,
  groupEntries,
  type ImportedMessages,
  type ImportFormat,
  type ImportNote,
  importMessages,
  partsOf,
  providers,
  validateForProvider,
} from "../src/index.ts";
import { deepFreeze, leavesOf, withCanaries } from "./support/foreign-values.ts";
import { histories } from "./support/histories.ts";

const formats = Object.keys(histories) as ImportFormat[];

function sketch({ role, agent, content }: Message): string {
  const parts = typeof content === "string" ? [`"${content}"`] : content.map(sketchPart);
  return `${role}${agent === undefined ? "" : ` ${agent}`}: ${parts.join(" | ")}`;
}

function sketchPart(part: ContentPart): string {
  switch (part.type) {
    case "text":
    case "reasoning":
      return part.type === "text" ? part.text : `(${part.text})`;
    case "tool-call":
      return `${part.toolName} ${part.toolCallId} ${JSON.stringify(part.input)}`;
    case "tool-result":
      return `${part.toolCallId} ${part.isError ? "failed " : ""}${JSON.stringify(part.output)}`;
    case "native":
      return `native ${part.format}`;
    case "image":
    case "file":
      return `${part.type} ${part.mediaType ?? "?"}`;
    default:
      return `${part.type} ${part.approvalId}`;
  }
}

const sketchNotes = ({ notes }: ImportedMessages): string[] =>
  notes.map(({ index, path, kept }) => `${index} ${path}${kept ? "" : " gone"}`);

interface Expected {
  readonly messages: readonly string[];
  readonly notes: readonly string[];
  /** The times of the messages, by place. */
  readonly at: { readonly [place: number]: string };
}

const expected: { readonly [Format in ImportFormat]: Expected } = {
  "openai-chat": {
    messages: [
      'system: "You answer in one sentence."',
      "user: What is this, and how warm is it in Bilbao? | image image/png | file application/pdf | native openai-chat",
      'assistant: weather call_1 {"city":"Bilbao","station":12345678901234567000} | look call_2 "the picture"',
      'tool: call_1 "12 degrees"',
      'tool: call_2 "a pixel"',
      'assistant meteorologist: "It is a pixel, and 12 degrees warm."',
      'user: "And in Bergen?"',
      'assistant: weather call_7_0 {"city":"Bergen"}',
      'tool: call_7_0 "3 degrees"',
      "assistant: I would rather not say.",
    ],
    notes: [
      "1 content[3]",
      "1 name",
      "2 choices[0].message.tool_calls[0].function.arguments",
      "9 content[0]",
    ],
    at: { 1: "2025-03-01T10:00:00.250Z", 2: "2025-03-01T10:00:01.000Z" },
  },
  "openai-responses": {
    messages: [
      'user: "How warm is it in Bilbao?"',
      'assistant: (A lookup is needed.) | weather call_1 {"city":"Bilbao"} | grep call_2 "bilbao *.csv"',
      'tool: call_1 "12 degrees"',
      'tool: call_2 "nothing"',
      "assistant: () | 12 degrees.",
      "user: What is new there? | image ? | file ?",
      "assistant: native openai-responses",
      "assistant: A bridge.",
    ],
    notes: ["1  gone", "6 content[1].detail", "7 ", "8 content[0].annotations"],
    at: { 1: "2025-03-01T10:00:01.000Z" },
  },
  anthropic: {
    messages: [
      "user: Read this and say how warm it is. | image image/png | file ? | native anthropic",
      'assistant: (Two lookups.) | native anthropic | Let me see. | weather toolu_1 {"city":"Bilbao"} | clock toolu_2 {}',
      'tool: toolu_1 "12 degrees" | toolu_2 failed "no clock"',
      "user: In Celsius, please.",
      "assistant: native anthropic | native anthropic | 12 degrees Celsius.",
    ],
    notes: ["0 content[3]", "0 content[0].cache_control", "1 content[1]", "3 content[0]", "3 content[1]"],
    at: {},
  },
  gemini: {
    messages: [
      "user: How warm is it, and what is this? | image image/png | file application/pdf",
      'assistant: (Two cities.) | weather call_1_1 {"city":"Bilbao"} | weather call_1_2 {"city":"Bergen"}',
      'tool: call_1_1 {"output":"12 degrees"} | call_1_2 failed {"error":"no station"}',
      "user: Well?",
      "assistant: native gemini | native gemini | 12 degrees, and a pixel.",
    ],
    notes: ["3 parts[0]", "3 parts[1]", "3 parts[2].thoughtSignature"],
    at: { 1: "2025-03-01T10:00:01.000Z" },
  },
  langchain: {
    messages: [
      'system: "You answer in one sentence."',
      "user: What is this, and how warm is it? | image image/png",
      'assistant meteorologist: (A lookup.) | Let me see. | weather toolu_1 {"city":"Bilbao"} | clock toolu_2 "{\\"zone\\":"',
      'tool: toolu_1 "12 degrees"',
      'tool: toolu_2 failed "Malformed args."',
      'assistant: (One more.) | web_search srv_1 {"query":"Bilbao"} | srv_1 {"hits":1} | Let me ask again. | weather call_3 {"city":"Bergen"} | native langchain',
      'tool: call_3 "3 degrees"',
      'assistant: (The old form.) | weather call_4 {"city":"Oslo"}',
      'tool: call_4 "1 degree"',
      'assistant: "12 degrees, and a pixel."',
    ],
    notes: [
      "2 data.invalid_tool_calls[0].error",
      "5 kwargs.content[5]",
      "5 kwargs.content[3].annotations",
      "9  gone",
    ],
    at: { 1: "2025-03-01T09:00:00.000Z" },
  },
  "ai-sdk-ui": {
    messages: [
      "user: What is this, and how warm is it? | image image/png | native ai-sdk-ui",
      'assistant: (A lookup.) | weather call_1 {"city":"Bilbao"} | clock call_2 {} | delete call_3 {"all":true} | tool-approval-request ap_1',
      'tool: call_1 {"celsius":12} | call_2 failed "no clock" | tool-approval-response ap_1',
      'assistant: web_search srv_1 {"query":"Bilbao"} | srv_1 [] | native ai-sdk-ui | 12 degrees.',
      "user: In Kelvin!",
      "assistant: 285 Kelvin.",
      'assistant: Of version 4. | weather call_4 {"city":"Oslo"}',
      "tool: call_4 1",
    ],
    notes: ["0 parts[2]", "1 parts[7]", "1 parts[8].providerMetadata"],
    at: {
      0: "2025-03-01T10:00:00.000Z",
      ...Object.fromEntries([1, 2, 3, 4, 5].map((place) => [place, "2025-03-01T10:00:01.000Z"])),
    },
  },
};

describe.each(formats)("a history of %s", (format) => {
  const items = histories[format];

  it("becomes messages, with a note for all that they do not say, and with its own times", async () => {
    const imported = await importMessages(format, items);
    expect(imported.messages.map(sketch)).toEqual(expected[format].messages);
    expect(sketchNotes(imported)).toEqual(expected[format].notes);
    const times = imported.messages.flatMap(({ at }, place) =>
      at === undefined ? [] : [[place, new Date(at).toISOString()]],
    );
    expect(Object.fromEntries(times)).toEqual(expected[format].at);
  });

  it("is shown in full by a view for every provider, and accepted", async () => {
    const { messages } = await importMessages(format, items);
    for (const provider of [undefined, ...providers]) {
      const { groups, leftovers } = groupEntries(entriesOf(messages), { for: provider });
      expect(leftovers.filter(({ reason }) => reason !== "other-provider")).toEqual([]);
      const shown = arrangeGroups(groups, { for: provider }).map(({ message }) => message);
      for (const one of provider === undefined ? providers : [provider])
        expect(validateForProvider(shown, one)).toEqual([]);
    }
  });

  it("is the same in each run, whose input stays as it was", async () => {
    const frozen = deepFreeze(structuredClone(items));
    const first = await importMessages(format, frozen);
    expect(await importMessages(format, structuredClone(items))).toEqual(first);
    const ids = first.messages.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const named = await importMessages(format, items, { name: "thread-7" });
    expect(named.batches[0]?.operationId).toBe("import:thread-7:0.0");
  });

  it("loses no value without a note", async () => {
    for (const [index, item] of items.entries()) {
      const { messages, notes } = await importMessages(format, [item]);
      const kept = JSON.stringify(messages);
      const gone = JSON.stringify(notes.filter((note) => !note.kept));
      for (const { path, value } of leavesOf(JSON.parse(JSON.stringify(item)))) {
        const isKept = kept.includes(JSON.stringify(value).slice(1, -1));
        expect(isKept || gone.includes('path":""'), `${index} ${path}: ${value}`).toBe(true);
      }
    }
  });

  it("keeps or notes a field that nobody knows, wherever it stands", async () => {
    let tried = 0;
    for (const item of items) {
      for (const { changed, place } of withCanaries(JSON.parse(JSON.stringify(item)))) {
        // The field itself, or the one at the top of the item that holds it.
        const says = ["unheardOf", ...(format === "openai-responses" ? settings(place) : [])];
        const { messages, notes } = await importMessages(format, [changed as JsonValue]);
        // In native it may stand because of another field: then the note about it is missing.
        const isKept = JSON.stringify(messages.map(({ native: _native, ...rest }) => rest)).includes(
          "canary",
        );
        const path = `${place}.unheardOf`.replaceAll(/\.(\d+)(?=\.)/g, "[$1]").replace(/^\./, "");
        const isNoted = (note: ImportNote): boolean =>
          messages.length === 0 ||
          (note.path !== "" && path.startsWith(note.path)) ||
          says.some((word) => note.reason.includes(word));
        expect(isKept || notes.some(isNoted), `${place} of ${JSON.stringify(item)}`).toBe(true);
        tried++;
      }
    }
    expect(tried).toBeGreaterThan(20);
  });

  it("that has grown goes on where the import ended", async () => {
    for (let after = 0; after <= items.length; after++) {
      const before = await importMessages(format, items.slice(0, after));
      const rest = await importMessages(format, items, { after });
      const all = [...before.messages, ...rest.messages];
      expect(rest.notes.every(({ index }) => index >= after)).toBe(true);
      expect(all.flatMap(partsOf)).toEqual((await importMessages(format, items)).messages.flatMap(partsOf));
      expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    }
  });
});

describe("what a provider wants back", () => {
  it("is in the native of its part: signatures, ids of items, and numbers to the letter", async () => {
    const natives = async (format: ImportFormat): Promise<unknown[]> =>
      (await importMessages(format, histories[format])).messages
        .flatMap(partsOf)
        .flatMap((part) => ("native" in part && part.native !== undefined ? [part.native] : []));
    expect(await natives("anthropic")).toEqual([{ signature: "EqQB" }]);
    expect(await natives("gemini")).toEqual([{ thoughtSignature: "CpQB" }]);
    expect(await natives("openai-responses")).toEqual([
      { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "A lookup is needed." }] },
      { id: "fc_1" },
      { type: "custom_tool_call", id: "ctc_1" },
      { type: "reasoning", id: "rs_2", summary: [], encrypted_content: "gAAAA" },
    ]);
    expect(JSON.stringify(await natives("openai-chat"))).toContain("12345678901234567890");
  });

  it("is the item of the API in the native of a message, without what an application keeps beside it", async () => {
    const item = { role: "user", name: "ane", content: "Hello", created_at: 1_740_823_201, row: 7 };
    const { messages } = await importMessages("openai-chat", [item]);
    const [message] = messages;
    expect(message?.native).toEqual({
      format: "openai-chat",
      item: { role: "user", name: "ane", content: "Hello" },
    });
    expect(message?.metadata).toEqual({ row: 7 });
  });

  it("is noted as gone where the message would be too large with it", async () => {
    const item = { role: "user", name: "ane", content: "x".repeat(600) };
    const small = await importMessages("openai-chat", [item], { limits: { valueBytes: 1000 } });
    expect(small.messages[0]?.native).toBeUndefined();
    expect(sketchNotes(small)).toEqual(["0 name gone"]);
    await expect(
      importMessages("openai-chat", [{ ...item, content: "x".repeat(1000) }], {
        limits: { valueBytes: 1000 },
      }),
    ).rejects.toMatchObject({ code: "too-large", message: expect.stringContaining("items[0]") });
  });
});

it("v1 blocks of LangChain, which are stored twice beside the calls, are read once", async () => {
  const blocks = [
    { type: "text", text: "Let me see." },
    { type: "tool_call", id: "c", name: "f", args: { a: 1 } },
  ];
  const data = {
    content: blocks.slice(0, 1),
    content_blocks: blocks,
    tool_calls: [blocks[1]],
    response_metadata: { output_version: "v1" },
  };
  const { messages, notes } = await importMessages("langchain", [{ type: "ai", data }]);
  expect(messages.map(sketch)).toEqual(['assistant: Let me see. | f c {"a":1}']);
  expect([messages[0]?.metadata, notes]).toEqual([{ response_metadata: { output_version: "v1" } }, []]);
});

it("pieces of calls in LangChain's chunks are dropped only where the calls are there", async () => {
  const chunks = { tool_call_chunks: [{ id: "c", name: "f", args: '{"a"', index: 0 }] };
  const whole = { content: "", ...chunks, tool_calls: [{ id: "c", name: "f", args: { a: 1 } }] };
  const { messages } = await importMessages("langchain", [
    { type: "ai", data: whole },
    { type: "ai", data: { content: "", ...chunks } },
  ]);
  expect(messages.map(({ metadata }) => metadata)).toEqual([undefined, chunks]);
});

it("what a UI message of version 4 has beside its parts is dropped only where the parts say it too", async () => {
  const invocation = { state: "call", toolCallId: "c", toolName: "f", args: {} };
  const { messages, notes } = await importMessages("ai-sdk-ui", [
    { role: "user", content: "Hello", parts: [] },
    {
      role: "user",
      content: "See",
      parts: [{ type: "text", text: "See" }],
      experimental_attachments: [{ name: "a.pdf", contentType: "application/pdf", url: "https://a.b/c" }],
    },
    {
      role: "assistant",
      content: "ab",
      reasoning: "Hm.",
      toolInvocations: [invocation],
      parts: [
        { type: "reasoning", reasoning: "Hm.", details: [{ type: "text", text: "Hm.", signature: "EqQ" }] },
        { type: "text", text: "a" },
        { type: "text", text: "b" },
        { type: "tool-invocation", toolInvocation: invocation },
      ],
    },
    { role: "assistant", content: "other", reasoning: "Hm.", parts: [{ type: "text", text: "a" }] },
  ]);
  expect(messages.map(sketch)).toEqual([
    'user: "Hello"',
    "user: See | file application/pdf",
    "assistant: (Hm.) | a | b | f c {}",
    "assistant: a",
  ]);
  expect(messages.map(({ metadata }) => metadata)).toEqual([
    undefined,
    undefined,
    undefined,
    { content: "other", reasoning: "Hm." },
  ]);
  expect(notes).toEqual([]);
});

describe("times", () => {
  it.each([
    ["2025-03-01 10:00:00", "2025-03-01T10:00:00.000Z"],
    ["2025-03-01T10:00:00.123456+05:30", "2025-03-01T04:30:00.123Z"],
    ["2025-03-01 10:00:00-08", "2025-03-01T18:00:00.000Z"],
    ["2025-03-01", "2025-03-01T00:00:00.000Z"],
    [1_740_823_200, "2025-03-01T10:00:00.000Z"],
    [1_740_823_200_000, "2025-03-01T10:00:00.000Z"],
    [new Date("2025-03-01T10:00:00Z"), "2025-03-01T10:00:00.000Z"],
    ["yesterday", undefined],
    ["2025-13-01", undefined],
    [Number.MAX_VALUE, undefined],
    [true, undefined],
  ])("%s is %s", async (timestamp, time) => {
    const { messages } = await importMessages("openai-chat", [{ role: "user", content: "x", timestamp }]);
    const [message] = messages;
    expect(message?.at === undefined ? undefined : new Date(message.at).toISOString()).toBe(time);
    // What is no time is still not dropped.
    if (time === undefined) expect(message?.metadata).toEqual({ timestamp });
  });

  it("come from the caller where an item has none", async () => {
    const items = [
      { role: "user", content: "a" },
      { role: "user", content: "b", created_at: 7 },
    ];
    const { messages } = await importMessages("openai-chat", items, { at: (_item, index) => 5000 + index });
    expect(messages.map(({ at }) => at)).toEqual([5000, 7000]);
    await expect(importMessages("openai-chat", items, { at: () => Number.NaN })).rejects.toMatchObject({
      code: "invalid-input",
      message: expect.stringContaining("options.at of items[0]"),
    });
  });
});

/** The setting of a request that a place is in. */
function settings(place: string): string[] {
  return place.startsWith("tools.") ? ["tools"] : [];
}

it("what no view will show is noted, though it is kept", async () => {
  const imported = await importMessages("openai-chat", [
    { role: "tool", tool_call_id: "lost", content: "12" },
    { role: "user", content: "x" },
    { role: "assistant", content: null },
  ]);
  expect(sketchNotes(imported)).toEqual(["0 ", "2 "]);
  expect(imported.messages).toHaveLength(3);
});

it("batches are appends that a store takes, cut in the same places in each run", async () => {
  const items = Array.from({ length: 1201 }, (_, n) => ({ role: "user", content: `${n}` }));
  const { batches, messages } = await importMessages("openai-chat", items, { after: 1 });
  expect(batches.map(({ operationId, messages: { length } }) => [operationId, length])).toEqual([
    ["import:openai-chat:1.0", 500],
    ["import:openai-chat:501.0", 500],
    ["import:openai-chat:1001.0", 200],
  ]);
  expect(batches.flatMap((batch) => batch.messages)).toEqual(messages);
  const large = Array.from({ length: 4 }, () => ({ role: "user", content: "x".repeat(400) }));
  const bytes = await importMessages("openai-chat", large, { limits: { batchBytes: 4000 } });
  expect(bytes.batches.map((batch) => batch.messages.length)).toEqual([1, 1, 1, 1]);
  const few = await importMessages("openai-chat", items.slice(0, 5), { limits: { batchItems: 2 } });
  expect(few.batches.map((batch) => batch.messages.length)).toEqual([2, 2, 1]);
});
