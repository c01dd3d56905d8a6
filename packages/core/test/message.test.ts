import { describe, expect, it } from "vitest";
import { defaultLimits } from "../src/index.ts";
import { admitEvent, admitEvents, resolveLimits } from "../src/input/index.ts";
import { thrown } from "./support.ts";

const said = (body: object) => ({ type: "message", body: { role: "assistant", content: "x", ...body } });
const admit = (event: unknown) => admitEvent(event, "event", defaultLimits);

const parts = {
  text: [{ text: "a" }, { text: "" }],
  reasoning: [{ text: "hm", native: { signature: "s" } }],
  image: [{ url: "https://example.com/a.png" }, { data: "aGk=", mediaType: "image/png" }],
  file: [{ url: "u" }, { fileId: "f", name: "a.pdf" }, { data: "d", mediaType: "application/pdf" }],
  "tool-call": [
    { toolCallId: "c", toolName: "t", input: {} },
    { toolCallId: "c", toolName: "t", input: null, providerExecuted: true },
  ],
  "tool-result": [
    { toolCallId: "c", output: null },
    { toolCallId: "c", toolName: "t", output: 1, isError: false },
  ],
} as const;

describe("parts of a message", () => {
  it.each(Object.entries(parts))("%s is admitted as it is", (type, examples) => {
    const content = examples.map((part) => ({ type, ...part }));
    expect(admit(said({ content })).event).toEqual(said({ content }));
  });

  it.each([
    ["text", { text: 1 }, ".text"],
    ["reasoning", {}, ".text"],
    ["image", { url: "u", data: 1 }, ""],
    ["image", { url: 1 }, ""],
    ["image", { url: "u", mediaType: 1 }, ".mediaType"],
    ["file", { url: "u", fileId: "f" }, ""],
    ["file", { url: "u", name: {} }, ".name"],
    ["tool-call", { toolCallId: "c", toolName: "", input: 1 }, ".toolName"],
    ["tool-call", { toolCallId: "c", toolName: "t", input: 1, providerExecuted: 1 }, ".providerExecuted"],
    ["tool-result", { toolCallId: "c", toolName: 1, output: 1 }, ".toolName"],
    ["tool-result", { toolCallId: "c", output: 1, isError: "no" }, ".isError"],
  ])("%s refuses %j", (type, part, field) => {
    const error = thrown(() => admit(said({ content: [{ type, ...part }] })), "invalid-input");
    expect(error.details.field).toBe(`event.body.content[0]${field}`);
  });
});

describe("a message", () => {
  it.each([
    [{ id: "" }, "id"],
    [{ agent: 1 }, "agent"],
    [{ metadata: [] }, "metadata"],
    [{ at: "now" }, "at"],
    [{ native: "openai" }, "native"],
    [{ native: { item: 1 } }, "native.format"],
    [{ native: { format: "openai" } }, "native.item"],
    [{ content: null }, "content"],
    [{ content: ["x"] }, "content[0]"],
    [{ role: ["user"] }, "role"],
  ])("refuses %j", (body, field) => {
    expect(thrown(() => admit(said(body)), "invalid-input").details.field).toBe(`event.body.${field}`);
  });
});

describe("the other bodies", () => {
  const handoff = {
    handoffId: "h",
    from: "a",
    to: "b",
    reason: "r",
    priority: "normal",
    status: "started",
    depth: 0,
  };
  it.each([
    ["handoff", { ...handoff, status: "begun" }, "status"],
    ["handoff", { ...handoff, priority: 1 }, "priority"],
    ["handoff", { ...handoff, depth: -1 }, "depth"],
    ["handoff", { ...handoff, mode: "hand-over" }, "mode"],
    ["execution", { executionId: "e", status: "done" }, "status"],
    ["execution", { status: "running" }, "executionId"],
    ["summary", { text: "t", sourceHash: "h", strategy: "s", tokensBefore: 1 }, "tokensAfter"],
    ["retraction", { ranges: [{ from: 1, to: 1 }] }, "reason"],
  ])("%s refuses %j", (type, body, field) => {
    expect(thrown(() => admit({ type, body }), "invalid-input").details.field).toBe(`event.body.${field}`);
  });
});

describe("what an event weighs", () => {
  it("is the JSON of what is kept, the pin of a system message included", () => {
    const system = { type: "message", body: { role: "system", content: "be kind" } };
    const { event, bytes } = admit(system);
    expect(bytes).toBe(JSON.stringify(event).length);
    // An event that moves to another store weighs the same there.
    expect(admit(event).bytes).toBe(bytes);
  });

  it("counts metadata by its own limit", () => {
    const limits = resolveLimits({ metadataBytes: 50 });
    const body = "x".repeat(200);
    expect(admitEvents([{ type: "x-a", body, metadata: { a: "y".repeat(40) } }], limits)).toHaveLength(1);
    const error = thrown(
      () => admitEvents([{ type: "x-a", body, metadata: { a: "y".repeat(60) } }], limits),
      "too-large",
    );
    expect(error.details).toMatchObject({ field: "events[0].metadata", limit: "metadataBytes" });
  });

  it("has a message that repeats no hostile key at length", () => {
    const error = thrown(
      () => admit({ type: "x-a", body: 1, tokens: { [`\n${"z".repeat(5000)}`]: -1 } }),
      "invalid-input",
    );
    expect(error.message).toMatch(/^[\x20-\x7e]{1,250}$/);
  });
});
