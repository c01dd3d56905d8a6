import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { createHandoffs } from "@relevo/handoff-tracing";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { createAgent } from "langchain";
import { expect, it } from "vitest";
import { createAgentHandoffs, relevoMemory } from "../src/agent/index.ts";
import { conversationOf } from "../src/agent/sync-messages.ts";
import { fromLangChain, toLangChain } from "../src/index.ts";
import { on, setUp, weather } from "./support/agents.ts";
import { ScriptedModel } from "./support/scripted-model.ts";

const long = "x".repeat(2000);
const repaired = (text: string): string => text.toWellFormed().replaceAll("\0", "\uFFFD");

/** Two calls of one answer, as their provider names them. */
const calls: Readonly<Record<string, readonly [first: string | undefined, second: string | undefined]>> = {
  "without ids": [undefined, undefined],
  "with empty ids": ["", ""],
  "with ids that are too long": [`${long}1`, `${long}2`],
  "with NUL in their ids": ["a\0b", "a\0c"],
  "with half a character in their ids": ["a\ud800b", "a\ud800c"],
};

it.each(Object.keys(calls))(
  "a conversation with calls %s goes on, and each result answers its call",
  async (name) => {
    const { session, middleware } = setUp();
    const model = new ScriptedModel((messages) => {
      if (messages.at(-1)?.type !== "human") return new AIMessage("Mild.");
      const made = (calls[name] ?? []).map((id, index) => ({
        type: "tool_call",
        name: "weather",
        args: { city: index === 0 ? "Vigo" : "Oslo" },
        ...(id === undefined ? {} : { id: id && `${id}${messages.length}` }),
      }));
      return new AIMessage({ content: "", tool_calls: made } as never);
    });
    const checkpointer = new MemorySaver();
    const agent = createAgent({ model, tools: [weather], middleware: [middleware], checkpointer });
    for (const text of ["One", "Two"]) await agent.invoke({ messages: [new HumanMessage(text)] }, on("t"));
    const log = await session.messages();
    const turn = ["user", "assistant", "tool", "tool", "assistant"];
    expect(log.map(({ role }) => role)).toEqual([...turn, ...turn]);
    const parts = log.flatMap(({ content }) => (typeof content === "string" ? [] : content));
    const called = parts.flatMap((part) => (part.type === "tool-call" ? [part.toolCallId] : []));
    expect(new Set(called).size).toBe(4);
    expect(parts.flatMap((part) => (part.type === "tool-result" ? [part.toolCallId] : []))).toEqual(called);
    // The model is shown the ids that its provider gave, where it gave any.
    const shown = model.shown.at(-1) ?? [];
    const asked = shown.flatMap((message) =>
      AIMessage.isInstance(message) ? (message.tool_calls ?? []) : [],
    );
    const answers = shown.filter((message) => ToolMessage.isInstance(message));
    expect(answers.map(({ tool_call_id }) => tool_call_id)).toEqual(asked.map(({ id }) => id));
    expect(answers.map(({ text }) => text.slice(-4))).toEqual(["Vigo", "Oslo", "Vigo", "Oslo"]);
    for (const [index, id] of (calls[name] ?? []).entries())
      if (id) expect(asked.map((call) => call.id)[index]).toBe(`${repaired(id)}1`);
  },
);

it.each([
  ["are too long", `m${long}`],
  ["have NUL", "m\0"],
  ["have half a character", "m\udc00"],
])("messages whose ids %s are in the log once, and are known again", async (_, prefix) => {
  const { session, middleware } = setUp();
  let answers = 0;
  const model = new ScriptedModel(() => new AIMessage({ content: "Hi.", id: `${prefix}a${++answers}` }));
  const checkpointer = new MemorySaver();
  const agent = createAgent({ model, tools: [], middleware: [middleware], checkpointer });
  const ask = async (text: string, id: string) =>
    await agent.invoke({ messages: [new HumanMessage({ content: text, id: `${prefix}${id}` })] }, on("t"));
  await ask("One", "q1");
  await ask("Two", "q2");
  // Under the id of the second question, so that the graph puts it in its place.
  await ask("TWO", "q2");
  expect((await session.messages()).map(({ content }) => content)).toEqual([
    "One",
    "Hi.",
    "TWO",
    "Hi.",
    "Hi.",
  ]);
  expect(model.shown.at(-1)?.[0]?.id).toBe(repaired(`${prefix}q1`));
});

