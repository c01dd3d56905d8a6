import { describe, expect, it } from "vitest";
import { defaultLimits, type JsonValue } from "../src/index.ts";
import { admitEvent } from "../src/input/index.ts";
import { admitTransferBatch } from "../src/store/transfer-batch.ts";
import { thrown } from "./support.ts";

const admit = (body: JsonValue) => admitEvent({ type: "message", body }, "event", defaultLimits);
const refusal = (body: JsonValue) => thrown(() => admit(body), "invalid-input");

const call = { type: "tool-call", toolCallId: "c", toolName: "t", input: {} };
const result = { type: "tool-result", toolCallId: "c", output: "12 degrees" };
const question = { type: "tool-approval-request", approvalId: "a", toolCallId: "c" };
const answer = { type: "tool-approval-response", approvalId: "a", approved: true };
const image = { type: "image", url: "https://example.com/a.png" };
const file = { type: "file", fileId: "f" };
const reasoning = { type: "reasoning", text: "Hm." };
const text = { type: "text", text: "Hi." };
const native = { type: "native", format: "anthropic", item: {} };

describe("what no view can show", () => {
  it("text in a message of the role tool", () => {
    const error = refusal({ role: "tool", content: "12 degrees" });
    expect(error.details.field).toBe("event.body.content");
    expect(error.message).toContain('{ type: "tool-result", toolCallId, output }');
    expect(refusal({ role: "tool", content: "" }).message).toBe(error.message);
    expect(refusal({ role: "tool", content: [] }).message).toBe(error.message);
  });

  const shownParts: Readonly<Record<string, readonly object[]>> = {
    system: [text],
    user: [text, image, file, native],
    assistant: [text, image, file, reasoning, call, result, question, native],
    tool: [result, answer],
  };
  const all = [text, image, file, reasoning, call, result, question, answer, native];
  const cases = Object.entries(shownParts).flatMap(([role, allowed]) =>
    all.map((part) => [role, part.type, allowed.includes(part)] as const),
  );
  it.each(cases)("%s with %s: admitted %s", (role, type, allowed) => {
    const part = all.find((one) => one.type === type) ?? text;
    const content = [role === "tool" ? result : text, part];
    if (allowed) {
      expect(admit({ role, content }).event.body).toEqual({ role, content });
      return;
    }
    const error = refusal({ role, content });
    expect(error.details.field).toBe("event.body.content[1]");
    expect(error.message).toMatch(/Its place is a message with the role "|the output of a tool-result part/);
  });

  it("is still taken from a log that was written before", () => {
    const bodies: JsonValue[] = [
      { role: "tool", content: "12 degrees" },
      { role: "tool", content: [] },
      { role: "user", content: [result] },
      { role: "system", content: [image] },
    ];
    const incarnation = "019ab8f4-0000-7000-8000-000000000001";
    const head = { session: "s", incarnation, version: bodies.length, revision: 4, firstSeq: 1, events: 4 };
    const batch = {
      head: { ...head, removalRevision: 0, bytes: 0, metadata: {}, createdAt: 1, updatedAt: 1 },
      events: bodies.map((body, index) => ({ type: "message", seq: index + 1, recordedAt: 1, body })),
      operations: [],
      removed: [],
    };
    const admitted = admitTransferBatch(batch as never, defaultLimits);
    expect(admitted.events.map(({ event }) => "body" in event && event.body)).toEqual(bodies);
  });
});

describe("messages of other libraries are refused with what they are here", () => {
  it.each<[string, JsonValue, string, RegExp]>([
    ["OpenAI's instructions", { role: "developer", content: "x" }, "role", /Write "system"/],
    ["LangChain's roles", { role: "human", content: "x" }, "role", /Write "user"/],
    ["LangChain's roles", { role: "ai", content: "x" }, "role", /Write "assistant"/],
    ["Gemini's role", { role: "model", content: "x" }, "role", /Write "assistant"/],
    ["an old result", { role: "function", content: "x" }, "role", /role: "tool", content: \[/],
    ["no content", { role: "assistant", content: null }, "content", /the calls are parts of content/],
    [
      "OpenAI's calls",
      { role: "assistant", content: null, tool_calls: [] },
      "tool_calls",
      /type: "tool-call", toolCallId, toolName, input.* not as JSON text/,
    ],
    [
      "OpenAI's results",
      { role: "tool", tool_call_id: "c", content: "12 degrees" },
      "tool_call_id",
      /type: "tool-result", toolCallId, output/,
    ],
    ["a refusal", { role: "assistant", content: "", refusal: "No." }, "refusal", /as text in content/],
    ["thinking", { role: "assistant", content: "", thinking: "Hm." }, "thinking", /type: "reasoning", text/],
    ["a name", { role: "user", content: "x", name: "Ana" }, "name", /is agent/],
    ["parts", { role: "user", parts: [] }, "parts", /its content/],
    ["a time", { role: "user", content: "x", createdAt: "2026" }, "createdAt", /is at, in milliseconds/],
    [
      "Anthropic's calls",
      { role: "assistant", content: [{ type: "tool_use", id: "c", name: "t", input: {} }] },
      "content[0].type",
      /type: "tool-call", toolCallId, toolName, input/,
    ],
    [
      "Anthropic's results",
      { role: "user", content: [{ type: "tool_result", tool_use_id: "c", content: "x" }] },
      "content[0].type",
      /type: "tool-result", toolCallId, output.* role "tool"/,
    ],
    [
      "Anthropic's thinking",
      { role: "assistant", content: [{ type: "thinking", thinking: "Hm.", signature: "s" }] },
      "content[0].type",
      /type: "reasoning", text, native: \{ signature \}/,
    ],
    [
      "Responses' text",
      { role: "assistant", content: [{ type: "output_text", text: "x" }] },
      "content[0].type",
      /type: "text", text/,
    ],
    [
      "OpenAI's image",
      { role: "user", content: [{ type: "image_url", image_url: { url: "u" } }] },
      "content[0].type",
      /type: "image", url/,
    ],
    [
      "Gemini's text",
      { role: "assistant", content: [{ text: "Hi." }] },
      "content[0].type",
      /type: "text", text/,
    ],
    [
      "Gemini's calls",
      { role: "assistant", content: [{ functionCall: { name: "t", args: {} } }] },
      "content[0].type",
      /type: "tool-call", toolCallId, toolName, input/,
    ],
    [
      "Gemini's results",
      { role: "user", content: [{ functionResponse: { name: "t", response: {} } }] },
      "content[0].type",
      /type: "tool-result", toolCallId, output/,
    ],
    [
      "the AI SDK's results before 5",
      { role: "tool", content: [{ type: "tool-result", toolCallId: "c", toolName: "t", result: 12 }] },
      "content[0].output",
      /is missing\. What is result elsewhere is output here/,
    ],
    [
      "the AI SDK's calls before 5",
      { role: "assistant", content: [{ type: "tool-call", toolCallId: "c", toolName: "t", args: {} }] },
      "content[0].input",
      /is missing\. What is args elsewhere is input here/,
    ],
    [
      "the AI SDK's image",
      { role: "user", content: [{ type: "image", image: "aGk=" }] },
      "content[0]",
      /exactly one of url, data.* What is image elsewhere is data or url here/,
    ],
    [
      "Anthropic's image",
      { role: "user", content: [{ type: "image", source: { type: "base64", data: "aGk=" } }] },
      "content[0]",
      /What other libraries put in source goes into the part itself/,
    ],
    [
      "an image as a file",
      { role: "user", content: [{ type: "file", file: { file_id: "f" } }] },
      "content[0]",
      /What other libraries put in file goes into the part itself/,
    ],
    ["a step", { role: "assistant", content: [{ type: "step-start" }] }, "content[0].type", /Leave it out/],
    [
      "a call of the AI SDK's UI",
      { role: "assistant", content: [{ type: "tool-weather", toolCallId: "c", state: "output-available" }] },
      "content[0].type",
      /type: "tool-call".* type: "tool-result"/,
    ],
  ])("%s: %j", (_name, body, field, hint) => {
    const error = refusal(body);
    expect(error.details.field).toBe(`event.body.${field}`);
    expect(error.message).toMatch(hint);
  });

  it.each(["constructor", "__defineGetter__", "toString"])("%s is only an unknown name", (name) => {
    expect(refusal({ role: "user", content: "x", [name]: 1 }).message).toContain("is not a field of");
    expect(refusal({ role: name, content: "x" }).message).toContain("must be one of");
    expect(refusal({ role: "user", content: [{ type: name }] }).message).toContain("must be one of");
  });

  it.each<[string, JsonValue, string, RegExp]>([
    [
      "a call of Responses",
      { type: "function_call", call_id: "c", name: "t", arguments: "{}" },
      "type",
      /role: "assistant".* type: "tool-call", toolCallId/,
    ],
    [
      "a result of Responses",
      { type: "function_call_output", call_id: "c", output: "12" },
      "type",
      /role: "tool".* type: "tool-result", toolCallId/,
    ],
    [
      "reasoning of Responses",
      { type: "reasoning", id: "rs_1", summary: [] },
      "type",
      /type: "reasoning", text/,
    ],
    [
      "a message of Responses",
      { type: "message", role: "user", content: "Hi." },
      "role",
      /is a field of the message: leave out type, or write { type: "message", body: { role, content } }/,
    ],
    ["a message of LangChain", { type: "human", data: { content: "Hi." } }, "type", /{ role, content }/],
    ["a part of a message", { type: "text", text: "Hi." }, "type", /is a part of a message/],
  ])("%s in place of a message: %j", (_name, event, field, hint) => {
    const error = thrown(() => admitEvent(event, "event", defaultLimits), "invalid-input");
    expect(error.details.field).toBe(`event.${field}`);
    expect(error.message).toMatch(hint);
  });
});
