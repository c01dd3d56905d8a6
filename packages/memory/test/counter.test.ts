import { isEvent, type Message, type TokenCounter } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { createMemory } from "../src/index.ts";

/** Counts characters, and remembers how often it was asked. */
function characters(count: (message: Message) => number = (message) => message.content.length) {
  const counted: Message[] = [];
  const counter: TokenCounter = {
    name: "characters",
    countText: (text) => text.length,
    countMessage(message) {
      counted.push(message);
      return count(message);
    },
  };
  return { counter, counted };
}

async function tokensIn(
  session: ReturnType<ReturnType<ReturnType<typeof createMemory>["tenant"]>["session"]>,
) {
  const { events } = await session.events();
  return events.map((event) => (isEvent(event, "message") ? event.tokens : "no message"));
}

describe("a memory's counter", () => {
  it("counts each message once, when it is appended", async () => {
    await using store = createMemoryStore();
    const { counter, counted } = characters();
    const session = createMemory({ store, counter }).tenant("acme").session("s");
    await session.append([
      { role: "user", content: "hola" },
      { type: "message", body: { role: "user", content: "dos" }, tokens: { characters: 99, other: 1 } },
      { type: "message", body: { role: "user", content: "tres!" }, tokens: { other: 1 } },
      { type: "x-note", body: "not a message" },
    ]);
    expect(await tokensIn(session)).toEqual([
      { characters: 4 },
      { characters: 99, other: 1 },
      { characters: 5, other: 1 },
      "no message",
    ]);
    expect(counted.map(({ content }) => content)).toEqual(["hola", "tres!"]);
  });

  it("changes nothing of what makes a retry safe", async () => {
    await using store = createMemoryStore();
    const message = { role: "user", content: "hola" } as const;
    await createMemory({ store }).tenant("acme").session("s").append(message, { operationId: "o" });
    const counting = createMemory({ store, counter: characters().counter }).tenant("acme").session("s");
    expect((await counting.append(message, { operationId: "o" })).replayed).toBe(true);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("no tokenizer");
      },
    ],
    ["counts halves", () => 1.5],
    ["counts nothing", () => Number.NaN],
    ["counts less than nothing", () => -1],
  ])("never costs a message when it %s", async (_what, count) => {
    await using store = createMemoryStore();
    const errors: unknown[] = [];
    const { counter } = characters(count);
    const session = createMemory({ store, counter, onError: (error) => errors.push(error) })
      .tenant("acme")
      .session("s");
    await session.append({ role: "user", content: "hola" });
    expect(await tokensIn(session)).toEqual([undefined]);
    expect(errors).toHaveLength(1);
  });

  it("sees no message that is refused", async () => {
    await using store = createMemoryStore();
    const { counter, counted } = characters();
    const session = createMemory({ store, counter }).tenant("acme").session("s");
    await expect(session.append({ role: "user" } as never)).rejects.toMatchObject({ code: "invalid-input" });
    expect(counted).toEqual([]);
    expect(() => createMemory({ store, counter: {} as never })).toThrow(/counter/);
  });
});
