import { defaultLimits, type Message } from "@relevo/core";
import { admitEvents } from "@relevo/core/input";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conversation, strange } from "../src/index.ts";

function isAdmitted(messages: readonly Message[]): boolean {
  try {
    admitEvents(
      messages.map((body) => ({ type: "message", body })),
      defaultLimits,
    );
    return true;
  } catch {
    return false;
  }
}

/** What a test of repairs needs to meet, by a sign of it. */
const shapes: Readonly<Record<string, (messages: readonly Message[]) => boolean>> = {
  "a system message in the middle": (messages) => messages.findLastIndex(({ role }) => role === "system") > 0,
  "an empty message": (messages) => messages.some(({ content }) => content.length === 0),
  "a lone reasoning part": (messages) =>
    messages.some(({ content }) => content.length === 1 && isOf(content[0], "reasoning")),
  "an id used twice": (messages) => {
    const ids = partsOf(messages).flatMap((part) => (part.type === "tool-call" ? [part.toolCallId] : []));
    return new Set(ids).size < ids.length;
  },
  "an approval": (messages) => partsOf(messages).some(({ type }) => type === "tool-approval-response"),
  "a provider's call": (messages) =>
    partsOf(messages).some((part) => part.type === "tool-call" && part.providerExecuted === true),
  "a native part": (messages) => partsOf(messages).some(({ type }) => type === "native"),
  "an image of the assistant": (messages) =>
    partsOf(messages.filter(({ role }) => role === "assistant")).some(({ type }) => type === "image"),
  "two agents": (messages) => new Set(messages.flatMap(({ agent }) => agent ?? [])).size === 2,
  "signed reasoning between calls": (messages) =>
    messages.some(
      ({ content }) =>
        typeof content !== "string" &&
        content.some((part, at) => at > 0 && part.type === "reasoning" && isOf(content[at - 1], "tool-call")),
    ),
};

function partsOf(messages: readonly Message[]) {
  return messages.flatMap(({ content }) => (typeof content === "string" ? [] : content));
}

function isOf(part: unknown, type: string): boolean {
  return typeof part === "object" && part !== null && "type" in part && part.type === type;
}

describe("random conversations", () => {
  it("are what an append takes", () => {
    fc.assert(
      fc.property(conversation, (messages) => isAdmitted(messages)),
      {
        numRuns: 1000,
        seed: 7,
      },
    );
  });

  it("are also what none takes, where imports are meant", () => {
    const drawn = fc.sample(strange, { numRuns: 300, seed: 7 });
    expect(drawn.filter((messages) => !isAdmitted(messages)).length).toBeGreaterThan(50);
  });

  it.each(Object.entries(shapes))("have %s often enough", (_, has) => {
    const drawn = fc.sample(conversation, { numRuns: 1000, seed: 7 });
    expect(drawn.filter(has).length).toBeGreaterThan(25);
  });
});
