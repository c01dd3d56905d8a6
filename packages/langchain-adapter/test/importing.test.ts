import { InMemoryChatMessageHistory } from "@langchain/core/chat_history";
import { AIMessage, type BaseMessage, HumanMessage, RemoveMessage } from "@langchain/core/messages";
import { Annotation, Command, interrupt, MemorySaver, START, StateGraph } from "@langchain/langgraph";
import { type BaseCheckpointSaver, emptyCheckpoint, InMemoryStore } from "@langchain/langgraph-checkpoint";
import { MemoryError } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { createAgent } from "langchain";
import { expect, it } from "vitest";
import { relevoMemory } from "../src/agent/index.ts";
import { importChatHistory, RelevoChatMessageHistory } from "../src/index.ts";
import { importItems, importThreads, RelevoCheckpointer, RelevoStore } from "../src/langgraph/index.ts";
import { ScriptedModel } from "./support/scripted-model.ts";

it("a chat history is imported exactly, once, and continued when it has grown", async () => {
  await using memory = createMemory({ store: createMemoryStore() });
  const session = memory.tenant("acme").session("s");
  const old = new InMemoryChatMessageHistory(
    Array.from({ length: 250 }, (_, n) =>
      n % 2
        ? new AIMessage({ content: `Answer ${n}`, response_metadata: { n } })
        : new HumanMessage(`Question ${n}`),
    ),
  );
  expect(await importChatHistory(old, session, { name: "old" })).toBe(250);
  expect(await importChatHistory(old, session, { name: "old" })).toBe(250);
  await old.addMessage(new HumanMessage("More"));
  expect(await importChatHistory(old, session, { name: "old", after: 250 })).toBe(251);
  const imported = await new RelevoChatMessageHistory({ session }).getMessages();
  expect(imported.map(({ text }) => text)).toEqual((await old.getMessages()).map(({ text }) => text));
  expect(imported[1]?.response_metadata).toEqual({ n: 1 });
  const other = new InMemoryChatMessageHistory([new HumanMessage("Else")]);
  const conflict = await importChatHistory(other, session, { name: "old" }).catch((error: unknown) => error);
  expect(MemoryError.isInstance(conflict, "conflict")).toBe(true);
});

it("what cannot be imported is named by its place among all", async () => {
  await using memory = createMemory({ store: createMemoryStore() });
  const session = memory.tenant("acme").session("s");
  const bad: readonly (readonly [BaseMessage, object])[] = [
    [new HumanMessage("\ud800"), { code: "invalid-input", details: { field: "messages[150].content" } }],
    [new HumanMessage("x".repeat(9_000_000)), { code: "too-large" }],
    [new RemoveMessage({ id: "1" }), { code: "invalid-input", details: { field: "messages[150]" } }],
  ];
  const good = Array.from({ length: 150 }, (_, n) => new HumanMessage(`Question ${n}`));
  for (const [message, expected] of bad) {
    const old = new InMemoryChatMessageHistory([...good, message]);
    const refused = await importChatHistory(old, session, { name: "old" }).catch((error: unknown) => error);
    expect(refused).toMatchObject(expected);
    expect(String(refused)).toContain(" messages[150]");
  }
  // What came before is there, and the rest follows when it is corrected.
  const old = new InMemoryChatMessageHistory([...good, new HumanMessage("Corrected")]);
  expect(await importChatHistory(old, session, { name: "old" })).toBe(151);
  expect((await session.head())?.events).toBe(151);

  const items = new InMemoryStore();
  for (let n = 0; n < 120; n++) await items.put(["a"], `k${n}`, { n });
  await items.put(["a"], "bad", { text: "\0" });
  const to = new RelevoStore({ store: createMemoryStore(), tenant: "acme" });
  const refused = await importItems(items, to).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "invalid-input", details: { entry: 'item "bad" of ["a"]' } });

  const saver = new MemorySaver();
  const config = { configurable: { thread_id: "t", checkpoint_ns: "" } };
  await saver.put(config, { ...emptyCheckpoint(), id: "a b" }, { source: "input", step: 0, parents: {} });
  const threads = new RelevoCheckpointer({ store: createMemoryStore(), tenant: "acme" });
  expect(await importThreads(saver, threads).catch(String)).toMatch(
    /^MemoryError: checkpoint "a b" of thread "t": checkpoint.id must not contain a space/u,
  );
});

it.each([
  [new Error("Got unexpected type: odd"), "corrupt"],
  [new SyntaxError("no JSON"), "corrupt"],
  [Object.assign(new Error("connect"), { code: "ECONNREFUSED" }), "unavailable"],
  [new (class DriverError extends Error {})("The pool is closed."), "unavailable"],
])("a source that fails with %s is %s", async (failure, code) => {
  await using memory = createMemory({ store: createMemoryStore() });
  const fail = async (): Promise<never> => {
    throw failure;
  };
  const session = memory.tenant("acme").session("s");
  const saver = new MemorySaver();
  saver.list = () => ({ [Symbol.asyncIterator]: () => ({ next: fail }) }) as never;
  const store = { listNamespaces: fail, search: fail };
  const imports = [
    importChatHistory({ getMessages: fail }, session, { name: "old" }),
    importThreads(saver, new RelevoCheckpointer({ store: createMemoryStore(), tenant: "acme" })),
    importItems(store, new RelevoStore({ store: createMemoryStore(), tenant: "acme" })),
  ];
  for (const outcome of await Promise.allSettled(imports))
    expect(outcome).toMatchObject({ status: "rejected", reason: { code, cause: failure } });
});

