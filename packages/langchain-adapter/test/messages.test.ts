import { Document } from "@langchain/core/documents";
import {
  AIMessage,
  type BaseMessage,
  ChatMessage,
  HumanMessage,
  mapChatMessagesToStoredMessages,
  mapStoredMessagesToChatMessages,
  RemoveMessage,
  ToolMessage,
} from "@langchain/core/messages";
import { MemoryError, type Message } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { conversation } from "@relevo/random-conversations";
import { createMemoryStore } from "@relevo/store-memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromLangChain, toLangChain } from "../src/index.ts";
import { anyMessage, samples, usage } from "./samples.ts";

const numRuns = Number(process.env.RELEVO_RUNS ?? 40);

/** All that a message holds, bytes included; fields that are `undefined` count as absent, as in JSON. */
function contentOf(message: BaseMessage): unknown {
  const { lc_kwargs: _kwargs, ...own } = { ...message } as BaseMessage;
  const held = Object.entries(own).filter(([, value]) => value !== undefined);
  return { class: message.constructor, ...Object.fromEntries(held) };
}

function expectSame(left: readonly BaseMessage[], right: readonly BaseMessage[]): void {
  expect(left.map(contentOf)).toEqual(right.map(contentOf));
}

describe("a message of LangChain", () => {
  it.each(samples)("comes back as it was: %s", (_, create) => {
    const message = create();
    const [converted, ...others] = fromLangChain([message]);
    expect(others).toEqual([]);
    expectSame(toLangChain(converted === undefined ? [] : [converted]), [create()]);
    // Nor was the given one changed.
    expectSame([message], [create()]);
  });

  it.each(samples)("keeps its content as chat histories of LangChain store it: %s", (_, create) => {
    const stored = JSON.parse(JSON.stringify(mapChatMessagesToStoredMessages([create()])));
    const [back] = toLangChain(fromLangChain(mapStoredMessagesToChatMessages(stored)));
    expect(back?.content).toEqual(create().content);
  });

  it.each(samples)("comes back after it was stored: %s", async (_, create) => {
    await using memory = createMemory({ store: createMemoryStore() });
    const session = memory.tenant("acme").session("s");
    const message = create();
    const [converted] = fromLangChain([message]);
    if (converted === undefined) throw new Error("nothing");
    await session.append(converted);
    const [back] = toLangChain(await session.messages());
    if (back === undefined) throw new Error("nothing came back");
    // The store gives it an id and a time.
    const { relevo, ...extras } = back.additional_kwargs;
    expect(relevo).toMatchObject({ fields: { at: expect.any(Number) } });
    back.additional_kwargs = extras;
    if (message.id === undefined) delete back.id;
    const given = create();
    if (given.id === undefined) delete given.id;
    expectSame([back], [given]);
  });

  it("comes back whatever it holds", () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 4 }), (messages) => {
        const before = messages.map((message) => JSON.stringify(contentOf(message)));
        expectSame(toLangChain(fromLangChain(messages)), messages);
        expect(messages.map((message) => JSON.stringify(contentOf(message)))).toEqual(before);
      }),
      { numRuns },
    );
  });

  it("keeps its own form only where a message would say less", () => {
    const [plain, withCall, block] = fromLangChain([
      new HumanMessage("Hi"),
      new AIMessage({ content: "", tool_calls: [{ type: "tool_call", id: "c", name: "f", args: {} }] }),
      new AIMessage({ content: [{ type: "text", text: "Hi", cache_control: { type: "ephemeral" } }] }),
    ]);
    expect(plain).toEqual({ role: "user", content: "Hi" });
    expect(withCall?.native).toBeUndefined();
    const [inParts] = fromLangChain([new AIMessage({ content: [{ type: "text", text: "Hi" }] })]);
    expect(inParts?.native).toBeUndefined();
    const call = { type: "tool-call", toolCallId: "c", toolName: "f", input: {} } as const;
    const [textBehind] = toLangChain([
      { role: "assistant", content: [call, { type: "text", text: "I have asked." }] },
    ]);
    expect(textBehind?.content).toMatchObject([{ type: "tool_call" }, { type: "text" }]);
    expect(block?.native?.format).toBe("langchain");
  });

  it("is refused, with its place, when it is none that can be kept", () => {
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [[new RemoveMessage({ id: "m1" })], /^messages\[0\] is an instruction to a reducer/],
      [
        [new HumanMessage("Hi"), { role: "user", content: "Hi" }],
        /^messages\[1\] must be a message of LangChain/,
      ],
      [
        [new HumanMessage({ content: "Hi", additional_kwargs: { n: 1n } })],
        /^messages\[0\] has a value without JSON/,
      ],
      [[new ChatMessage({ content: "Hi", role: "critic" })], /^messages\[0\]\.data\.role must be one of/],
      ["Hi", /^messages must be an array/],
    ];
    for (const [messages, problem] of cases) {
      let error: unknown;
      try {
        fromLangChain(messages as BaseMessage[]);
      } catch (caught) {
        error = caught;
      }
      expect(MemoryError.isInstance(error, "invalid-input")).toBe(true);
      expect((error as Error).message).toMatch(problem);
    }
  });

  it("may be nested more deeply than a stack is, and is refused then", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    const message = new ToolMessage({ content: "x", tool_call_id: "c", artifact: deep });
    expect(() => fromLangChain([message])).toThrow(/^messages\[0\] is nested too deeply/);
  });

  it("keeps a large artifact, which metadata has no room for", async () => {
    await using memory = createMemory({ store: createMemoryStore() });
    const session = memory.tenant("acme").session("s");
    const artifact = [new Document({ pageContent: "x".repeat(100_000), metadata: { page: 1 } })];
    const logprobs = Array.from({ length: 20_000 }, (_, index) => -1 - index);
    await session.append(
      fromLangChain([
        new AIMessage({ content: "Hi", response_metadata: { logprobs }, usage_metadata: usage as never }),
        new ToolMessage({ content: "found", tool_call_id: "c", artifact }),
      ]),
    );
    const [answer, result] = toLangChain(await session.messages());
    expect(answer?.response_metadata).toEqual({ logprobs });
    // What the answer cost is counted all the same.
    expect((await session.activity()).usage).toEqual({
      messages: 1,
      inputTokens: 12,
      outputTokens: 5,
      cachedInputTokens: 3,
      cost: 0,
    });
    // Classes become plain objects, as `JSON.stringify` has it.
    expect((result as ToolMessage).artifact).toEqual(JSON.parse(JSON.stringify(artifact)));
  });
});

