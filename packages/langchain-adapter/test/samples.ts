import {
  AIMessage,
  AIMessageChunk,
  type BaseMessage,
  ChatMessage,
  type ContentBlock,
  FunctionMessage,
  HumanMessage,
  HumanMessageChunk,
  SystemMessage,
  SystemMessageChunk,
  ToolMessage,
  ToolMessageChunk,
} from "@langchain/core/messages";
import fc from "fast-check";

const call = {
  type: "tool_call",
  id: "call_1",
  name: "weather",
  args: { city: "Bilbao", days: [1, 2] },
} as const;
export const usage = {
  input_tokens: 12,
  output_tokens: 5,
  total_tokens: 17,
  input_token_details: { cache_read: 3 },
};

/** Each block that version 1 has a name for. */
export const v1Blocks: readonly ContentBlock.Standard[] = [
  { type: "text", text: "It is 12 degrees." },
  {
    type: "text",
    text: "Says who?",
    annotations: [
      { type: "citation", url: "https://example.org", title: "A page", startIndex: 0, endIndex: 4 },
    ],
  },
  { type: "reasoning", reasoning: "They ask about the weather." },
  { type: "image", url: "https://example.org/a.png", mimeType: "image/png" },
  { type: "image", data: "aGk=", mimeType: "image/png" },
  { type: "image", data: new Uint8Array([1, 2, 250]), mimeType: "image/png" },
  { type: "audio", data: "aGk=", mimeType: "audio/wav" },
  { type: "video", fileId: "file-1" },
  { type: "file", data: "aGk=", mimeType: "application/pdf", metadata: { filename: "a.pdf" } },
  { type: "text-plain", text: "a,b", mimeType: "text/csv" } as ContentBlock.Standard,
  call,
  { type: "invalid_tool_call", id: "call_2", name: "weather", args: "{city:", error: "No JSON." },
  { type: "server_tool_call", id: "srv_1", name: "web_search", args: { query: "x" } },
  { type: "server_tool_call_result", toolCallId: "srv_1", status: "success", output: { hits: [] } },
  { type: "non_standard", value: { type: "compaction", text: "…" } },
];

/** Blocks as providers' own integrations return them. */
const providerBlocks: readonly ContentBlock[] = [
  { type: "text", text: "Let me look." },
  { type: "thinking", thinking: "Hm.", signature: "c2ln" },
  { type: "redacted_thinking", data: "cmVk" },
  { type: "tool_use", id: "call_1", name: "weather", input: { city: "Bilbao" } },
  { type: "refusal", refusal: "I would rather not." },
  { type: "image_url", image_url: { url: "data:image/png;base64,aGk=", detail: "low" } },
  { type: "input_audio", input_audio: { data: "aGk=", format: "wav" } },
  { type: "image", source_type: "base64", mime_type: "image/png", data: "aGk=" },
];

