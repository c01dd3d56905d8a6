import { describe, expect, it } from "vitest";
import { defaultLimits, type EventInput, isEvent, type StoredEvent, textOf } from "../src/index.ts";
import { checkRetraction } from "../src/input/events.ts";
import { admitEvents, resolveLimits } from "../src/input/index.ts";
import { retractedRanges } from "../src/store/index.ts";
import { thrown } from "./support.ts";

const said = (content: unknown, more: object = {}) => ({
  type: "message",
  body: { role: "user", content, ...more },
});
const admit = (...events: readonly unknown[]) => admitEvents(events, defaultLimits);
const handoff = {
  handoffId: "h",
  status: "started",
  from: "a",
  to: "b",
  reason: "r",
  priority: "normal",
  depth: 0,
};

describe("admitEvents", () => {
  it("admits each type, and measures it", () => {
    const events = [
      said("hello"),
      {
        type: "summary",
        body: { text: "t", sourceHash: "h", strategy: "s", tokensBefore: 9, tokensAfter: 2 },
        derivedFrom: [{ from: 1, to: 3 }],
      },
      { type: "handoff", body: handoff },
      { type: "execution", body: { executionId: "e", status: "running" } },
      { type: "retraction", body: { ranges: [{ from: 1, to: 1 }], reason: "undo" } },
      { type: "x-note", body: "anything" },
    ];
    const admitted = admit(...events);
    expect(admitted.map(({ event }) => event)).toEqual(events);
    expect(admitted.map(({ bytes }) => bytes)).toEqual(events.map((event) => JSON.stringify(event).length));
  });

  it("pins what the system says, unless told otherwise", () => {
    const pinned = (event: unknown) => admit(event)[0]?.event.pinned;
    expect(pinned({ type: "message", body: { role: "system", content: "be kind" } })).toBe(true);
    expect(pinned({ type: "message", body: { role: "system", content: "be kind" }, pinned: false })).toBe(
      false,
    );
    expect(pinned(said("hello"))).toBeUndefined();
  });

  it.each([
    ["no event", null, "events[0]"],
    ["an unknown type", { type: "note", body: 1 }, "events[0].type"],
    ["a bare prefix", { type: "x-", body: 1 }, "events[0].type"],
    ["no body", { type: "x-a" }, "events[0].body"],
    ["a misspelt field", { ...said("x"), metdata: {} }, "events[0].metdata"],
    ["a misspelt field of the message", said("x", { contents: "y" }), "events[0].body.contents"],
    ["a strange role", { type: "message", body: { role: "bot", content: "x" } }, "events[0].body.role"],
    ["no content", { type: "message", body: { role: "user" } }, "events[0].body.content"],
    ["an unknown part", said([{ type: "video", url: "u" }]), "events[0].body.content[0].type"],
    [
      "a part named like a prototype's member",
      said([{ type: "toString" }]),
      "events[0].body.content[0].type",
    ],
    ["an image of nothing", said([{ type: "image" }]), "events[0].body.content[0]"],
    ["an image of two things", said([{ type: "image", url: "u", data: "d" }]), "events[0].body.content[0]"],
    [
      "a call without an id",
      said([{ type: "tool-call", toolName: "t", input: {} }]),
      "events[0].body.content[0].toolCallId",
    ],
    [
      "a call without input",
      said([{ type: "tool-call", toolCallId: "c", toolName: "t" }]),
      "events[0].body.content[0].input",
    ],
    [
      "a result without output",
      said([{ type: "tool-result", toolCallId: "c" }]),
      "events[0].body.content[0].output",
    ],
    ["a half time", { ...said("x"), at: 1.5 }, "events[0].at"],
    ["a pin that is no boolean", { ...said("x"), pinned: "yes" }, "events[0].pinned"],
    ["a backward range", { ...said("x"), derivedFrom: [{ from: 3, to: 2 }] }, "events[0].derivedFrom[0].to"],
    [
      "a range from nothing",
      { ...said("x"), derivedFrom: [{ from: 0, to: 2 }] },
      "events[0].derivedFrom[0].from",
    ],
    ["half a token", { ...said("x"), tokens: { o200k: 1.5 } }, "events[0].tokens.o200k"],
    [
      "a retraction of nothing",
      { type: "retraction", body: { ranges: [], reason: "r" } },
      "events[0].body.ranges",
    ],
    [
      "a handoff without a reason",
      { type: "handoff", body: { ...handoff, reason: undefined } },
      "events[0].body.reason",
    ],
    ["an oversized agent", { ...said("x"), agent: "" }, "events[0].agent"],
  ])("refuses %s", (_what, event, field) => {
    expect(thrown(() => admit(event), "invalid-input").details.field).toBe(field);
  });

  it("refuses too many, too large, and too large together", () => {
    const limits = resolveLimits({ batchItems: 2, valueBytes: 100, batchBytes: 150 });
    const failing = (...events: readonly unknown[]) =>
      thrown(() => admitEvents(events, limits), "too-large").details.limit;
    expect(failing(said("a"), said("b"), said("c"))).toBe("batchItems");
    expect(failing(said("x".repeat(100)))).toBe("valueBytes");
    expect(failing(said("x".repeat(40)), said("x".repeat(40)))).toBe("batchBytes");
    thrown(() => admitEvents("abc", limits), "invalid-input");
  });
});

describe("retractions", () => {
  it("reach no further than the log did", () => {
    const event: EventInput = { type: "retraction", body: { ranges: [{ from: 2, to: 5 }], reason: "undo" } };
    expect(retractedRanges(event)).toEqual([{ from: 2, to: 5 }]);
    checkRetraction(event, 5);
    expect(thrown(() => checkRetraction(event, 4), "invalid-input").details.version).toBe(4);
    expect(retractedRanges({ type: "x-a", body: 1 })).toEqual([]);
  });
});

describe("isEvent", () => {
  it("tells an event from its tombstone", () => {
    const event: StoredEvent = {
      type: "message",
      seq: 1,
      recordedAt: 0,
      body: { role: "user", content: "x" },
    };
    const tombstone: StoredEvent = { type: "message", seq: 1, recordedAt: 0, erasedAt: 5 };
    expect(isEvent(event, "message") && event.body.content).toBe("x");
    expect(isEvent(event, "summary")).toBe(false);
    expect(isEvent(tombstone, "message")).toBe(false);
  });
});

describe("textOf", () => {
  it("joins what a person would read", () => {
    expect(textOf({ role: "user", content: "plain" })).toBe("plain");
    const content = [
      { type: "reasoning", text: "hm" },
      { type: "text", text: "a" },
      { type: "tool-call", toolCallId: "c", toolName: "t", input: {} },
      { type: "text", text: "b" },
    ] as const;
    expect(textOf({ role: "assistant", content })).toBe("a\nb");
  });
});
