import type { ContentPart, JsonValue, Role } from "@relevo/core";
import fc from "fast-check";

const words = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom("Yes.", "I have looked.", "¿Qué?", "日本語", "ends with space \n"),
  },
  { weight: 1, arbitrary: fc.constantFrom("", " ", "\n\t") },
);

/** Few ids, so that they are used again, by others and for other kinds of calls; some that no provider takes. */
const id = fc.constantFrom("a", "b", "call_1", "call_1", "with:colon", "long".repeat(20), "ü");

const input: fc.Arbitrary<JsonValue> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<JsonValue>({ q: 1 }) },
  { weight: 1, arbitrary: fc.constantFrom<JsonValue>("raw", null, [1, 2], {}) },
);
const toolName = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("search", "transfer_to_support") },
  { weight: 1, arbitrary: fc.constantFrom("mcp.find it", "9lives", "x".repeat(90)) },
);

export const text: fc.Arbitrary<ContentPart> = words.map((said) => ({ type: "text", text: said }));

/** Of an item with an id, with a signature, or neither. */
export const reasoning: fc.Arbitrary<ContentPart> = fc.constantFrom<ContentPart>(
  { type: "reasoning", text: "Hm." },
  { type: "reasoning", text: "I have to look.", native: { signature: "c2ln" } },
  { type: "reasoning", text: "First.", native: { id: "rs_1", encrypted_content: "x" } },
  { type: "reasoning", text: "Second.", native: { openai: { itemId: "rs_2" } } },
);

const call: fc.Arbitrary<ContentPart> = fc
  .record({
    id,
    toolName,
    input,
    ran: fc.constantFrom("by us", "by us", "by us", "elsewhere"),
    signed: fc.nat(3),
  })
  .map((drawn) => ({
    type: "tool-call",
    toolCallId: drawn.id,
    toolName: drawn.toolName,
    input: drawn.input,
    ...(drawn.ran === "elsewhere" ? { providerExecuted: true } : {}),
    ...(drawn.signed === 0 ? { native: { thoughtSignature: "c2ln", call_id: drawn.id } } : {}),
  }));

/** A call, now and then with reasoning in front of it. */
export const callAndThought: fc.Arbitrary<readonly ContentPart[]> = fc.oneof(
  { weight: 3, arbitrary: call.map((part) => [part]) },
  { weight: 1, arbitrary: fc.tuple(reasoning, call).map((both) => [...both]) },
);

export const result: fc.Arbitrary<ContentPart> = fc
  .record({
    id,
    output: fc.constantFrom<JsonValue>("found", null, { rows: [1] }, ""),
    isError: fc.boolean(),
    ran: fc.constantFrom("by us", "by us", "by us", "elsewhere"),
  })
  .map((drawn) => ({
    type: "tool-result",
    toolCallId: drawn.id,
    output: drawn.output,
    ...(drawn.isError ? { isError: true } : {}),
    ...(drawn.ran === "elsewhere" ? { providerExecuted: true } : {}),
  }));

const media: fc.Arbitrary<ContentPart> = fc.constantFrom<ContentPart>(
  { type: "image", url: "https://example.com/a.png" },
  { type: "file", fileId: "file-1", name: "a.pdf" },
);

const native: fc.Arbitrary<ContentPart> = fc.constantFrom<ContentPart>(
  { type: "native", format: "openai-responses", item: { type: "web_search_call", id: "ws_1" } },
  { type: "native", format: "anthropic", item: { type: "container_upload" }, tokens: 3 },
  { type: "native", format: "my-gateway", item: "opaque" },
);

const question: fc.Arbitrary<ContentPart> = fc
  .tuple(fc.constantFrom("p1", "p2"), id)
  .map(([approvalId, toolCallId]) => ({ type: "tool-approval-request", approvalId, toolCallId }));

const decision: fc.Arbitrary<ContentPart> = fc
  .tuple(fc.constantFrom("p1", "p2"), fc.boolean())
  .map(([approvalId, approved]) => ({ type: "tool-approval-response", approvalId, approved }));

/** What a message of each role may be made of. */
export const ofRole: Readonly<Record<Role, fc.Arbitrary<ContentPart>>> = {
  system: text,
  user: fc.oneof(
    { weight: 5, arbitrary: text },
    { weight: 1, arbitrary: media },
    { weight: 1, arbitrary: native },
  ),
  assistant: fc.oneof(
    { weight: 4, arbitrary: text },
    { weight: 4, arbitrary: call },
    { weight: 3, arbitrary: reasoning },
    { weight: 2, arbitrary: result },
    { weight: 1, arbitrary: media },
    { weight: 1, arbitrary: native },
    { weight: 1, arbitrary: question },
  ),
  tool: fc.oneof({ weight: 5, arbitrary: result }, { weight: 1, arbitrary: decision }),
};
