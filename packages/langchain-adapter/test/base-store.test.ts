import { InMemoryStore } from "@langchain/langgraph-checkpoint";
import { createManualClock, MemoryError } from "@relevo/core";
import { createHashingEmbedder, createRecall, createSearchIndex } from "@relevo/semantic";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { type BaseStoreHarness, describeDifferences, runBaseStoreCases } from "../src/conformance/index.ts";
import { RelevoStore, storeDocuments } from "../src/langgraph/index.ts";

const relevo: BaseStoreHarness = {
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

const langGraph: BaseStoreHarness = {
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

describe("the cases for a BaseStore", () => {
  it("all pass on ours, and print where LangGraph's store in memory differs", async () => {
    const ours = await runBaseStoreCases(relevo);
    expect(ours.filter(({ outcome }) => outcome !== "passed")).toEqual([]);
    const theirs = await runBaseStoreCases(langGraph);
    const differences = describeDifferences({ Relevo: ours, InMemoryStore: theirs });
    console.log(differences.join("\n"));
    expect(differences).toMatchInlineSnapshot(`
      [
        "what a caller changes after a put or a read changes nothing stored: Relevo passed, InMemoryStore failed",
        "a namespace without items is not listed: Relevo passed, InMemoryStore failed",
        "a prefix matches whole elements of a namespace: Relevo passed, InMemoryStore failed",
        "namespaces and keys are never joined: a:b is not a, b: Relevo passed, InMemoryStore failed",
        "a filter says whether a field exists: Relevo passed, InMemoryStore failed",
        "a filter compares objects and arrays by what they hold: Relevo passed, InMemoryStore failed",
        "a filter orders numbers with numbers, and texts with texts: Relevo passed, InMemoryStore failed",
        "a filter with an unknown operator is refused: Relevo passed, InMemoryStore failed",
        "a batch answers in the order of its operations, and reads see what was there before it: Relevo passed, InMemoryStore failed",
        "a batch with a value that is no JSON is refused, and nothing of it is stored: Relevo passed, InMemoryStore failed",
        "a batch with a namespace without elements is refused: Relevo passed, InMemoryStore failed",
        "a second handle sees what the first one wrote: Relevo passed, InMemoryStore not offered",
        "nothing of one tenant is found by another: Relevo passed, InMemoryStore not offered",
        "an item expires after its lifetime, which a read starts anew: Relevo passed, InMemoryStore not offered",
        "a query ranks items by what is indexed, within prefix and filter: Relevo passed, InMemoryStore failed",
        "an item says by which of its fields it is found, or that it is not: Relevo passed, InMemoryStore failed",
      ]
    `);
  });

  it("fail on a store that does nothing", async () => {
    const idle = await runBaseStoreCases({
      create: () =>
        Object.assign(new InMemoryStore(), {
          batch: async (operations: unknown[]) => operations.map(() => null),
        }) as never,
    });
    const failed = idle.filter(({ outcome }) => outcome === "failed").length;
    expect(failed).toBeGreaterThan(15);
  });
});

describe("bad input", () => {
  const store = new RelevoStore({ store: createMemoryStore(), tenant: "acme" });

  it.each([
    ["no options", undefined, "options"],
    ["no store", { tenant: "acme" }, "options.store"],
    ["no tenant", { store: createMemoryStore() }, "tenant"],
    ["an unknown option", { store: createMemoryStore(), tenant: "a", ttl: 5 }, "options.ttl"],
    ["a lifetime of zero", { store: createMemoryStore(), tenant: "a", ttlMs: 0 }, "options.ttlMs"],
    [
      "a root that is taken",
      { store: createMemoryStore(), tenant: "a", root: "relevo:user" },
      "options.root",
    ],
    ["a recall that is none", { store: createMemoryStore(), tenant: "a", recall: {} }, "options.recall"],
  ])("is refused: %s", (_, options, field) => {
    let error: unknown;
    try {
      new RelevoStore(options as never);
    } catch (caught) {
      error = caught;
    }
    expect(MemoryError.isInstance(error, "invalid-input")).toBe(true);
    expect((error as MemoryError).details.field).toBe(field);
  });

  it.each([
    ["no operation", null, "operations[0]"],
    ["a key that is none", { namespace: ["a"], key: 5 }, "operations[0].key"],
    ["no namespace", { key: "k", value: {} }, "operations[0].namespace"],
    ["a label of LangGraph", { namespace: ["langgraph"], key: "k", value: {} }, "operations[0].namespace"],
    ["an array as value", { namespace: ["a"], key: "k", value: [] }, "operations[0].value"],
    [
      "an index that is none",
      { namespace: ["a"], key: "k", value: {}, index: "title" },
      "operations[0].index",
    ],
    ["a negative limit", { namespacePrefix: ["a"], limit: -1 }, "operations[0].limit"],
    ["a broken offset", { namespacePrefix: ["a"], offset: 0.5 }, "operations[0].offset"],
    ["an undefined condition", { namespacePrefix: ["a"], filter: { n: undefined } }, "filter.n"],
    ["a depth of zero", { matchConditions: [], maxDepth: 0, limit: 1, offset: 0 }, "operations[0].maxDepth"],
  ])("is refused, and says where: %s", async (_, operation, field) => {
    const error = await store.batch([operation] as never).catch((caught: unknown) => caught);
    expect(MemoryError.isInstance(error, "invalid-input")).toBe(true);
    expect((error as MemoryError).details.field).toBe(field);
  });

  it("a query without a recall says what to do", async () => {
    const error = await store.search(["a"], { query: "dog" }).catch((caught: unknown) => caught);
    expect(MemoryError.isInstance(error, "unsupported")).toBe(true);
    expect((error as Error).message).toContain("storeDocuments()");
  });
});
