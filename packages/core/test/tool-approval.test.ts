import { describe, expect, it } from "vitest";
import { type JsonObject, type JsonValue, MemoryError, type Message } from "../src/index.ts";
import { resolveLimits } from "../src/input/index.ts";
import { admitMessage } from "../src/input/message.ts";

const limits = resolveLimits();

function refusal(role: string, part: JsonValue): string | undefined {
  const message: JsonObject = { role, content: [part] };
  try {
    admitMessage(message, "message", limits);
    return undefined;
  } catch (error) {
    if (MemoryError.isInstance(error) && error.code === "invalid-input") return error.message;
    throw error;
  }
}

describe("a tool approval in a message", () => {
  it("is admitted as a question and as an answer, with a reason or without", () => {
    const question = {
      role: "assistant",
      content: [
        { type: "tool-call", toolCallId: "c1", toolName: "pay", input: { amount: 5 } },
        { type: "tool-approval-request", approvalId: "a1", toolCallId: "c1" },
      ],
    } as const satisfies Message;
    const answers = [
      { type: "tool-approval-response", approvalId: "a1", approved: true },
      { type: "tool-approval-response", approvalId: "a1", approved: false, reason: "Too much." },
    ] as const;
    admitMessage(question, "message", limits);
    admitMessage({ role: "tool", content: answers }, "message", limits);
  });

  it.each([
    ["no approval id", { type: "tool-approval-request", toolCallId: "c1" }, "content[0].approvalId"],
    ["no call id", { type: "tool-approval-request", approvalId: "a1" }, "content[0].toolCallId"],
    [
      "an empty id",
      { type: "tool-approval-response", approvalId: "", approved: true },
      "content[0].approvalId",
    ],
    ["no decision", { type: "tool-approval-response", approvalId: "a1" }, "content[0].approved"],
    [
      "a decision that is no boolean",
      { type: "tool-approval-response", approvalId: "a1", approved: "yes" },
      "content[0].approved",
    ],
    [
      "a reason that is no text",
      { type: "tool-approval-response", approvalId: "a1", approved: false, reason: 1 },
      "content[0].reason",
    ],
  ] as const)("is refused with %s", (_what, part, field) => {
    expect(refusal("tool", part)).toContain(field);
  });
});
