import { createManualClock, MemoryError, type Reranker } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { createRecall, createSearchIndex } from "../src/index.ts";
import { append, friday, garden } from "./conversations.ts";

const dayMs = 24 * 3600 * 1000;

describe("recency and importance", () => {
  it("count only when the query asks for them", async () => {
    const store = createMemoryStore();
    const recall = createRecall({ store, index: createSearchIndex() });
    for (const [session, age, importance] of [
      ["new", 0, undefined],
      ["old", 40, undefined],
      ["important", 400, 1],
      ["half", 401, 0.5],
    ] as const)
      await store.log.append({ tenant: "acme", session }, [
        {
          type: "message",
          at: friday - age * dayMs,
          body: { role: "user", content: "The gate is open." },
          ...(importance === undefined ? {} : { metadata: { importance } }),
        },
      ]);
    const order = async (query: object): Promise<readonly (string | undefined)[]> =>
      (await recall.search("acme", { text: "gate", now: friday, ...query })).hits.map(
        ({ source }) => source.session,
      );
    // Equal texts are in the order of their sources.
    expect(await order({})).toEqual(["half", "important", "new", "old"]);
    expect(await order({ recency: { weight: 0.5 } })).toEqual(["new", "old", "important", "half"]);
    expect(await order({ importance: 0.5 })).toEqual(["important", "half", "new", "old"]);
    expect(await order({ importance: 0.5, recency: { weight: 1 } })).toEqual([
      "new",
      "important",
      "old",
      "half",
    ]);
    const { hits } = await recall.search("acme", {
      text: "gate",
      now: friday,
      recency: { weight: 0.5, halfLifeMs: 40 * dayMs },
      importance: 0.3,
      explain: true,
    });
    const parts = new Map(hits.map(({ source, explain }) => [source.session, explain]));
    expect(parts.get("old")).toMatchObject({ recency: 0.25, importance: 0 });
    expect(parts.get("important")).toMatchObject({ importance: 0.3 });
  });
});

describe("a reranker", () => {
  async function opened(rerank: Reranker["rerank"], options: object = {}) {
    const store = createMemoryStore();
    await append(store, "acme", "garden", garden);
    const errors: unknown[] = [];
    const clock = createManualClock();
    const recall = createRecall({
      store,
      index: createSearchIndex(),
      reranker: { model: "test", rerank },
      clock,
      onError: (error) => errors.push(error),
      ...options,
    });
    const search = (limit: number) => recall.search("acme", { text: "Nora's puppy", limit, explain: true });
    return { search, errors, clock };
  }

  it("orders the candidates, with more of them than hits", async () => {
    const seen: (readonly string[])[] = [];
    const { search } = await opened(async ({ query, texts }) => {
      expect(query).toBe("Nora's puppy");
      seen.push(texts);
      return texts.map((text) => (text.includes("Delft") ? 2 : 0));
    });
    const { hits, missing } = await search(2);
    expect(missing).toEqual([]);
    expect(seen[0]?.length).toBeGreaterThan(2);
    expect(hits[0]).toMatchObject({ text: garden[1]?.[1], score: 2, explain: { reranked: 2 } });
    // Equal ones stay in the order of the search.
    expect(hits[1]?.text).toBe(seen[0]?.[0]);
    expect(hits).toHaveLength(2);
  });

  it.each<readonly [string, Reranker["rerank"]]>([
    ["fails", async () => Promise.reject(new MemoryError("unavailable", "down"))],
    [
      "throws at once",
      () => {
        throw new Error("broken");
      },
    ],
    ["gives no number for a text", async ({ texts }) => texts.map(() => Number.NaN)],
    ["gives too few", async () => [1]],
    ["gives nothing", async () => undefined as never],
    ["never answers", () => new Promise(() => undefined)],
  ])("that %s leaves the order of the search, and the result says so", async (_, rerank) => {
    const plain = await opened(async ({ texts }) => texts.map(() => 0));
    const { search, errors, clock } = await opened(rerank, { rerankTimeoutMs: 20 });
    const expected = (await plain.search(3)).hits.map(({ text }) => text);
    const { hits, missing } = await search(3);
    expect(hits.map(({ text }) => text)).toEqual(expected);
    expect(missing).toEqual(["reranking"]);
    expect(errors).toHaveLength(1);
    // Left alone for a while, then asked again.
    expect((await search(3)).missing).toEqual(["reranking"]);
    expect(errors).toHaveLength(1);
    clock.advance(30_000);
    await search(3);
    expect(errors).toHaveLength(2);
  });
});
