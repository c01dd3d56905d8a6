import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import {
  AIMessage,
  AIMessageChunk,
  type BaseMessage,
  ChatMessage,
  HumanMessage,
} from "@langchain/core/messages";
import { ChatGenerationChunk } from "@langchain/core/outputs";
import { tool } from "@langchain/core/tools";
import {
  Command,
  END,
  interrupt,
  MemorySaver,
  MessagesAnnotation,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { createMemory } from "@relevo/memory";
import { createAgent, createMiddleware, providerStrategy } from "langchain";
import { expect, it } from "vitest";
import { z } from "zod";
import { relevoMemory } from "../src/agent/index.ts";
import { RelevoCheckpointer } from "../src/langgraph/index.ts";
import { asking, counting, logOf, on, setUp, weather } from "./support/agents.ts";
import { calling, ScriptedModel } from "./support/scripted-model.ts";

const usage = { input_tokens: 12, output_tokens: 3, total_tokens: 15 };

/** Answers word by word when the caller streams, and says what it cost with the last one. */
class StreamingModel extends ScriptedModel {
  override async *_streamResponseChunks(
    _messages: BaseMessage[],
    _options: this["ParsedCallOptions"],
    run?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    for (const text of ["It ", "is ", "mild.", ""]) {
      const fields = { content: text, id: "run-1", ...(text === "" ? { usage_metadata: usage } : {}) };
      const chunk = new ChatGenerationChunk({ text, message: new AIMessageChunk(fields as never) });
      yield chunk;
      await run?.handleLLMNewToken(text, undefined, undefined, undefined, undefined, { chunk });
    }
  }
}

it.each(["messages", "updates", "values"] as const)(
  "a stream of %s brings one whole answer, with its usage",
  async (streamMode) => {
    const { memory, session, middleware } = setUp({ context: { agent: "clerk" } });
    await memory.tenant("acme").agent("clerk").remember("tone", "Secret tone.");
    await session.working.remember("step", "Secret step.");
    const model = new StreamingModel(
      () => new AIMessage({ content: "It is mild.", usage_metadata: usage } as never),
    );
    const agent = createAgent({ model, tools: [], middleware: [middleware] });
    const stream = await agent.stream(asking("Warm?"), { ...on("t"), streamMode });
    const seen: unknown[] = [];
    for await (const part of stream) seen.push(part);
    if (streamMode === "messages")
      expect(seen.map((part) => (part as [AIMessageChunk])[0].text).filter(Boolean)).toEqual([
        "It ",
        "is ",
        "mild.",
      ]);
    // What a model is shown beside the conversation is for it alone.
    expect(JSON.stringify(seen)).not.toContain("Secret");
    expect(await logOf(session)).toEqual(["user: Warm?", "assistant: It is mild."]);
    expect((await session.activity()).usage).toMatchObject({ messages: 1, inputTokens: 12, outputTokens: 3 });
  },
);

it("a structured answer of a provider is appended as it was said", async () => {
  const { session, middleware } = setUp();
  const model = new ScriptedModel(() => new AIMessage('{"degrees":12}'));
  const responseFormat = providerStrategy(z.object({ degrees: z.number() }));
  const agent = createAgent({ model, tools: [], middleware: [middleware], responseFormat });
  const { structuredResponse } = await agent.invoke(asking("Warm?"), on("t"));
  expect(structuredResponse).toEqual({ degrees: 12 });
  expect(await logOf(session)).toEqual(["user: Warm?", 'assistant: {"degrees":12}']);
});

it("an agent two graphs deep is interrupted and goes on, and its siblings see what it said", async () => {
  const { store, memory, session } = setUp();
  const remember = () => relevoMemory({ memory, tenant: "acme", idleMs: 20 });
  const ask = tool(() => `Answer: ${interrupt("May I?")}`, {
    name: "ask",
    description: "Asks a person.",
    schema: z.object({}),
  });
  const inner = createAgent({
    name: "inner",
    model: new ScriptedModel((messages) =>
      messages.at(-1)?.type === "human" ? calling(["ask", "c1"]) : new AIMessage("Inner is done."),
    ),
    tools: [ask],
    middleware: [remember()],
  });
  const last = new ScriptedModel(() => new AIMessage("Outer is done."));
  const outer = createAgent({ name: "outer", model: last, tools: [], middleware: [remember()] });
  const middle = new StateGraph(MessagesAnnotation)
    .addNode("inner", inner.graph)
    .addEdge(START, "inner")
    .compile();
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("middle", middle)
    .addNode("outer", outer.graph)
    .addEdge(START, "middle")
    .addEdge("middle", "outer")
    .addEdge("outer", END)
    .compile({ checkpointer: new RelevoCheckpointer({ store, tenant: "acme" }) });
  expect(await graph.invoke(asking("Go"), on("t"))).toHaveProperty("__interrupt__");
  await graph.invoke(new Command({ resume: "yes" }), on("t"));
  expect(await logOf(session)).toEqual([
    "user: Go",
    "assistant: calls c1",
    "tool: tool-result",
    "assistant: Inner is done.",
    "assistant: Outer is done.",
  ]);
  expect(last.shown[0]?.map(({ text }) => text)).toEqual(["Go", "", "Answer: yes", "Inner is done."]);
});

it("agents in tools that one answer calls together keep their words together, and lose none", async () => {
  const { memory, session, middleware } = setUp();
  const helper = (name: string) => {
    const agent = createAgent({
      model: new ScriptedModel((messages) => new AIMessage(`${name} for ${messages.at(-1)?.text}`)),
      tools: [],
      middleware: [relevoMemory({ memory, tenant: "acme" })],
    });
    const run = async (_: unknown, config: object) =>
      (await agent.invoke(asking(`ask ${name}`), config)).messages.at(-1)?.text ?? "";
    return tool(run, { name, description: "Helps.", schema: z.object({}) });
  };
  const model = new ScriptedModel((_, call) =>
    call === 1 ? calling(["a", "c1"], ["b", "c2"]) : new AIMessage("Done."),
  );
  await createAgent({ model, tools: [helper("a"), helper("b")], middleware: [middleware] }).invoke(
    asking("Go"),
    on("t"),
  );
  const log = await logOf(session);
  expect(log.slice(0, 2)).toEqual(["user: Go", "assistant: calls c1 + calls c2"]);
  // Which of two begins first is their affair.
  const inner = [log.slice(2, 4), log.slice(4, 6)].sort();
  expect(inner).toEqual(
    ["a", "b"].map((name) => [`user: ask ${name}`, `assistant: ${name} for ask ${name}`]),
  );
  expect(log.slice(6)).toEqual(["tool: tool-result", "tool: tool-result", "assistant: Done."]);
});

it("a message that cannot be kept ends the run with its kind and what to do; under degrade the run goes on", async () => {
  const { memory, middleware } = setUp();
  const odd = { messages: [new ChatMessage({ content: "Hi", role: "critic" })] };
  const agent = createAgent({ model: counting(), tools: [], middleware: [middleware] });
  await expect(agent.invoke(odd, on("t"))).rejects.toThrow(/role must be one of .*user/u);
  const told: string[] = [];
  const onError = (error: unknown) => told.push((error as Error).message);
  const degraded = relevoMemory({ memory, tenant: "acme", onMemoryFailure: "degrade", onError });
  await createAgent({ model: counting(), tools: [], middleware: [degraded] }).invoke(odd, on("u"));
  expect(told[0]).toMatch(/role must be one of/u);
});

it("a run that a crash has set back to its first step makes again what its checkpoint does not know", async () => {
  const { session, middleware } = setUp();
  let isDown = true;
  const failing = createMiddleware({
    name: "Failing",
    beforeAgent() {
      if (isDown) throw new Error("crash");
    },
  });
  const model = new ScriptedModel((messages) =>
    messages.at(-1)?.type === "human" ? calling(["weather", "c2", { city: "Vigo" }]) : new AIMessage("Mild."),
  );
  const checkpointer = new MemorySaver();
  const agent = createAgent({ model, tools: [weather], middleware: [failing, middleware], checkpointer });
  await expect(
    agent.invoke({ messages: [new HumanMessage({ content: "Warm?", id: "q" })] }, on("t")),
  ).rejects.toThrow("crash");
  // What the process had said when it was killed, before its checkpoints were written.
  await session.append([
    { role: "user", content: "Warm?", id: "q" },
    {
      role: "assistant",
      content: [{ type: "tool-call", toolCallId: "c1", toolName: "weather", input: { city: "Vigo" } }],
    },
  ]);
  isDown = false;
  await agent.invoke(null as never, on("t"));
  expect(await logOf(session)).toEqual([
    "user: Warm?",
    "assistant: calls c2",
    "tool: tool-result",
    "assistant: Mild.",
  ]);
});

it("tools in parallel with which a run goes on share one turn", async () => {
  const { store, session, middleware } = setUp({ idleMs: 20 });
  let isDown = true;
  const run = () => {
    if (isDown) throw new Error("crash");
    return "found";
  };
  const tools = ["a", "b"].map((name) => tool(run, { name, description: "Looks.", schema: z.object({}) }));
  const model = () =>
    new ScriptedModel((messages) =>
      messages.at(-1)?.type === "human" ? calling(["a", "c1"], ["b", "c2"]) : new AIMessage("Done."),
    );
  const checkpointer = new MemorySaver();
  const first = createAgent({ model: model(), tools, middleware: [middleware], checkpointer });
  await expect(first.invoke(asking("Go"), on("t"))).rejects.toThrow();
  isDown = false;
  let acquired = 0;
  const leases = new Proxy(store.leases, {
    get(target, name, receiver) {
      if (name === "acquire") acquired++;
      return Reflect.get(target, name, receiver);
    },
  });
  const other = relevoMemory({ memory: createMemory({ store: { ...store, leases } }), tenant: "acme" });
  const second = createAgent({ model: model(), tools, middleware: [other], checkpointer });
  await second.invoke(null as never, on("t"));
  expect(acquired).toBe(1);
  expect(await logOf(session)).toEqual([
    "user: Go",
    "assistant: calls c1 + calls c2",
    "tool: tool-result",
    "tool: tool-result",
    "assistant: Done.",
  ]);
});