it("checkpoints are imported oldest first, so that those before one that fails are there", async () => {
  const from = new RelevoCheckpointer({ store: createMemoryStore(), tenant: "acme" });
  for (const id of ["1", "2", "3"])
    await from.put(
      { configurable: { thread_id: "t", checkpoint_ns: "" } },
      { ...emptyCheckpoint(), id },
      { source: "loop", step: Number(id), parents: {} },
      {},
    );
  const put: string[] = [];
  const to = {
    put: async (_: unknown, { id }: { readonly id: string }) => {
      put.push(id);
      return {};
    },
    putWrites: async () => undefined,
  };
  expect(await importThreads(from, to as never)).toBe(3);
  expect(put).toEqual(["1", "2", "3"]);
});

it("threads are imported with what they wait for, and go on", async () => {
  const State = Annotation.Root({
    steps: Annotation<string[]>({ reducer: (left, right) => [...left, ...right], default: () => [] }),
  });
  const graphOn = (checkpointer: BaseCheckpointSaver) =>
    new StateGraph(State)
      .addNode("ask", () => ({ steps: [String(interrupt("May I?"))] }))
      .addNode("end", () => ({ steps: ["end"] }))
      .addEdge(START, "ask")
      .addEdge("ask", "end")
      .compile({ checkpointer });
  const old = new MemorySaver();
  const config = { configurable: { thread_id: "t" } };
  await graphOn(old).invoke({ steps: ["begin"] }, config);
  const saver = new RelevoCheckpointer({ store: createMemoryStore(), tenant: "acme" });
  expect(await importThreads(old, saver)).toBe(2);
  expect(await importThreads(old, saver, { threadId: "t" })).toBe(2);
  const graph = graphOn(saver);
  expect((await graph.getState(config)).tasks[0]?.interrupts[0]?.value).toBe("May I?");
  expect(await graph.invoke(new Command({ resume: "yes" }), config)).toEqual({
    steps: ["begin", "yes", "end"],
  });
});

it("an agent's thread moves into a session by itself", async () => {
  const old = new MemorySaver();
  const config = { configurable: { thread_id: "t" } };
  const model = new ScriptedModel((messages) => new AIMessage(`Answer ${messages.length}`));
  await createAgent({ model, tools: [], checkpointer: old }).invoke(
    { messages: [new HumanMessage("One")] },
    config,
  );
  await using memory = createMemory({ store: createMemoryStore() });
  const agent = createAgent({
    model,
    tools: [],
    checkpointer: old,
    middleware: [relevoMemory({ memory, tenant: "acme" })],
  });
  await agent.invoke({ messages: [new HumanMessage("Two")] }, config);
  const log = await memory.tenant("acme").session("t").messages();
  expect(log.map(({ content }) => content)).toEqual(["One", "Answer 1", "Two", "Answer 3"]);
});

it("items are imported, each in its namespace", async () => {
  const old = new InMemoryStore();
  for (let n = 0; n < 230; n++) await old.put(["a"], `k${n}`, { n });
  await old.put(["a", "b"], "k", { deep: true });
  const items = new RelevoStore({ store: createMemoryStore(), tenant: "acme" });
  expect(await importItems(old, items)).toBe(231);
  expect(await items.listNamespaces()).toEqual([["a"], ["a", "b"]]);
  expect((await items.get(["a"], "k229"))?.value).toEqual({ n: 229 });
  expect((await items.get(["a", "b"], "k"))?.value).toEqual({ deep: true });
});

it.each([
  ["goes", (old: InMemoryStore) => old.delete(["a"], "k5")],
  ["comes", (old: InMemoryStore) => old.put(["a"], "new", {})],
])(
  "an import of items misses none: one that %s meanwhile is told, and another run copies all",
  async (what, write) => {
    const old = new InMemoryStore();
    for (let n = 0; n < 230; n++) await old.put(["a"], `k${n}`, { n });
    const items = new RelevoStore({ store: createMemoryStore(), tenant: "acme" });
    let isWritten = false;
    const written: Pick<InMemoryStore, "listNamespaces" | "search"> = {
      listNamespaces: (options) => old.listNamespaces(options),
      async search(namespace, options) {
        const found = await old.search(namespace, options);
        if (!isWritten) await write(old);
        isWritten = true;
        return found;
      },
    };
    const result = await importItems(written as InMemoryStore, items).catch((error: unknown) => error);
    if (what === "goes")
      expect(result).toMatchObject({ code: "conflict", retryable: true, details: { conflict: "import" } });
    expect(await importItems(old, items)).toBe(what === "goes" ? 229 : 231);
    for (const { key } of await old.search(["a"], { limit: 1000 }))
      expect(await items.get(["a"], key), key).toBeDefined();
  },
);
