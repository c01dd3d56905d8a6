import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { FakeListChatModel } from "@langchain/core/utils/testing";
import { MemoryError } from "@relevo/core";
import { createHandoffs } from "@relevo/handoff-tracing";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { createAgent, fakeModel } from "langchain";
import { expect, it } from "vitest";
import * as agents from "../src/agent/index.ts";
import * as conformance from "../src/conformance/index.ts";
import * as adapter from "../src/index.ts";
import * as langgraph from "../src/langgraph/index.ts";

const store = createMemoryStore();
const memory = createMemory({ store });
const session = memory.tenant("acme").session("s");
const handoffs = agents.createAgentHandoffs(createHandoffs({ log: store.log }));
const saver = new langgraph.RelevoCheckpointer({ store, tenant: "acme" });
const items = new langgraph.RelevoStore({ store, tenant: "acme" });
const chatModel = new FakeListChatModel({ responses: [""] });
const history = { getMessages: async () => [new HumanMessage("Hi")] };
const checkpoint = { configurable: { thread_id: "t", checkpoint_id: "1" } };

/** What callers without types may give. */
const wrong = (value: unknown): never => value as never;
const middleware = (options: object) =>
  agents.relevoMemory({ memory, tenant: "acme", ...(options as { readonly none?: never }) });
const tool = (options: object) =>
  handoffs.handoffTool({ to: "b", ...(options as { readonly none?: never }) });
const saverWith = (options: object) =>
  new langgraph.RelevoCheckpointer({ store, tenant: "acme", ...(options as { readonly none?: never }) });
const run = (threadId: unknown, options: object = {}) =>
  createAgent({
    model: fakeModel().respond(new AIMessage("Hello")),
    tools: [],
    middleware: [middleware(options)],
  }).invoke({ messages: [new HumanMessage("Hi")] }, { configurable: { thread_id: wrong(threadId) } });

/** Each call, and how its error begins, with the field that is wrong. */
const calls: readonly (readonly [starts: string, call: () => unknown])[] = [
  ["configurable.thread_id is missing. It names", () => run(undefined)],
  ["configurable.thread_id must not be empty", () => run("")],
  ["configurable.thread_id must not hold a NUL", () => run("a\0")],
  ["configurable.thread_id must be a text, not number", () => run(7)],
  ["session() must be an object", () => run("t", { session: () => "acme" })],
  ["session().tenat is not a field", () => run("t", { session: () => ({ tenat: "acme" }) })],
  ["session().tenant must not be empty", () => run("t", { session: () => ({ tenant: "" }) })],
  ["session().session must be a string", () => run("t", { session: () => ({ session: 7 }) })],
  ["session().subject must be a string", () => run("t", { session: () => ({ subject: 7 }) })],
  ["session().metadata must be an object", () => run("t", { session: () => ({ metadata: 7 }) })],
  ["session().ttlMs must be an integer", () => run("t", { session: () => ({ ttlMs: "1" }) })],
  ["session().subject is undefined", () => run("t", { session: () => ({ subject: undefined }) })],
  ["options.view must be a view, such as", () => middleware({ view: {} })],
  ["options.for must be one of", () => middleware({ for: "opnai" })],
  ["options.handoffs must be of createAgentHandoffs", () => middleware({ handoffs: {} })],
  ["options.from must not be empty", () => tool({ from: "" })],
  ["options.name must be a string", () => tool({ name: 7 })],
  ["options.description must be a string", () => tool({ description: 7 })],
  ["options.policy must be a policy, such as", () => tool({ policy: "full" })],
  ["options.data must be a JSON schema, such as", () => tool({ data: 7 })],
  ["options.update must be a function", () => tool({ update: 7 })],
  ["options must be an object", () => new adapter.RelevoRetriever(wrong(undefined))],
  ["options.name must be a string", () => adapter.createLangChainSummarizer(chatModel, wrong({ name: 7 }))],
  ["messages[0].role must be one of", () => adapter.toLangChain(wrong([null]))],
  ["messages[0].role must be one of", () => adapter.toLangChain(wrong([{ role: "odd", content: "" }]))],
  ["messages[0].content must be a text", () => adapter.toLangChain(wrong([{ role: "user" }]))],
  ["session must be a session", () => adapter.importChatHistory(history, wrong(undefined), { name: "n" })],
  ["options.name must be a string", () => adapter.importChatHistory(history, session, wrong({}))],
  ["options.name must not be empty", () => adapter.importChatHistory(history, session, { name: "" })],
  [
    "options.after is 2, but the history has 1",
    () => adapter.importChatHistory(history, session, { name: "n", after: 2 }),
  ],
  ["from must be a checkpoint saver of", () => langgraph.importThreads(wrong(undefined), saver)],
  ["to must be a checkpoint saver, such as", () => langgraph.importThreads(saver, wrong(undefined))],
  ["to must be a store of LangGraph, such as", () => langgraph.importItems(items, wrong({}))],
  ["options.serde must be a serializer", () => saverWith({ serde: 7 })],
  ["writes must be an array of", () => saver.putWrites(checkpoint, wrong(7), "task")],
  ["writes must be an array of", () => saver.putWrites(checkpoint, wrong([7]), "task")],
  [
    "options.clock must be a clock",
    () => new langgraph.RelevoStore({ store, tenant: "acme", clock: wrong(7) }),
  ],
  ["harness must have create()", () => conformance.runBaseStoreCases(wrong({}))],
  ["results must be the results", () => conformance.describeDifferences(wrong(undefined))],
  ["results.a must be what", () => conformance.describeDifferences(wrong({ a: 7 }))],
];

it.each(calls)("%s", async (starts, call) => {
  const refused = await (async () => await call())().catch((error: unknown) => error);
  expect(MemoryError.isInstance(refused, "invalid-input")).toBe(true);
  expect(String(refused)).toContain(`MemoryError: ${starts}`);
});