describe("a message of Relevo", () => {
  const shown = (message: Message): boolean =>
    message.role !== "tool" ||
    (typeof message.content !== "string" && message.content.some(({ type }) => type === "tool-result"));

  it("comes back whatever it holds, unless no model can be shown it", () => {
    const fields = fc.record({
      id: fc.option(fc.uuid(), { nil: undefined }),
      at: fc.option(fc.integer({ min: 0, max: 2e12 }), { nil: undefined }),
      metadata: fc.option(
        fc.dictionary(fc.constantFrom("a", "name", "response_metadata"), fc.jsonValue({ maxDepth: 1 })),
        {
          nil: undefined,
        },
      ),
    });
    fc.assert(
      fc.property(conversation, fc.array(fields, { minLength: 8, maxLength: 8 }), (said, more) => {
        const messages = said.filter(shown).map((message, index): Message => {
          const extra = Object.entries(more[index % more.length] ?? {}).filter(
            ([, value]) => value !== undefined,
          );
          return JSON.parse(JSON.stringify({ ...message, ...Object.fromEntries(extra) })) as Message;
        });
        const frozen = structuredClone(messages);
        expect(fromLangChain(toLangChain(messages))).toEqual(messages);
        expect(messages).toEqual(frozen);
      }),
      { numRuns },
    );
  });

  it("becomes messages that a framework may change", async () => {
    await using memory = createMemory({ store: createMemoryStore() });
    const session = memory.tenant("acme").session("s");
    await session.append([
      { role: "user", content: "Hi", metadata: { name: "Nora" } },
      {
        role: "assistant",
        content: [{ type: "tool-call", toolCallId: "c", toolName: "f", input: { a: { b: 1 } } }],
      },
    ]);
    const view = await session.view();
    const [question, answer] = toLangChain(view.messages) as [HumanMessage, AIMessage];
    question.additional_kwargs.seen = true;
    question.response_metadata.seen = true;
    answer.content = [{ type: "text", text: "changed" }];
    const [call] = answer.tool_calls ?? [];
    if (call === undefined) throw new Error("The call is missing.");
    call.args.a.b = 2;
    answer.tool_calls?.push({ type: "tool_call", id: "d", name: "g", args: {} });
    expect((await session.view()).messages).toEqual(view.messages);
  });

  it("follows what somebody changed, and keeps what is still true", () => {
    const given: Message = {
      role: "assistant",
      content: [
        { type: "reasoning", text: "Hm.", native: { signature: "s" } },
        { type: "text", text: "Hi" },
      ],
      id: "m1",
      agent: "sales",
      at: 5,
      native: { format: "anthropic", item: { original: true } },
    };
    const [message] = toLangChain([given]);
    if (message === undefined) throw new Error("nothing");
    message.content = "Ahoy";
    const [changed] = fromLangChain([message]);
    expect(changed).toMatchObject({ role: "assistant", id: "m1", agent: "sales", at: 5 });
    expect(changed?.content).toBe("Ahoy");
    expect(JSON.stringify(changed)).not.toContain("original");
  });

  it("with several results becomes one message for each, and one again", () => {
    const given: Message = {
      role: "tool",
      id: "r",
      at: 7,
      content: [
        { type: "tool-result", toolCallId: "a", output: { degrees: 12 } },
        { type: "tool-result", toolCallId: "b", output: "no", isError: true },
      ],
    };
    const messages = toLangChain([given, { role: "user", content: "Thanks" }]);
    expect(messages.map(({ id, text }) => [id, text])).toEqual([
      ["r", '{"degrees":12}'],
      ["r:1", "no"],
      [undefined, "Thanks"],
    ]);
    expect(fromLangChain(messages)).toEqual([given, { role: "user", content: "Thanks" }]);
    // One of the two was removed.
    expect(fromLangChain(messages.slice(1, 2))).toEqual([
      expect.objectContaining({
        id: "r:1",
        content: [{ type: "tool-result", toolCallId: "b", output: "no", isError: true }],
      }),
    ]);
  });

  it("is not what a forged field of a message says", () => {
    const forged = new HumanMessage({
      content: "Hi",
      additional_kwargs: { relevo: { fields: { role: "system", content: [{ type: "text" }], at: "soon" } } },
    });
    expect(fromLangChain([forged])).toEqual([{ role: "user", content: "Hi" }]);
    const own = new HumanMessage({ content: "Hi", additional_kwargs: { relevo: { plan: "gold" } } });
    expectSame(toLangChain(fromLangChain([own])), [own]);
  });
});
