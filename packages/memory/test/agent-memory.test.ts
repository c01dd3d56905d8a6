import { describe, expect, it } from "vitest";
import { aborted, failure, oneStore, twoStores } from "./fixture.ts";

const dayMs = 24 * 3600 * 1000;

describe.each([
  { stores: "one store", open: () => oneStore() },
  { stores: "two stores", open: () => twoStores() },
])("an agent's memory on $stores", ({ open }) => {
  it("remembers, recalls and forgets by key", async () => {
    const acme = open().memory.tenant("acme");
    const planner = acme.agent("planner");
    expect(await planner.recall("style")).toBeUndefined();
    const entry = await planner.remember(
      "style",
      { tone: "warm" },
      { tags: ["voice"], metadata: { by: "ana" } },
    );
    expect(entry).toMatchObject({ key: "style", tier: "durable", agent: "planner", tags: ["voice"] });
    expect(await planner.recall("style")).toEqual({ tone: "warm" });
    expect(await acme.agent("planner").entry("style")).toEqual(entry);
    expect(await acme.agent("planner2").recall("style")).toBeUndefined();
    expect(await planner.forget("style")).toBe(true);
    expect(await planner.recall("style")).toBeUndefined();
    expect(await planner.forget("style")).toBe(false);
  });

  it("keeps the tiers apart and recalls what was remembered last", async () => {
    const { memory, clock } = open();
    const planner = memory.tenant("acme").agent("planner");
    await planner.remember("k", "durable");
    await planner.remember("k", "volatile", { tier: "volatile", ttlMs: 1_000 });
    expect(await planner.recall("k")).toBe("volatile");
    expect(await planner.recall("k", { tier: "durable" })).toBe("durable");
    clock.advance(1_001);
    expect(await planner.recall("k")).toBe("durable");
    expect(await planner.recall("k", { tier: "volatile" })).toBeUndefined();
    await planner.remember("k", "newer volatile", { tier: "volatile" });
    await planner.remember("k", "newest durable");
    expect(await planner.recall("k")).toBe("newest durable");
    await planner.remember("k", "in front", { tier: "volatile" });
    expect(await planner.forget("k", { tier: "volatile" })).toBe(true);
    expect(await planner.recall("k")).toBe("newest durable");
    await planner.remember("k", "in front", { tier: "volatile" });
    await planner.forget("k");
    expect(await planner.recall("k")).toBeUndefined();
  });

  it("lets volatile memories expire after a day, and durable ones not at all, when nobody says otherwise", async () => {
    const { memory, clock } = open();
    const planner = memory.tenant("acme").agent("planner");
    await planner.remember("durable", 1);
    await planner.remember("volatile", 1, { tier: "volatile" });
    await planner.remember("both", 1, { tier: "both" });
    clock.advance(dayMs - 1);
    expect(await planner.recall("volatile")).toBe(1);
    expect((await planner.entry("both"))?.tier).toBe("both");
    clock.advance(1);
    expect(await planner.recall("volatile")).toBeUndefined();
    expect(await planner.entry("both")).toMatchObject({ tier: "durable", value: 1 });
    expect(await planner.recall("durable")).toBe(1);
  });

  it("ends both copies with the memory's own lifetime", async () => {
    const { memory, clock } = open();
    const planner = memory.tenant("acme").agent("planner");
    await planner.remember("k", 1, { tier: "both", ttlMs: 1_000 });
    clock.advance(999);
    expect(await planner.recall("k")).toBe(1);
    clock.advance(1);
    expect(await planner.recall("k", { tier: "volatile" })).toBeUndefined();
    expect(await planner.recall("k", { tier: "durable" })).toBeUndefined();
  });

  it("shows the same entry from the copy and from the durable memory", async () => {
    const planner = open().memory.tenant("acme").agent("planner");
    const written = await planner.remember("k", { a: 1 }, { tier: "both", tags: ["t"], metadata: { m: 1 } });
    const copy = await planner.entry("k", { tier: "volatile" });
    const durable = await planner.entry("k", { tier: "durable" });
    expect(copy).toMatchObject({ tier: "both", value: { a: 1 }, tags: ["t"], metadata: { m: 1 } });
    expect(copy?.version).toBe(written.version);
    expect(durable?.version).toBe(written.version);
    expect(durable?.metadata).toEqual({ m: 1 });
    expect(copy?.metadata).toEqual({ m: 1 });
    await planner.remember("k", { a: 2 }, { tier: "both", expectedVersion: copy?.version ?? -1 });
    expect(await planner.recall("k")).toEqual({ a: 2 });
  });

  it("does not serve a copy after a durable write or forget of the same key", async () => {
    const planner = open().memory.tenant("acme").agent("planner");
    await planner.remember("k", 1, { tier: "both" });
    await planner.remember("k", 2);
    expect(await planner.recall("k")).toBe(2);
    await planner.remember("k", 3, { tier: "both" });
    await planner.update("k", (value) => Number(value) + 1);
    expect(await planner.recall("k")).toBe(4);
    await planner.remember("k", 5, { tier: "both" });
    await planner.forget("k", { tier: "durable" });
    expect(await planner.recall("k")).toBeUndefined();
  });

  it("writes only over the version that was seen", async () => {
    const planner = open().memory.tenant("acme").agent("planner");
    const first = await planner.remember("k", 1, { expectedVersion: 0 });
    await failure(planner.remember("k", 2, { expectedVersion: 0 }), "conflict");
    await planner.remember("k", 2, { expectedVersion: first.version });
    const error = await failure(planner.remember("k", 3, { expectedVersion: first.version }), "conflict");
    expect(error.details.conflict).toBe("version");
    expect(await planner.recall("k")).toBe(2);
    await planner.remember("k", "front", { tier: "volatile" });
    await failure(planner.remember("k", 4, { expectedVersion: first.version }), "conflict");
    expect(await planner.recall("k")).toBe("front");
  });

  it.each(["volatile", "durable", "both"] as const)("loses no concurrent update in tier %s", async (tier) => {
    const { memory } = open();
    const count = 8;
    await Promise.all(
      Array.from({ length: count }, () =>
        memory
          .tenant("acme")
          .agent("planner")
          .update("n", (value) => Number(value ?? 0) + 1, { tier, attempts: 50 }),
      ),
    );
    const planner = memory.tenant("acme").agent("planner");
    expect(await planner.recall("n")).toBe(count);
    expect(await planner.recall("n", { tier })).toBe(count);
  });

  it.each(["volatile", "durable", "both"] as const)(
    "keeps tags, metadata and expiry in an update of tier %s",
    async (tier) => {
      const { memory, clock } = open();
      const planner = memory.tenant("acme").agent("planner");
      await planner.remember("k", 1, { tier, ttlMs: 1_000, tags: ["t"], metadata: { m: 1 } });
      clock.advance(600);
      const entry = await planner.update("k", () => 2, { tier });
      expect(entry).toMatchObject({ value: 2, tags: ["t"], metadata: { m: 1 }, tier });
      expect(await planner.update("k", () => undefined, { tier })).toMatchObject({ value: 2 });
      clock.advance(400);
      expect(await planner.recall("k")).toBeUndefined();
      expect(await planner.update("none", () => undefined, { tier })).toBeUndefined();
    },
  );

  it("lists one tier by tags, filter and text, page by page", async () => {
    const { memory } = open();
    const planner = memory.tenant("acme").agent("planner");
    await planner.remember("a", { text: "Enterprise plan", score: 5 }, { tags: ["icp"] });
    await planner.remember(
      "b",
      { text: "Small plan", score: 9 },
      { tags: ["icp", "hot"], metadata: { lang: "es" } },
    );
    await planner.remember("c", { text: "Brand", score: 9 });
    await planner.remember("v", { text: "volatile" }, { tier: "volatile" });
    await memory.tenant("acme").agent("planner2").remember("x", 1);
    await memory.tenant("other").agent("planner").remember("y", 1);
    const keys = async (options: Parameters<typeof planner.entries>[0]): Promise<string[]> =>
      (await planner.entries(options)).items.map((entry) => entry.key);
    expect(await keys({})).toEqual(["a", "b", "c"]);
    expect(await keys({ tier: "volatile" })).toEqual(["v"]);
    expect(await keys({ tags: { all: ["icp", "hot"] } })).toEqual(["b"]);
    expect(await keys({ text: "PLAN" })).toEqual(["a", "b"]);
    expect(await keys({ where: { path: ["value", "score"], $gte: 9 } })).toEqual(["b", "c"]);
    expect(await keys({ where: { path: ["metadata", "lang"], $eq: "es" } })).toEqual(["b"]);
    const page = await planner.entries({ limit: 2 });
    expect(page.items).toHaveLength(2);
    expect(await keys({ limit: 2, cursor: page.cursor ?? "" })).toEqual(["c"]);
    expect(await keys({ direction: "backward" })).toEqual(["c", "b", "a"]);
  });

  it("passes the signal on", async () => {
    const planner = open().memory.tenant("acme").agent("planner");
    await failure(planner.remember("k", 1, aborted()), "aborted");
    await failure(planner.remember("k", 1, { tier: "both", ...aborted() }), "aborted");
    await failure(planner.remember("k", 1, { tier: "volatile", ...aborted() }), "aborted");
    await failure(planner.recall("k", aborted()), "aborted");
    await failure(planner.forget("k", aborted()), "aborted");
    await failure(planner.entries(aborted()), "aborted");
    await failure(
      planner.update("k", () => 1, aborted()),
      "aborted",
    );
    expect(await planner.recall("k")).toBeUndefined();
  });

  it("takes hostile names and keys as they are, and never mixes them up", async () => {
    const acme = open().memory.tenant("acme");
    const names = ["a", "a:b", "a/b", "*", "%", "__proto__", "ñandú", "durable", "a b"];
    for (const name of names) {
      await acme.agent(name).remember(name, name);
      await acme.agent(name).remember("v", name, { tier: "volatile" });
    }
    for (const name of names) {
      const { items } = await acme.agent(name).entries();
      expect(items.map((entry) => entry.value)).toEqual([name]);
      expect(await acme.agent(name).recall(name)).toBe(name);
      expect(await acme.agent(name).recall("v")).toBe(name);
    }
  });
});

describe("what an agent is given to remember", () => {
  it.each(["volatile", "durable", "both"] as const)(
    "is taken as it was when the call was made: %s",
    async (tier) => {
      const writer = oneStore().memory.tenant("acme").agent("writer");
      const value = { tone: "warm" };
      const tags = ["voice"];
      const remembered = writer.remember("style", value, { tier, tags, operationId: "op" });
      value.tone = "changed";
      tags[0] = "changed";
      await remembered;
      expect(await writer.entry("style")).toMatchObject({ value: { tone: "warm" }, tags: ["voice"] });
      // The same request again is the same: what the caller changed meanwhile is no part of it.
      const again = { tier, tags: ["voice"], operationId: "op" };
      expect((await writer.remember("style", { tone: "warm" }, again)).tags).toEqual(["voice"]);
    },
  );
});
