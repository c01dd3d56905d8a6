import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonValue, Message } from "../src/index.ts";
import { MemoryError } from "../src/index.ts";
import { admitEvents, admitRequest } from "../src/input/index.ts";
import { resolveLimits } from "../src/limits.ts";

const limits = resolveLimits();

function resultOf(output: JsonValue): Message {
  return { role: "tool", content: [{ type: "tool-result", toolCallId: "c1", output }] };
}

/** The message as the facade has it after the request was admitted: with an id, its content as it was copied. */
function completed(message: Message): Message {
  const { value } = admitRequest({ append: [message] }, limits);
  const [copy] = (value as unknown as { readonly append: readonly [Message] }).append;
  return { ...copy, id: "m1" };
}

function eventOf(body: Message) {
  return { type: "message", body, at: 1 } as const;
}

function admitOne(body: Message, within = limits) {
  const [one] = admitEvents([eventOf(body)], within);
  if (one === undefined) throw new Error("nothing admitted");
  return one;
}

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return MemoryError.isInstance(error) ? error.code : "other";
  }
  return undefined;
}

describe("the content of a message that was admitted with its request", () => {
  it("is kept as it is, and measured as if it had been walked through again", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (output) => {
        const message = resultOf(output as JsonValue);
        const body = completed(message);
        expect(body.content).not.toBe(message.content);
        const { event, bytes } = admitOne(body);
        expect(event.type === "message" && event.body.content).toBe(body.content);
        const walked = admitOne(structuredClone(body));
        expect([walked.event, walked.bytes]).toEqual([event, bytes]);
        expect(bytes).toBe(Buffer.byteLength(JSON.stringify(event), "utf8"));
      }),
      { numRuns: 300, seed: 20_261_126 },
    );
  });

  it("is a frozen copy: what the caller changes changes nothing", () => {
    const output = { hits: [{ title: "first" }] };
    const body = completed(resultOf(output));
    (output.hits[0] as { title: string }).title = "changed";
    const { event } = admitOne(body);
    expect(JSON.stringify(event)).toContain("first");
    const parts = event.type === "message" ? event.body.content : "";
    expect([Object.isFrozen(parts), Object.isFrozen(parts[0])]).toEqual([true, true]);
  });

  it("behind a proxy is another object, which is walked through and copied", () => {
    const body = completed(resultOf({ hits: 1 }));
    const content = new Proxy(body.content as object, {}) as Message["content"];
    const { event } = admitOne({ ...body, content });
    expect(event.type === "message" && event.body.content).toEqual(body.content);
    expect(event.type === "message" && event.body.content).not.toBe(content);
    expect(event.type === "message" && event.body.content).not.toBe(body.content);
  });

  it("is held to the limits of the store, whatever the request was held to", () => {
    let deep: JsonValue = "end";
    for (let level = 0; level < 20; level++) deep = [deep];
    const body = completed(resultOf(deep));
    expect(codeOf(() => admitOne(body))).toBeUndefined();
    expect(codeOf(() => admitOne(body, resolveLimits({ depth: 20 })))).toBe("too-large");
    expect(codeOf(() => admitOne(body, resolveLimits({ valueBytes: 100 })))).toBe("too-large");
    expect(codeOf(() => admitOne(completed(resultOf({ toolCallId: 1 }))))).toBeUndefined();
    expect(codeOf(() => admitOne({ ...body, role: "user" }))).toBe("invalid-input");
  });
});
