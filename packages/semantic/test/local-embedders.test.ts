import { type Embedder, MemoryError } from "@relevo/core";
import { describe, expect, it } from "vitest";
import {
  createCachedEmbedder,
  createHashingEmbedder,
  createTransformersEmbedder,
  type TransformersModule,
} from "../src/index.ts";

const cosine = (a: readonly number[] = [], b: readonly number[] = []): number =>
  a.reduce((sum, number, at) => sum + number * (b[at] ?? 0), 0);

describe("the hashing embedder", () => {
  const embedder = createHashingEmbedder();

  it("puts texts that share words near each other, and says in its name that it hashes", async () => {
    const [cat, cats, invoice, none] = await embedder.embed([
      "The cat sleeps on the sofa.",
      "Our cats sleep on sofas!",
      "Invoice 2024-0042 is overdue",
      "…",
    ]);
    expect(embedder.model).toBe("hashing-256");
    expect(cosine(cat, cats)).toBeGreaterThan(cosine(cat, invoice) + 0.2);
    for (const vector of [cat, cats, invoice, none]) expect(cosine(vector, vector)).toBeCloseTo(1, 9);
    expect(await embedder.embed(["The cat sleeps on the sofa."])).toEqual([cat]);
  });

  it("takes any text, in time that grows with it, and checks its options", async () => {
    const [long] = await createHashingEmbedder({ dimensions: 7 }).embed(["ñandú 東京 \ud800 ".repeat(2000)]);
    expect(long).toHaveLength(7);
    expect(() => createHashingEmbedder({ dimensions: 0 })).toThrow("options.dimensions");
    await expect(embedder.embed(["a"], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    });
  });
});

describe("the cache", () => {
  function counted(dimensions = 2): Embedder & { readonly calls: (readonly string[])[] } {
    const calls: (readonly string[])[] = [];
    return {
      model: "m",
      dimensions,
      calls,
      embed: async (texts) => {
        calls.push(texts);
        return texts.map((text) => [text.length + 1, 1]);
      },
    };
  }

  it("asks once for each text, in one call and over calls", async () => {
    const inner = counted();
    const cached = createCachedEmbedder(inner);
    expect([cached.model, cached.dimensions]).toEqual(["m", 2]);
    const vectors = await cached.embed(["a", "bb", "a"]);
    expect(vectors).toEqual([
      [2, 1],
      [3, 1],
      [2, 1],
    ]);
    expect(Object.isFrozen(vectors[0])).toBe(true);
    await cached.embed(["bb", "ccc"]);
    await cached.embed(["a", "ccc"]);
    expect(inner.calls).toEqual([["a", "bb"], ["ccc"]]);
    cached.clear();
    await cached.embed(["a"]);
    expect(inner.calls).toHaveLength(3);
  });

  it("keeps no more than its memory, and answers what does not fit", async () => {
    const inner = counted();
    const cached = createCachedEmbedder(inner, { maxBytes: 500 });
    await cached.embed(["a", "bb"]);
    expect(await cached.embed(["ccc", "a", "bb"])).toHaveLength(3);
    expect(inner.calls.at(-1)).not.toEqual([]);
    const tiny = createCachedEmbedder(inner, { maxBytes: 1 });
    expect(await tiny.embed(["a", "a"])).toEqual([
      [2, 1],
      [2, 1],
    ]);
  });

  it("keeps nothing of a failure or of a bad answer", async () => {
    let fails = true;
    const cached = createCachedEmbedder({
      model: "m",
      dimensions: 2,
      embed: async () => {
        if (fails) throw new MemoryError("unavailable", "down");
        return [[1, Number.NaN]];
      },
    });
    await expect(cached.embed(["a"])).rejects.toMatchObject({ code: "unavailable" });
    fails = false;
    await expect(cached.embed(["a"])).rejects.toMatchObject({
      code: "corrupt",
      details: { reason: "not-finite" },
    });
  });
});

describe("the embedder of transformers.js", () => {
  interface Library extends TransformersModule {
    readonly loads: unknown[][];
    readonly batches: string[][];
    disposed: number;
  }

  function library(vector: (text: string) => unknown = (text) => [text.length, 1]): Library {
    const loads: unknown[][] = [];
    const batches: string[][] = [];
    let running = 0;
    const stand: Library = {
      loads,
      batches,
      disposed: 0,
      async pipeline(...given) {
        loads.push(given);
        const extract = async (texts: string[]): Promise<{ tolist(): unknown }> => {
          expect(++running, "batches at once").toBe(1);
          await Promise.resolve();
          running--;
          batches.push(texts);
          return { tolist: () => texts.map(vector) };
        };
        return Object.assign(extract, { dispose: async () => void stand.disposed++ });
      },
    };
    return stand;
  }

  it("loads its model once for all calls, at the first, where it is told to", async () => {
    const stand = library();
    const load = async (): Promise<TransformersModule> => stand;
    const embedder = createTransformersEmbedder({ dimensions: 2, device: "cuda", dtype: "q8", load });
    expect(stand.loads).toEqual([]);
    const texts = Array.from({ length: 40 }, (_, n) => "x".repeat(n + 1));
    const [first, second] = await Promise.all([embedder.embed(texts), embedder.embed(["a"])]);
    expect(first).toEqual(texts.map((text) => [text.length, 1]));
    expect(second).toEqual([[1, 1]]);
    expect(stand.loads).toEqual([
      ["feature-extraction", "Xenova/all-MiniLM-L6-v2", { device: "cuda", dtype: "q8" }],
    ]);
    expect(stand.batches.map(({ length }) => length).sort((a, b) => b - a)).toEqual([32, 8, 1]);
    await embedder[Symbol.asyncDispose]();
    await embedder[Symbol.asyncDispose]();
    expect(stand.disposed).toBe(1);
    await expect(embedder.embed(["a"])).rejects.toMatchObject({ code: "closed" });
  });

  it("tries a load that failed again, and says what is missing", async () => {
    const stand = library();
    const failures = ["no library", "no model"];
    const load = async (): Promise<TransformersModule> => {
      if (failures.length === 2) throw new MemoryError("unsupported", failures.shift() ?? "");
      if (failures.length === 1) return { pipeline: async () => Promise.reject(new Error(failures.shift())) };
      return stand;
    };
    const embedder = createTransformersEmbedder({ dimensions: 2, load });
    await expect(embedder.embed(["a"])).rejects.toMatchObject({ code: "unsupported" });
    await expect(embedder.embed(["a"])).rejects.toMatchObject({ code: "unavailable" });
    expect(await embedder.embed(["a"])).toEqual([[1, 1]]);
  });

  it("refuses what is no vector of the model, and answers its signal", async () => {
    for (const [vector, reason] of [
      [[1], "dimensions"],
      [[Number.NaN, 1], "not-finite"],
      [[0, 0], "zero"],
    ] as const) {
      const embedder = createTransformersEmbedder({ dimensions: 2, load: async () => library(() => vector) });
      await expect(embedder.embed(["a"])).rejects.toMatchObject({ code: "corrupt", details: { reason } });
    }
    const controller = new AbortController();
    const stuck = createTransformersEmbedder({ load: () => new Promise(() => undefined) });
    const waiting = stuck.embed(["a"], { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "aborted" });
  });
});
