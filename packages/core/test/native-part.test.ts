import { describe, expect, it } from "vitest";
import {
  type JsonObject,
  type JsonValue,
  MemoryError,
  type Message,
  textOf,
  type ViewForm,
} from "../src/index.ts";
import { admitViewForm, resolveLimits } from "../src/input/index.ts";
import { admitMessage } from "../src/input/message.ts";

const limits = resolveLimits();

function refusal(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (MemoryError.isInstance(error, "invalid-input")) return error.message;
    throw error;
  }
}

describe("a native part", () => {
  const search = { type: "web_search_call", id: "ws_1", status: "completed" };

  it("is admitted with its item of any form, with tokens or without, and is no text", () => {
    const message = {
      role: "assistant",
      content: [
        { type: "native", format: "openai-responses", item: search },
        { type: "native", format: "my-gateway", item: null, tokens: 0 },
        { type: "text", text: "Found." },
      ],
    } as const satisfies Message;
    admitMessage(message, "message", limits);
    expect(textOf(message)).toBe("Found.");
  });

  it.each([
    ["no format", { type: "native", item: search }, "content[0].format"],
    ["an empty format", { type: "native", format: "", item: search }, "content[0].format"],
    ["no item", { type: "native", format: "gemini" }, "content[0].item"],
    ["negative tokens", { type: "native", format: "gemini", item: 1, tokens: -1 }, "content[0].tokens"],
    ["half a token", { type: "native", format: "gemini", item: 1, tokens: 0.5 }, "content[0].tokens"],
  ])("is refused with %s", (_what, part: JsonValue, field) => {
    const message: JsonObject = { role: "assistant", content: [part] };
    expect(refusal(() => admitMessage(message, "message", limits))).toContain(field);
  });

  it("leaves a call its signature", () => {
    const call = { type: "tool-call", toolCallId: "a", toolName: "t", input: {}, native: { signature: "s" } };
    admitMessage({ role: "assistant", content: [call] }, "message", limits);
  });
});

describe("what a view is made for", () => {
  it("has only the fields that say something", () => {
    expect(admitViewForm({ for: undefined, prefill: undefined })).toEqual({});
    expect(Object.keys(admitViewForm({ for: "gemini" }))).toEqual(["for"]);
    expect(admitViewForm({ for: "anthropic", prefill: "refused" })).toEqual({
      for: "anthropic",
      prefill: "refused",
    });
  });

  it.each([
    ["for", { for: "openai" }],
    ["for", { for: null }],
    ["for", { for: "toString" }],
    ["prefill", { prefill: true }],
  ])("is refused by name: %s", (field, form) => {
    expect(refusal(() => admitViewForm(form as ViewForm))).toContain(field);
  });
});
