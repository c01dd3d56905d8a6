import { createManualClock, MemoryError, type RecallResult } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { createRecall, createSearchIndex } from "../src/index.ts";
import { append, garden, work } from "./conversations.ts";

const texts = ({ hits }: RecallResult): readonly string[] => hits.map(({ text }) => text);

describe("with an embedder", () => {
  const embedder = {
    model: "letters",
    dimensions: 26,
    embed: async (all: readonly string[]) =>
      all.map((text) =>
        Array.from({ length: 26 }, (_, n) => text.toLowerCase().split(String.fromCharCode(97 + n)).length),
      ),
  };

  it("embeds the question before with the answer, and rebuilds it when the question goes", async () => {
    const embedded: string[] = [];
    const store = createMemoryStore();
    const index = createSearchIndex();
    const spy = {
      ...embedder,
      embed: (all: readonly string[]) => {
        embedded.push(...all);
        return embedder.embed(all);
      },
    };
    const recall = createRecall({ store, index, embedder: spy });
    await append(store, "acme", "garden", garden);
    await recall.update("acme");
    expect(embedded).toContain("What is the name of the puppy? Biscuit, because of the colour.");
    embedded.length = 0;
    await store.log.erase({ tenant: "acme", session: "garden" }, { seqs: [{ from: 6, to: 6 }] });
    await recall.update("acme");
    expect(embedded).toContain("Biscuit, because of the colour.");
    expect(embedded.join()).not.toContain("name of the puppy");
  });

  it("answers by words when the embedder fails, and says so", async () => {
    const store = createMemoryStore();
    const index = createSearchIndex();
    await append(store, "acme", "garden", garden);
    await createRecall({ store, index, embedder }).update("acme");
    const errors: unknown[] = [];
    const down = { ...embedder, embed: async () => Promise.reject(new MemoryError("unavailable", "down")) };
    const recall = createRecall({ store, index, embedder: down, onError: (error) => errors.push(error) });
    expect(texts(await recall.search("acme", { text: "puppy name" }))[0]).toContain("Biscuit");
    expect(errors).toHaveLength(1);
  });

  it("indexes words while the embedder is down, and vectors when it is back", async () => {
    const store = createMemoryStore();
    const index = createSearchIndex();
    const clock = createManualClock();
    let isDown = true;
    const errors: unknown[] = [];
    const flaky = {
      ...embedder,
      embed: async (all: readonly string[]) =>
        isDown ? Promise.reject(new MemoryError("unavailable", "down")) : embedder.embed(all),
    };
    const policy = { documents: [["kb"]] };
    const recall = createRecall({
      store,
      index,
      policy,
      embedder: flaky,
      clock,
      onError: (e) => errors.push(e),
    });
    await append(store, "acme", "garden", garden);
    await store.documents.put({ tenant: "acme", namespace: ["kb"], key: "k" }, { value: "Beagles bark" });
    expect(texts(await recall.search("acme", { text: "puppy name" }))[0]).toContain("Biscuit");
    // Left alone after the first failure.
    expect(errors).toHaveLength(1);
    isDown = false;
    await append(store, "acme", "work", work);
    await recall.update("acme");
    const vectors = async (): Promise<number> =>
      await index.read(
        "acme",
        { terms: [], vector: Array(26).fill(1), nearest: 100 },
        (r) => r.nearest?.items.length ?? 0,
      );
    expect(await vectors()).toBe(0);
    clock.advance(60_000);
    await recall.update("acme");
    expect(await vectors()).toBe((await index.state("acme")).items);
    expect((await index.state("acme")).items).toBe(garden.length + work.length + 1);
    expect(await recall.update("acme")).toBe(0);
  });

  it("leaves out the vector of a text that the model refuses, and of no other", async () => {
    const store = createMemoryStore();
    const index = createSearchIndex();
    const errors: unknown[] = [];
    const picky = {
      ...embedder,
      embed: async (all: readonly string[]) =>
        (await embedder.embed(all)).map((vector, n) =>
          all[n]?.includes("beagle") ? [Number.NaN, ...vector.slice(1)] : vector,
        ),
    };
    const recall = createRecall({ store, index, embedder: picky, onError: (error) => errors.push(error) });
    await append(store, "acme", "garden", garden);
    await recall.update("acme");
    const near = await index.read(
      "acme",
      { terms: [], vector: Array(26).fill(1) },
      (r) => r.nearest?.items.length,
    );
    expect(near).toBe(garden.length - 1);
    expect(errors).toMatchObject([{ code: "corrupt" }]);
    expect(texts(await recall.search("acme", { text: "beagle" }))[0]).toContain("beagle");
  });
});

it("a search does not wait for the vectors of many new texts: words answer, and they come behind it", async () => {
  const store = createMemoryStore();
  const index = createSearchIndex();
  const asked: number[] = [];
  const gate = Promise.withResolvers<void>();
  const embedder = {
    model: "gated",
    dimensions: 2,
    async embed(all: readonly string[]) {
      asked.push(all.length);
      if (all.length > 1) await gate.promise;
      return all.map((text) => [1, text.length]);
    },
  };
  const lines = Array.from(
    { length: 200 },
    (_, n) => ["Nora", `Item number${n} is in box ${n % 7}.`] as const,
  );
  await append(store, "acme", "s", lines);
  const recall = createRecall({ store, index, embedder });
  const first = await recall.search("acme", { text: "number42" });
  expect(first.hits[0]?.text).toContain("number42");
  expect(first.missing).toEqual(["vectors"]);
  gate.resolve();
  const progress: object[] = [];
  await recall.update("acme", { onProgress: (step) => progress.push(step) });
  expect((await recall.search("acme", { text: "number42" })).missing).toEqual([]);
  const vectors = await index.read(
    "acme",
    { terms: [], vector: [1, 1], nearest: 1000 },
    ({ nearest }) => nearest?.items.length,
  );
  expect(vectors).toBe(200);
  // Each text once, and the two questions.
  expect(asked.reduce((sum, count) => sum + count, 0)).toBe(202);
});

it("an update tells how far it has come", async () => {
  const store = createMemoryStore();
  for (let n = 0; n < 150; n++) await append(store, "acme", `s${n}`, [["Nora", "The plum is ripe."]]);
  const recall = createRecall({ store, index: createSearchIndex() });
  const progress: number[] = [];
  const errors: unknown[] = [];
  const other = createRecall({ store, index: createSearchIndex(), onError: (error) => errors.push(error) });
  const fails = () => {
    throw new Error("of the listener");
  };
  expect(await other.update("acme", { onProgress: fails })).toBe(150);
  expect(errors).toHaveLength(2);
  await recall.update("acme", {
    onProgress: ({ step, done }) => progress.push(step === "following" ? done : -1),
  });
  expect(progress).toEqual([100, 150]);
});
