import { isUpToDate } from "@relevo/embed-sources";
import { describe, expect, it } from "vitest";
import { VectorBlock } from "../src/index/vector-block.ts";
import { createDotKernel } from "../src/index/vector-kernel.ts";
import { strideOf, vectorQuery } from "../src/index/vector-query.ts";
import { VectorSegment, type VectorSegmentOptions } from "../src/index/vector-segment.ts";

/** Mulberry32: the same numbers in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const scans: readonly (readonly [string, VectorSegmentOptions])[] = [
  ["JavaScript", { kernel: () => undefined, quantized: false }],
  ["floats", { kernel: createDotKernel, quantized: false }],
  ["bytes", { kernel: createDotKernel, quantized: true }],
  ["bytes without memory for them", { kernel: () => ({ open: () => undefined }), quantized: true }],
];

/** As it is stored: of length 1, in 32 bits. */
function unit(vector: readonly number[]): Float32Array {
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (value) => value / length);
}

/** What a plain loop in 64 bits finds. */
function plain(
  vectors: ReadonlyMap<number, Float32Array>,
  query: readonly number[],
  limit: number,
): readonly (readonly [item: number, cosine: number])[] {
  const length = Math.hypot(...query);
  const asked = query.map((value) => value / length);
  return [...vectors]
    .map(([item, stored]): readonly [number, number] => {
      let cosine = 0;
      for (let index = 0; index < stored.length; index++)
        cosine += (asked[index] ?? 0) * (stored[index] ?? 0);
      return [item, Math.round(cosine * 1e5) / 1e5];
    })
    .sort(([a, left], [b, right]) => right - left || a - b)
    .slice(0, limit);
}

function found(
  segment: VectorSegment,
  query: readonly number[],
  limit: number,
  allows = (_: number) => true,
) {
  const { items, cosines } = segment.nearest(query, limit, allows, (a, b) => a - b);
  return [...items].map((item, place) => [item, cosines[place]]);
}

it("the kernel is what its text says, and this process can run it", async () => {
  expect(await isUpToDate(new URL("../src/index/kernel", import.meta.url).pathname)).toBe(true);
  expect(createDotKernel()?.open(1)?.buffer.byteLength).toBe(65_536);
});

it("there is no kernel where code may not be compiled, and other failures are not hidden", () => {
  const { WebAssembly: api } = globalThis as unknown as {
    readonly WebAssembly: { Module: unknown; readonly CompileError: new (message: string) => Error };
  };
  const { Module } = api;
  const failing = (failure: Error) => {
    api.Module = function refuse() {
      throw failure;
    };
  };
  try {
    failing(new api.CompileError("Wasm code generation disallowed by embedder"));
    expect(createDotKernel()).toBeUndefined();
    failing(new RangeError("out of memory"));
    expect(createDotKernel).toThrow(RangeError);
  } finally {
    api.Module = Module;
  }
});

it("a kernel without memory to give says so", () => {
  expect(createDotKernel()?.open(2 ** 40)).toBeUndefined();
});

describe.each(scans)("nearest vectors by a scan of %s", (_, options) => {
  /** Few dimensions and many rows, so that there are several blocks; a third is close together, with doubles. */
  const dimensions = 37;
  const random = randomFrom(20_261_126);
  const gauss = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const direction = (): number[] => Array.from({ length: dimensions }, gauss);
  const middle = direction();

  function filled(count: number): readonly [VectorSegment, Map<number, Float32Array>] {
    const segment = new VectorSegment(options);
    const vectors = new Map<number, Float32Array>();
    let vector = middle;
    for (let item = 0; item < count; item++) {
      const near = item % 3 === 0 ? middle.map((value) => value + 0.001 * gauss()) : direction();
      if (item % 50 !== 7) vector = near;
      vectors.set(item, unit(vector));
      segment.add(item, vector);
    }
    return [segment, vectors];
  }

  it("are those of a plain loop, also after removals and under new numbers", () => {
    const [segment, vectors] = filled(2500);
    const queries = [
      direction(),
      middle,
      middle.map((value) => -1e-9 * value),
      [1e20, ...direction().slice(1)],
    ];
    const compare = (): void => {
      for (const query of queries)
        for (const limit of [1, 20, 3000])
          expect(found(segment, query, limit)).toEqual(plain(vectors, query, limit));
    };
    compare();
    for (const item of [...vectors.keys()].filter((one) => one % 3 === 1 || one > 2400)) {
      segment.remove(item);
      segment.remove(item);
      vectors.delete(item);
    }
    compare();
    const kept = new Map([...vectors.keys()].map((item, place) => [item, place]));
    segment.renumber((item) => kept.get(item) ?? -1);
    const renumbered = new Map([...vectors].map(([item, vector]) => [kept.get(item) ?? -1, vector] as const));
    for (const query of queries) expect(found(segment, query, 20)).toEqual(plain(renumbered, query, 20));
  });

  it("are only those that the filter allows", () => {
    const [segment, vectors] = filled(2000);
    const odd = new Map([...vectors].filter(([item]) => item % 97 === 1));
    expect(found(segment, middle, 10, (item) => item % 97 === 1)).toEqual(plain(odd, middle, 10));
    expect(found(segment, middle, 10, () => false)).toEqual([]);
  });

  it("of equal ones are the first by the order of the caller, however many there are", () => {
    const segment = new VectorSegment(options);
    for (let item = 0; item < 5000; item++) segment.add(item, [1, 2, 3]);
    const { items } = segment.nearest(
      [3, 2, 1],
      3,
      () => true,
      (a, b) => b - a,
    );
    expect([...items]).toEqual([4999, 4998, 4997]);
  });

  it("keep no number of a removed one, and give one back as it was stored", () => {
    const [segment, vectors] = filled(2100);
    const stored = segment.of(5) ?? [];
    const again = new VectorSegment(options);
    again.add(0, stored);
    expect(again.of(0)).toEqual(stored);
    for (const item of vectors.keys()) segment.remove(item);
    expect(found(segment, middle, 5)).toEqual([]);
    segment.add(9, [3, 4]);
    expect(found(segment, [1, 0], 5)).toEqual([[9, 0.6]]);
    expect(() =>
      segment.nearest(
        [1, 0, 0],
        1,
        () => true,
        () => 0,
      ),
    ).toThrow("request.vector has 3 dimensions, and the index 2");
  });
});

it("sums of long vectors stay within the numbers of the kernel", () => {
  const random = randomFrom(7);
  for (const dimensions of [1536, 4096, 20_000]) {
    const stride = strideOf(dimensions);
    const block = new VectorBlock(3, stride, createDotKernel(), true);
    // All numbers alike, with different signs: the greatest sums there can be.
    for (let row = 0; row < block.rows; row++)
      block.write(row, unit(Array.from({ length: dimensions }, () => (random() < 0.2 * row ? -1 : 1))));
    const query = vectorQuery(Array.from({ length: dimensions }, () => 1));
    block.ask(query);
    const scores = block.scores(query, 0, block.rows);
    for (let row = 0; row < block.rows; row++) {
      const error = Math.abs((scores[row] ?? 0) - block.exact(query, row));
      expect(error).toBeLessThan(block.error(query) + (block.lost?.[row] ?? 0));
    }
    expect(scores[0]).toBeCloseTo(1, 2);
  }
});