/** One message of each kind that LangChain has for a conversation, by what is special about it. */
export const samples: readonly (readonly [name: string, message: () => BaseMessage])[] = [
  ["a question", () => new HumanMessage("How warm is it?")],
  ["a question with id and name", () => new HumanMessage({ content: "Hi", id: "m1", name: "Nora" })],
  ["an empty question", () => new HumanMessage("")],
  ["a question in blocks", () => new HumanMessage({ content: [{ type: "text", text: "Hi" }] })],
  ["a question with images", () => new HumanMessage({ contentBlocks: v1Blocks.slice(0, 10) })],
  ["a question with a provider's blocks", () => new HumanMessage({ content: providerBlocks.slice(5) })],
  [
    "a question with everything",
    () =>
      new HumanMessage({
        content: "Hi",
        additional_kwargs: { lc_source: "summarization" },
        response_metadata: { a: [1, null] },
      }),
  ],
  ["an instruction", () => new SystemMessage("You sell shoes.")],
  [
    "a developer's instruction",
    () => new SystemMessage({ content: "Short.", additional_kwargs: { __openai_role__: "developer" } }),
  ],
  [
    "an instruction with a cache mark",
    () =>
      new SystemMessage({ content: [{ type: "text", text: "Long.", cache_control: { type: "ephemeral" } }] }),
  ],
  ["an answer", () => new AIMessage("12 degrees.")],
  [
    "an answer with usage and metadata",
    () =>
      new AIMessage({
        content: "12 degrees.",
        id: "run-1",
        name: "forecaster",
        usage_metadata: usage as never,
        response_metadata: { model_name: "gpt-5", finish_reason: "stop", logprobs: [-0.1] },
      }),
  ],
  ["calls", () => new AIMessage({ content: "", tool_calls: [call, { ...call, id: "call_9" }] })],
  ["a text with a call", () => new AIMessage({ content: "Let me look.", tool_calls: [call] })],
  ["a call without an id", () => new AIMessage({ content: "", tool_calls: [{ name: "weather", args: {} }] })],
  [
    "ids that are longer than a store takes",
    () =>
      new AIMessage({ content: "", id: "m".repeat(2000), tool_calls: [{ ...call, id: "é".repeat(600) }] }),
  ],
  [
    "a call that is no JSON",
    () =>
      new AIMessage({
        content: "",
        invalid_tool_calls: [{ type: "invalid_tool_call", id: "c", name: "f", args: "{", error: "Cut off." }],
      }),
  ],
  ["an answer in blocks of version 1", () => new AIMessage({ contentBlocks: [...v1Blocks] })],
  [
    "an answer in a provider's blocks",
    () =>
      new AIMessage({
        content: providerBlocks.slice(0, 5),
        tool_calls: [{ ...call, args: { city: "Bilbao" } }],
      }),
  ],
  [
    "an answer with raw calls",
    () =>
      new AIMessage({
        content: "",
        tool_calls: [call],
        additional_kwargs: {
          tool_calls: [
            { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Bilbao"}' } },
          ],
          reasoning_content: "Hm.",
        },
      }),
  ],
  [
    "a chunk of an answer",
    () => new AIMessageChunk({ content: "12 deg", id: "run-1", usage_metadata: usage as never }),
  ],
  [
    "a chunk with a piece of a call",
    () =>
      new AIMessageChunk({
        content: "",
        tool_call_chunks: [
          { type: "tool_call_chunk", index: 0, id: "call_1", name: "weather", args: '{"ci' },
        ],
      }),
  ],
  ["a chunk of a question", () => new HumanMessageChunk("Hi")],
  ["a chunk of an instruction", () => new SystemMessageChunk("Be short.")],
  [
    "a result",
    () => new ToolMessage({ content: "12", tool_call_id: "call_1", name: "weather", status: "success" }),
  ],
  ["a result without a status", () => new ToolMessage({ content: "12", tool_call_id: "call_1" })],
  [
    "a failed result with an artifact",
    () =>
      new ToolMessage({
        content: [{ type: "text", text: "No such city." }],
        tool_call_id: "call_1",
        status: "error",
        artifact: { tried: ["a", "b"], nested: { deep: true } },
        metadata: { source: "cache" },
      }),
  ],
  [
    "a result with an image",
    () =>
      new ToolMessage({
        content: [{ type: "image", data: new Uint8Array([7]), mimeType: "image/png" }],
        tool_call_id: "call_1",
      }),
  ],
  ["a chunk of a result", () => new ToolMessageChunk({ content: "1", tool_call_id: "call_1" })],
  ["a function's result", () => new FunctionMessage({ content: "12", name: "weather" })],
  ["a message of a role", () => new ChatMessage({ content: "Hi", role: "user" })],
];

const json = fc
  .jsonValue({ maxDepth: 2, stringUnit: "grapheme" })
  .map((value): unknown => JSON.parse(JSON.stringify(value)));
const extras = fc.option(
  fc.dictionary(fc.constantFrom("a", "b", "relevo", "output_version", "tool_calls2"), json),
  {
    nil: undefined,
  },
);
const text = fc.string({ unit: "grapheme", maxLength: 8 });
const id = fc.option(fc.constantFrom("m1", "m2", "m3", ""), { nil: undefined });
const blocks = fc.array(fc.constantFrom(...v1Blocks, ...providerBlocks), { maxLength: 4 });
const content = fc.oneof(text, blocks);
const calls = fc.array(
  fc.record({
    type: fc.constant("tool_call" as const),
    id: fc.constantFrom("call_1", "call_2"),
    name: fc.constantFrom("weather", "mail"),
    args: fc.dictionary(fc.constantFrom("city", "days"), json),
  }),
  { maxLength: 3 },
);

/** Any message that LangChain can be asked to hold. */
export const anyMessage: fc.Arbitrary<BaseMessage> = fc
  .record({
    kind: fc.constantFrom("human", "system", "ai", "ai-v1", "tool", "sample"),
    sample: fc.constantFrom(...samples),
    content,
    blocks,
    id,
    name: fc.option(fc.constantFrom("Nora", "sales", ""), { nil: undefined }),
    additional_kwargs: extras,
    response_metadata: extras,
    tool_calls: calls,
    usage: fc.option(fc.constant(usage), { nil: undefined }),
    status: fc.constantFrom(undefined, "success" as const, "error" as const),
    artifact: fc.option(json, { nil: undefined }),
  })
  .map((drawn) => {
    const { id, name } = drawn;
    const common = {
      ...(id === undefined ? {} : { id }),
      ...(name === undefined ? {} : { name }),
      ...(drawn.additional_kwargs === undefined
        ? {}
        : { additional_kwargs: structuredClone(drawn.additional_kwargs) }),
      ...(drawn.response_metadata === undefined
        ? {}
        : { response_metadata: structuredClone(drawn.response_metadata) }),
    };
    const words = structuredClone(drawn.content);
    const tool_calls = structuredClone(drawn.tool_calls);
    switch (drawn.kind) {
      case "human":
        return new HumanMessage({ content: words, ...common });
      case "system":
        return new SystemMessage({ content: words, ...common });
      case "ai":
        return new AIMessage({
          content: words,
          tool_calls,
          ...(drawn.usage === undefined ? {} : { usage_metadata: drawn.usage as never }),
          ...common,
        });
      case "ai-v1":
        return new AIMessage({
          contentBlocks: structuredClone(drawn.blocks) as ContentBlock.Standard[],
          tool_calls,
          ...common,
        });
      case "tool":
        return new ToolMessage({
          content: words,
          tool_call_id: "call_1",
          ...(drawn.status === undefined ? {} : { status: drawn.status }),
          ...(drawn.artifact === undefined ? {} : { artifact: drawn.artifact }),
          ...common,
        });
      default:
        return drawn.sample[1]();
    }
  });
