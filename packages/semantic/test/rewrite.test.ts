import {
  createManualClock,
  type Embedder,
  type JsonObject,
  MemoryError,
  type SearchIndex,
} from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { analysisVersion, createRecall, createSearchIndex } from "../src/index.ts";
import { append, cocina, garden, work } from "./conversations.ts";

/** As if every vector had been counted by another model. */
function letters(model: string, dimensions: number): Embedder & { texts: number; isDown: boolean } {
  return {
    model,
    dimensions,
    texts: 0,
    isDown: false,
    async embed(all) {
      if (this.isDown) throw new MemoryError("unavailable", "down");
      this.texts += all.length;
      return all.map((text) =>
        Array.from(
          { length: dimensions },
          (_, n) => text.toLowerCase().split(String.fromCharCode(97 + n)).length,
        ),
      );
    },
  };
}

const dimensionsIn = (index: SearchIndex, dimensions: number): Promise<number> =>
  index.read(
    "acme",
    { terms: [], vector: Array(dimensions).fill(1), nearest: 1000 },
    ({ nearest }) => nearest?.items.length ?? 0,
  );

async function opened() {
  const store = createMemoryStore();
  const index = createSearchIndex();
  await append(store, "acme", "garden", garden);
  await append(store, "acme", "work", work);
  await append(store, "acme", "cocina", cocina);
  await store.documents.put({ tenant: "acme", namespace: ["kb"], key: "k" }, { value: "Beagles bark" });
  return { store, index, policy: { documents: [["kb"]] } };
}

const texts = garden.length + work.length + cocina.length + 1;

describe("another model", () => {
  it("waits until it is told, and then takes over with progress, while words answer", async () => {
    const { store, index, policy } = await opened();
    const first = letters("first", 26);
    await createRecall({ store, index, policy, embedder: first }).update("acme");
    expect(await dimensionsIn(index, 26)).toBe(texts);

    const errors: unknown[] = [];
    const second = letters("second", 13);
    const onError = (error: unknown) => errors.push(error);
    const recall = createRecall({ store, index, policy, embedder: second, onError });
    const ask = () => recall.search("acme", { text: "puppy name" });
    expect(await ask()).toMatchObject({
      hits: [{ text: garden[6]?.[1] }, {}, {}, {}, {}, {}, {}],
      missing: ["vectors"],
    });
    await ask();
    expect(errors).toMatchObject([{ code: "unsupported", details: { reason: "model" } }]);
    expect(second.texts).toBe(0);

    const progress: number[] = [];
    const during: (readonly string[])[] = [];
    await recall.reindex("acme", {
      onProgress: ({ done, total }) => {
        progress.push(done / (total ?? Number.NaN));
        void ask().then(({ missing }) => during.push(missing));
      },
    });
    expect(progress.at(-1)).toBe(1);
    expect(progress.length).toBeGreaterThanOrEqual(4);
    expect(await dimensionsIn(index, 13)).toBe(texts);
    expect(await ask()).toMatchObject({ missing: [] });
    expect(during.length).toBeGreaterThan(0);
    expect(errors).toHaveLength(1);
    const embedded = second.texts;
    await recall.reindex("acme");
    expect(await recall.update("acme")).toBe(0);
    expect(second.texts).toBe(embedded);
    // The first one does not take it back.
    const old = createRecall({ store, index, policy, embedder: first });
    expect((await old.search("acme", { text: "puppy" })).missing).toEqual(["vectors"]);
    await append(store, "acme", "garden", [["Nora", "The puppy sleeps."]]);
    await old.update("acme");
    await recall.update("acme");
    expect(await dimensionsIn(index, 13)).toBe(texts + 1);
  });

  it("continues where it was killed, and embeds nothing twice that it had finished", async () => {
    const { store, index, policy } = await opened();
    await createRecall({ store, index, policy, embedder: letters("first", 26) }).update("acme");
    const second = letters("second", 13);
    // Words alone, so that the query is not embedded.
    const reader = createRecall({ store, index, policy, updateBeforeSearch: false });
    for (let stop = 1; ; stop++) {
      const end = new AbortController();
      let steps = 0;
      const recall = createRecall({ store, index, policy, embedder: second });
      const done = await recall
        .reindex("acme", {
          signal: end.signal,
          onProgress: () => {
            if (++steps === stop) end.abort();
          },
        })
        .then(
          () => true,
          (error: unknown) => {
            if (!MemoryError.isInstance(error, "aborted")) throw error;
            return false;
          },
        );
      if (done) break;
      expect((await reader.search("acme", { text: "puppy name" })).hits[0]?.text).toContain("Biscuit");
    }
    expect(await dimensionsIn(index, 13)).toBe(texts);
    expect(second.texts).toBe(texts);
  });

  it("that is down leaves the words, and vectors come when it is back", async () => {
    const { store, index, policy } = await opened();
    await createRecall({ store, index, policy, embedder: letters("first", 26) }).update("acme");
    const clock = createManualClock();
    const second = letters("second", 13);
    second.isDown = true;
    const recall = createRecall({ store, index, policy, embedder: second, clock });
    await recall.reindex("acme");
    expect((await recall.search("acme", { text: "puppy name" })).hits[0]?.text).toContain("Biscuit");
    second.isDown = false;
    clock.advance(30_000);
    await recall.update("acme");
    expect(await dimensionsIn(index, 13)).toBe(texts);
  });

  it("comes to an index that had none", async () => {
    const { store, index, policy } = await opened();
    await createRecall({ store, index, policy }).update("acme");
    const recall = createRecall({ store, index, policy, embedder: letters("first", 26) });
    await recall.update("acme");
    expect(await dimensionsIn(index, 26)).toBe(texts);
    // One without an embedder leaves what it writes to the others.
    await append(store, "acme", "garden", [["Nora", "The puppy sleeps."]]);
    await createRecall({ store, index, policy }).update("acme");
    await recall.update("acme");
    expect(await dimensionsIn(index, 26)).toBe(texts + 1);
  });

  it("is slow: the search answers by words within its patience", async () => {
    const { store, index, policy } = await opened();
    const slow: Embedder = { model: "slow", dimensions: 3, embed: () => new Promise(() => undefined) };
    const errors: unknown[] = [];
    const recall = createRecall({
      store,
      index,
      policy,
      embedder: slow,
      embedTimeoutMs: 10,
      onError: (error) => errors.push(error),
    });
    const { hits, missing } = await recall.search("acme", { text: "puppy name" });
    expect(hits[0]?.text).toContain("Biscuit");
    expect(missing).toEqual(["vectors"]);
    expect(errors).toMatchObject([{ code: "timeout" }]);
  });
});

