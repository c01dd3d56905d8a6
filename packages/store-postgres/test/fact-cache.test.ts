import { describe, expect, it } from "vitest";
import { FactCache, KeptFacts } from "../src/search/fact-cache.ts";
import { chunkBytes } from "../src/search/facts.ts";

describe("facts that are kept", () => {
  it("begin with the second reading of a tenant, and those used longest ago go first, however small they are", () => {
    const cache = new FactCache();
    expect(cache.of("t0")).toBeUndefined();
    const first = cache.of("t0");
    expect(cache.of("t0")).toBe(first);
    for (let n = 1; n < 2000; n++) {
      cache.of(`t${n}`);
      cache.of(`t${n}`);
      // Used all the time.
      cache.of("t0");
      cache.trim();
    }
    expect(cache.of("t0")).toBe(first);
    expect(cache.of("t1999")).toBeDefined();
    expect(cache.of("t1")).toBeUndefined();
  });

  it("are never older than an answer, nor newer", () => {
    const kept = new KeptFacts();
    const session = { kind: "session", session: "s", incarnation: "i" } as const;
    const item = { item: 0, at: 5, length: 1, marks: 0, speaker: -1, agent: -1, times: [], names: [] };
    const answer = (version: number, positions: readonly number[], anew = false) =>
      [
        { version, anew, named: [[0, 1, session, null, [0]]] as const, live: null, speakers: [] },
        chunkBytes(
          0,
          0,
          positions.map((position) => ({ ...item, item: position, position })),
        ),
      ] as const;
    const places = (): readonly number[] => [1, 2, 3].map((number) => kept.table.placeOf(number));
    const { beginning } = kept;
    expect(kept.take(...answer(5, [1, 2]), beginning)).toBe(true);
    expect(places().map((place) => place >= 0)).toEqual([true, true, false]);
    expect(kept.take(...answer(7, [2, 3]), beginning)).toBe(true);
    expect(places().map((place) => place >= 0)).toEqual([false, true, true]);
    // One that was asked for earlier comes late.
    expect(kept.take(...answer(6, [1]), beginning)).toBe(false);
    expect(places().map((place) => place >= 0)).toEqual([false, true, true]);
    // The index began again; what was asked for before that does not fit.
    expect(kept.take(...answer(3, [1], true), beginning)).toBe(true);
    expect(kept.version).toBe(3);
    expect(places().map((place) => place >= 0)).toEqual([true, false, false]);
    expect(kept.take(...answer(9, [3]), beginning)).toBe(false);
  });
});