it("a tool without a name, which a model has made up, is answered and stored", async () => {
  const { session, middleware } = setUp();
  const model = new ScriptedModel((messages) =>
    messages.at(-1)?.type === "human"
      ? new AIMessage({
          content: "",
          tool_calls: [
            { type: "tool_call", name: "", id: "c", args: {} },
            { type: "tool_call", name: long, id: "d", args: {} },
          ],
        })
      : new AIMessage("Sorry."),
  );
  const agent = createAgent({ model, tools: [weather], middleware: [middleware] });
  await agent.invoke({ messages: [new HumanMessage("Go")] }, on("t"));
  expect((await session.messages()).map(({ role }) => role)).toEqual([
    "user",
    "assistant",
    "tool",
    "tool",
    "assistant",
  ]);
  const { events } = await session.events({ types: ["execution"] });
  const statuses = events.map(({ body }) => (body as { readonly status?: string }).status);
  expect(statuses).toEqual(["failed", "failed"]);
});

it("handoffs by calls without ids are all in the log", async () => {
  const { store, memory, session } = setUp();
  const handoffs = createAgentHandoffs(createHandoffs({ log: store.log }));
  const middleware = [relevoMemory({ memory, tenant: "acme", handoffs })];
  const call = { type: "tool_call", name: "transfer_to_billing", args: { reason: "an invoice" } };
  const sales = createAgent({
    model: new ScriptedModel(() => new AIMessage({ content: "", tool_calls: [call] } as never)),
    tools: [handoffs.handoffTool({ to: "billing" })],
    middleware,
  });
  const billing = createAgent({
    model: new ScriptedModel(() => new AIMessage("Here.")),
    tools: [],
    middleware,
  });
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("sales", sales.graph, { ends: ["billing"] })
    .addNode("billing", billing.graph)
    .addEdge(START, "sales")
    .compile({ checkpointer: new MemorySaver() });
  for (const text of ["One", "Two"]) await graph.invoke({ messages: [new HumanMessage(text)] }, on("t"));
  const turn = ["user", "assistant", "tool", "assistant"];
  expect((await session.messages()).map(({ role }) => role)).toEqual([...turn, ...turn]);
});

it("calls without ids are told apart by their tools, and a result that answers none is kept", () => {
  const call = (name: string, id?: string) => ({ type: "tool_call", name, args: {}, id });
  const tool_calls = [call("a"), call("b"), call("b", "own")];
  const state = conversationOf([
    new AIMessage({ id: "m", content: tool_calls, tool_calls } as never),
    new ToolMessage({ id: "r0", name: "b", content: "B", tool_call_id: "own" }),
    new ToolMessage({ id: "r1", name: "b", content: "B", tool_call_id: "" }),
    new ToolMessage({ id: "r2", content: "A", tool_call_id: "" }),
    new ToolMessage({ id: "r3", content: "?", tool_call_id: "" }),
  ]);
  expect(state.map(({ message }) => message.content)).toMatchObject([
    [{ toolCallId: "m:0" }, { toolCallId: "m:1" }, { toolCallId: "own" }],
    [{ toolCallId: "own" }],
    [{ toolCallId: "m:1" }],
    [{ toolCallId: "m:0" }],
    [{ toolCallId: "r3:call" }],
  ]);
});

it("a call and its result have one id, also when a view has changed one of the two", async () => {
  await using memory = createMemory({ store: createMemoryStore() });
  const session = memory.tenant("acme").session("s");
  const tool_calls = [{ type: "tool_call", name: "weather", id: long, args: {} } as const];
  const given = [
    new AIMessage({ content: [{ type: "text", text: "Let me look." }], tool_calls }),
    new ToolMessage({ content: "12 degrees", tool_call_id: long }),
  ];
  await session.append(fromLangChain(given));
  const [call, result] = await session.messages();
  if (call === undefined || result === undefined) throw new Error("nothing");
  for (const changed of ["call", "result"]) {
    const { native: _call, ...bareCall } = call;
    const { native: _result, ...bareResult } = result;
    const shown = toLangChain(changed === "call" ? [bareCall, result] : [call, bareResult]);
    expect((shown[0] as AIMessage).tool_calls?.[0]?.id).toBe(long);
    expect((shown[1] as ToolMessage).tool_call_id).toBe(long);
  }
});
