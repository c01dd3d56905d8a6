import { FakeListChatModel } from "@langchain/core/utils/testing";
import { createHandoffs } from "@relevo/handoff-tracing";
import { createMemory } from "@relevo/memory";
import { optionProblems } from "@relevo/store-conformance";
import { createMemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import * as agent from "../src/agent/index.ts";
import * as adapter from "../src/index.ts";
import * as langgraph from "../src/langgraph/index.ts";

it("an option that nobody knows is refused by every call", async () => {
  const store = createMemoryStore();
  const memory = createMemory({ store });
  const acme = memory.tenant("acme");
  const embeddings = { embedDocuments: async () => [], embedQuery: async () => [] };
  const embedding = { embeddings, model: "m", dimensions: 2 };
  const embedder = adapter.createLangChainEmbedder(embedding);
  const model = new FakeListChatModel({ responses: [""] });
  const handoffs = agent.createAgentHandoffs(createHandoffs({ log: store.log }));
  const saver = new langgraph.RelevoCheckpointer({ store, tenant: "acme" });
  const items = new langgraph.RelevoStore({ store, tenant: "acme" });
  const problems = await optionProblems(
    { adapter, agent, handoffs, langgraph, embedder },
    {
      "adapter.RelevoChatMessageHistory": (o) =>
        new adapter.RelevoChatMessageHistory({ session: acme.session("s"), ...(o as object) }),
      "adapter.RelevoRetriever": (o) => new adapter.RelevoRetriever({ tenant: acme, query: o as object }),
      "adapter.createLangChainEmbedder": (o) =>
        adapter.createLangChainEmbedder({ ...embedding, ...(o as object) }),
      "adapter.createLangChainSummarizer": (o) => adapter.createLangChainSummarizer(model, o as object),
      "agent.relevoMemory": (o) => agent.relevoMemory({ memory, tenant: "acme", ...(o as object) }),
      recall: (o) => agent.relevoMemory({ memory, tenant: "acme", recall: o as object }),
      "adapter.importChatHistory": (o) =>
        adapter.importChatHistory({ getMessages: async () => [] }, acme.session("s"), {
          name: "n",
          ...(o as object),
        }),
      "langgraph.importThreads": (o) => langgraph.importThreads(saver, saver, o as object),
      "langgraph.importItems": (o) => langgraph.importItems(items, items, o as object),
      "handoffs.handoffTool": (o) => handoffs.handoffTool({ to: "a", ...(o as object) }),
      "langgraph.RelevoStore": (o) => new langgraph.RelevoStore({ store, tenant: "acme", ...(o as object) }),
      "langgraph.RelevoCheckpointer": (o) =>
        new langgraph.RelevoCheckpointer({ store, tenant: "acme", ...(o as object) }),
      "langgraph.storeDocuments": (o) => langgraph.storeDocuments(o as object),
      "embedder.embed": (o) => embedder.embed([], o as object),
    },
    [
      "adapter.fromLangChain",
      "adapter.toLangChain",
      "agent.createAgentHandoffs",
      "handoffs.handoffMiddleware",
      "handoffs.take",
      "handoffs.arrive",
    ],
  );
  expect(problems).toEqual([]);
});
