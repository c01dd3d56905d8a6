import { InMemoryStore } from "@langchain/langgraph-checkpoint";
import { createManualClock } from "@relevo/core";
import { createHashingEmbedder, createRecall, createSearchIndex } from "@relevo/semantic";
import { createMemoryStore } from "@relevo/store-memory";
import type { BaseStoreHarness } from "../../src/conformance/index.ts";
import { RelevoStore, storeDocuments } from "../../src/langgraph/index.ts";

export const relevo: BaseStoreHarness = {
  create: () => new RelevoStore({ store: createMemoryStore(), tenant: "acme" }),
  async createPair() {
    const store = createMemoryStore();
    return [new RelevoStore({ store, tenant: "acme" }), new RelevoStore({ store, tenant: "acme" })];
  },
  async createTenants() {
    const store = createMemoryStore();
    return [new RelevoStore({ store, tenant: "acme" }), new RelevoStore({ store, tenant: "globex" })];
  },
  async createExpiring(ttlMs) {
    const clock = createManualClock(1_000_000);
    const store = new RelevoStore({ store: createMemoryStore({ clock }), tenant: "acme", ttlMs, clock });
    return { store, advance: async (ms) => void clock.advance(ms) };
  },
  async createSearchable() {
    const store = createMemoryStore();
    const recall = createRecall({ store, index: createSearchIndex(), ...storeDocuments() });
    return new RelevoStore({ store, tenant: "acme", recall });
  },
};

export const langGraph: BaseStoreHarness = {
  create: () => new InMemoryStore(),
  async createSearchable() {
    const embedder = createHashingEmbedder();
    const embed = async (texts: readonly string[]): Promise<number[][]> =>
      (await embedder.embed(texts)).map((vector) => [...vector]);
    const embeddings = {
      embedDocuments: embed,
      embedQuery: async (text: string) => (await embed([text]))[0] ?? [],
    };
    return new InMemoryStore({
      index: { dims: embedder.dimensions, embeddings: embeddings as never, fields: ["$"] },
    });
  },
};
