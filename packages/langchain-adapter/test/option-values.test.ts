import { FakeListChatModel } from "@langchain/core/utils/testing";
import { MemoryError } from "@relevo/core";
import { createHandoffs } from "@relevo/handoff-tracing";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import * as agents from "../src/agent/index.ts";
import * as adapter from "../src/index.ts";
import * as langgraph from "../src/langgraph/index.ts";

const store = createMemoryStore();
const memory = createMemory({ store });
const tenant = memory.tenant("acme");
const session = tenant.session("s");
const handoffs = agents.createAgentHandoffs(createHandoffs({ log: store.log }));
const chatModel = new FakeListChatModel({ responses: [""] });
const embeddings = { embedDocuments: async () => [], embedQuery: async () => [] };

/** For each option of a type, values that it does not take. The compiler asks for every option. */
type WrongValues<Options> = { readonly [Name in keyof Required<Options>]: readonly unknown[] };
type Create = (options: never) => unknown;

const notFunction = [7, "f", {}];
const notText = [7, "", "a\0", {}, "x".repeat(2000)];
const notCount = [0, -1, 1.5, "1", Number.NaN, {}];
const notFlag = [1, "true", {}];
const notObject = [7, "x", {}, null];
const notFields = [7, "x", [], { unknown: 1 }];

const query: WrongValues<Omit<adapter.RetrieverQuery, "limit">> = {
  in: ["messages", ["letters"], 7],
  sessions: ["s", [""], [7], {}],
  agents: ["a", [""], [7]],
  users: ["u", [""], [7]],
  namespaces: ["n", ["n"], [[""]]],
  where: [7, { unknown: 1 }, []],
  since: ["yesterday", Number.NaN, {}],
  until: ["now", {}],
  now: ["now", {}],
  asker: notText,
  recency: [7, { weight: -1 }, { weight: "1" }, { weight: 1, halfLifeMs: 0 }, { wait: 1 }],
  importance: [-1, "1", {}],
  explain: notFlag,
  neighbours: [-1, 1.5, "1"],
};
const shares: WrongValues<NonNullable<agents.AgentContextOptions["shares"]>> = {
  "durable.agent": [-1, 2, "1", Number.NaN],
  "durable.user": [-1, 2, "1"],
  performance: [-1, 2, "1"],
  "volatile.working": [-1, 2, "1"],
  "volatile.agent": [-1, 2, "1"],
};
const context: WrongValues<agents.AgentContextOptions> = {
  agent: notText,
  tags: ["vip", 7, ["vip"], { any: "vip" }, { all: [7] }, { some: ["vip"] }],
  entries: [...notCount, 1001],
  performance: [...notFlag, true],
  maxTokens: notCount,
  shares: [...notFields, { "durable.agent": 0.6, "durable.user": 0.6 }, { "volatile.messages": 0.5 }],
};
const recall: WrongValues<agents.AgentRecallOptions> = {
  limit: [...notCount, 1001],
  maxTokens: notCount,
  messages: [...notCount, 1001],
  query: [...notFields, { limit: 3 }, { text: "x" }],
};
const middleware: WrongValues<agents.RelevoMemoryOptions> = {
  memory: notObject,
  tenant: notText,
  session: notFunction,
  recall: [7, "yes", [], null],
  context: [7, "yes", [], null],
  view: [7, {}, "window", null],
  for: ["opnai", 7, {}],
  onMemoryFailure: ["ignore", true, 7],
  onError: notFunction,
  waitMs: [-1, 1.5, "1", Number.NaN, 2 ** 31],
  idleMs: [...notCount, 2 ** 31],
  handoffs: notObject,
};
const handoffTool: WrongValues<agents.HandoffToolOptions> = {
  to: notText,
  from: notText,
  name: notText,
  description: [7, "", {}],
  policy: [7, "full", {}, null],
  data: [7, "x", [], null],
  update: notFunction,
};
const history: WrongValues<adapter.ChatMessageHistoryOptions> = { session: notObject, view: notFlag };
const retriever: WrongValues<adapter.RetrieverOptions> = {
  tenant: notObject,
  query: notFields,
  onError: notFunction,
  callbacks: [7, "x"],
  tags: ["vip", [7]],
  metadata: [7, "x", []],
  verbose: notFlag,
};
const embedder: WrongValues<adapter.LangChainEmbedderOptions> = {
  embeddings: notObject,
  model: [7, "", {}],
  dimensions: notCount,
};
const summarizer: WrongValues<adapter.LangChainSummarizerOptions> = {
  name: notText,
  model: [7, "", {}],
  maxPromptTokens: notCount,
};
const imported: WrongValues<adapter.ImportChatHistoryOptions> = {
  name: notText,
  after: [-1, 1.5, "1"],
  signal: [7, {}],
};
const threads: WrongValues<langgraph.ImportThreadsOptions> = { threadId: [7, "", {}], signal: [7, {}] };
const relevoStore: WrongValues<langgraph.RelevoStoreOptions> = {
  store: notObject,
  tenant: notText,
  recall: [7, {}, "x", null],
  ttlMs: [0, -1, "1", Number.NaN],
  refreshOnRead: notFlag,
  root: notText,
  onError: notFunction,
  clock: [7, {}, null],
};
const checkpointer: WrongValues<langgraph.RelevoCheckpointerOptions> = {
  store: notObject,
  tenant: notText,
  serde: [7, {}, null],
  remembered: notCount,
};
const documents: WrongValues<langgraph.StoreDocumentsOptions> = {
  root: notText,
  fields: ["title", [7], [""], {}],
};