describe("another analysis", () => {
  /** What the index would say if an earlier version had written it. */
  async function age(index: SearchIndex): Promise<void> {
    const { mark } = await index.state("acme");
    await index.mark("acme", { ...(mark as JsonObject), analysis: analysisVersion - 1 });
    const { items } = await index.streams("acme", { all: true }, { limit: 1000 });
    for (const { stream, revision, progress } of items)
      await index.write("acme", {
        stream,
        revision,
        after: 1e9,
        through: 1e9,
        items: [],
        progress: { ...(progress as JsonObject), analysis: analysisVersion - 1 },
      });
  }

  const versions = async (index: SearchIndex): Promise<unknown> =>
    new Set(
      (await index.streams("acme", { all: true }, { limit: 1000 })).items.map(
        ({ progress }) => (progress as JsonObject).analysis,
      ),
    );

  it("is written again, and what is there is found until then", async () => {
    const { store, index, policy } = await opened();
    const recall = createRecall({ store, index, policy });
    await recall.update("acme");
    await age(index);
    await append(store, "acme", "new", [["Piet", "The puppy of the neighbours is called Rolf."]]);
    expect((await recall.search("acme", { text: "puppy name" })).hits[0]?.text).toContain("Biscuit");
    await recall.update("acme");
    expect(await versions(index)).toEqual(new Set([analysisVersion]));
    expect((await index.state("acme")).items).toBe(texts + 1);
    const fresh = createRecall({ store, index: createSearchIndex(), policy });
    const question = { text: "puppy Tomás beagle", limit: 50, explain: true } as const;
    expect(await recall.search("acme", question)).toEqual(await fresh.search("acme", question));
  });

  it("that is later is read, and not overwritten", async () => {
    const { store, index, policy } = await opened();
    const recall = createRecall({ store, index, policy });
    await recall.update("acme");
    const { mark } = await index.state("acme");
    await index.mark("acme", { ...(mark as JsonObject), analysis: analysisVersion + 1 });
    await append(store, "acme", "new", [["Piet", "Rolf barks."]]);
    expect((await recall.search("acme", { text: "puppy name" })).hits[0]?.text).toContain("Biscuit");
    expect(await recall.update("acme")).toBe(0);
    await expect(recall.reindex("acme")).rejects.toMatchObject({ code: "unsupported" });
  });

  it("is written by one process at a time into an index that is shared", async () => {
    const { store, index, policy } = await opened();
    const shared: SearchIndex = Object.assign(Object.create(index), bound(index), { shared: true });
    const recall = createRecall({ store, index: shared, policy });
    await recall.update("acme");
    await age(index);
    const lease = await store.leases?.acquire(
      { tenant: "acme", session: "relevo:recall" },
      { ttlMs: 60_000 },
    );
    await expect(recall.reindex("acme")).rejects.toMatchObject({ details: { conflict: "lease" } });
    // An update leaves it to the other one.
    await recall.update("acme");
    expect(await versions(index)).not.toEqual(new Set([analysisVersion]));
    await lease?.release();
    await recall.reindex("acme");
    expect(await versions(index)).toEqual(new Set([analysisVersion]));
    expect((await store.log.list("acme")).items.map(({ session }) => session)).toEqual([
      "cocina",
      "garden",
      "work",
    ]);
  });
});

function bound(index: SearchIndex): object {
  const names = ["write", "remove", "streams", "state", "mark", "lookup", "read"] as const;
  return Object.fromEntries(
    names.map((name) => [name, (...call: never[]) => Reflect.apply(index[name], index, call)]),
  );
}