const from = new langgraph.RelevoCheckpointer({ store, tenant: "acme" });
const of = { memory, tenant: "acme" };
const subjects: readonly (readonly [name: string, WrongValues<object>, Create])[] = [
  ["options", middleware, (o: object) => agents.relevoMemory({ ...of, ...o })],
  ["options.recall", recall, (o: object) => agents.relevoMemory({ ...of, recall: o })],
  ["options.recall.query", query, (o: object) => agents.relevoMemory({ ...of, recall: { query: o } })],
  ["options.context", context, (o: object) => agents.relevoMemory({ ...of, context: o })],
  ["options.context.shares", shares, (o: object) => agents.relevoMemory({ ...of, context: { shares: o } })],
  ["options", handoffTool, (o: object) => handoffs.handoffTool({ to: "b", ...o })],
  ["options", history, (o: object) => new adapter.RelevoChatMessageHistory({ session, ...o })],
  ["options", retriever, (o: object) => new adapter.RelevoRetriever({ tenant, ...o })],
  [
    "options.query",
    { ...query, limit: [...notCount, 1001] },
    (o: object) => new adapter.RelevoRetriever({ tenant, query: o }),
  ],
  [
    "options",
    embedder,
    (o: object) => adapter.createLangChainEmbedder({ embeddings, model: "m", dimensions: 2, ...o }),
  ],
  ["options", summarizer, (o: object) => adapter.createLangChainSummarizer(chatModel, o)],
  [
    "options",
    imported,
    (o: object) => adapter.importChatHistory({ getMessages: async () => [] }, session, { name: "n", ...o }),
  ],
  ["options", threads, (o: object) => langgraph.importThreads(from, from, o)],
  ["options", relevoStore, (o: object) => new langgraph.RelevoStore({ store, tenant: "acme", ...o })],
  ["options", checkpointer, (o: object) => new langgraph.RelevoCheckpointer({ store, tenant: "acme", ...o })],
  ["options", documents, (o: object) => langgraph.storeDocuments(o)],
];

it.each(subjects)(
  "%s: what an option does not take is refused at once, by its name",
  async (name, wrong, create) => {
    const problems: string[] = [];
    for (const [option, values] of Object.entries(wrong) as [string, readonly unknown[]][])
      for (const value of values) {
        const field = `${name}.${option}`;
        // Calls refuse before they do anything.
        const refused = await (async () => await create({ [option]: value } as never))().catch(
          (error: unknown) => error,
        );
        const isRefused =
          MemoryError.isInstance(refused, "invalid-input") || MemoryError.isInstance(refused, "too-large");
        if (!isRefused || !refused.message.startsWith(field))
          problems.push(`${field}: ${JSON.stringify(value)?.slice(0, 40)}: ${String(refused).slice(0, 80)}`);
      }
    expect(problems).toEqual([]);
  },
);
