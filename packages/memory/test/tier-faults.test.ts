import { describe, expect, it } from "vitest";
import { everyMethod, failure, type TwoStoreFixture, twoStores } from "./fixture.ts";

function fail(faults: TwoStoreFixture["volatileFaults"], down = true): void {
  faults.failing.clear();
  if (down) for (const method of everyMethod) faults.failing.add(method);
}

describe("tier both", () => {
  it("reads the copy without asking the durable store", async () => {
    const { memory, durableFaults } = twoStores();
    const planner = memory.tenant("acme").agent("planner");
    await planner.remember("k", 1, { tier: "both" });
    fail(durableFaults);
    expect(await planner.recall("k")).toBe(1);
  });

  it("is remembered although the volatile store is down, and reads fall through", async () => {
    const { memory, volatileFaults, errors } = twoStores();
    const planner = memory.tenant("acme").agent("planner");
    await planner.remember("k", "old", { tier: "both" });
    fail(volatileFaults);
    expect((await planner.remember("k", "new", { tier: "both" })).value).toBe("new");
    expect(errors.length).toBeGreaterThan(0);
    expect(await planner.recall("k")).toBe("new");
    // Back again, with the copy of the old value still in it.
    fail(volatileFaults, false);
    expect(await planner.recall("k")).toBe("new");
    expect(await memory.tenant("acme").agent("planner").recall("k")).toBe("new");
    await planner.remember("k", "newest", { tier: "both" });
    expect(await planner.entry("k")).toMatchObject({ value: "newest", tier: "both" });
  });

  it("removes the copy when only writing it fails", async () => {
    const { memory, volatile, volatileFaults } = twoStores();
    const planner = memory.tenant("acme").agent("planner");
    await planner.remember("k", "old", { tier: "both" });
    volatileFaults.failing.add("put");
    await planner.remember("k", "new", { tier: "both" });
    const { items } = await volatile.documents.find({ tenant: "acme" });
    expect(items).toEqual([]);
    // Another process knows nothing of the failure and reads the truth all the same.
    expect(await planner.recall("k", { tier: "volatile" })).toBeUndefined();
    expect(await planner.recall("k")).toBe("new");
  });

  it("fails with the durable store, and leaves what was there", async () => {
    const { memory, durableFaults } = twoStores();
    const planner = memory.tenant("acme").agent("planner");
    await planner.remember("k", "old", { tier: "both" });
    fail(durableFaults);
    await failure(planner.remember("k", "new", { tier: "both" }), "unavailable");
    await failure(
      planner.update("k", () => "new", { tier: "both" }),
      "unavailable",
    );
    fail(durableFaults, false);
    expect(await planner.recall("k")).toBe("old");
  });

  it("makes no copy of a memory that was forgotten meanwhile", async () => {
    const { memory, volatile, volatileFaults, durableFaults } = twoStores();
    const planner = memory.tenant("acme").agent("planner");
    const forget = async (): Promise<void> => {
      await memory.tenant("acme").agent("planner").forget("k");
    };
    durableFaults.after = { method: "put", run: forget };
    await planner.remember("k", "secret", { tier: "both" });
    expect(await planner.recall("k")).toBeUndefined();
    volatileFaults.after = { method: "put", run: forget };
    await planner.remember("k", "secret", { tier: "both" });
    expect(await planner.recall("k")).toBeUndefined();
    expect((await volatile.documents.find({ tenant: "acme" })).items).toEqual([]);
  });

  it("makes no copy over a newer one", async () => {
    const { memory, durableFaults } = twoStores();
    const planner = memory.tenant("acme").agent("planner");
    durableFaults.after = {
      method: "put",
      run: async () => {
        await memory.tenant("acme").agent("planner").remember("k", "second", { tier: "both" });
      },
    };
    await planner.remember("k", "first", { tier: "both" });
    expect(await planner.entry("k")).toMatchObject({ value: "second", tier: "both" });
    expect(await planner.recall("k", { tier: "durable" })).toBe("second");
  });

  it("leaves no stale copy when the process dies between the two writes", async () => {
    const { memory, durableFaults } = twoStores();
    const planner = memory.tenant("acme").agent("planner");
    await planner.remember("k", "old", { tier: "both" });
    durableFaults.after = { method: "put", run: () => Promise.reject(new Error("killed")) };
    await expect(planner.remember("k", "new", { tier: "both" })).rejects.toThrow("killed");
    expect(await planner.recall("k")).toBe("new");
  });
});

describe("a volatile store that is down", () => {
  it("does not hide that nothing is known", async () => {
    const { memory, volatileFaults } = twoStores();
    const planner = memory.tenant("acme").agent("planner");
    await planner.remember("k", 1, { tier: "volatile" });
    fail(volatileFaults);
    await failure(planner.recall("k"), "unavailable");
    await failure(planner.recall("k", { tier: "volatile" }), "unavailable");
    await failure(planner.remember("k", 2, { tier: "volatile" }), "unavailable");
    fail(volatileFaults, false);
    expect(await planner.recall("k")).toBe(1);
  });

  it("lets durable memories through and tells of it", async () => {
    const { memory, volatileFaults, errors } = twoStores();
    const planner = memory.tenant("acme").agent("planner");
    await planner.remember("k", 1);
    fail(volatileFaults);
    expect(await planner.recall("k")).toBe(1);
    expect(errors).toHaveLength(1);
    await planner.remember("k", 2);
    expect(await planner.recall("k")).toBe(2);
  });

  it("makes forget an error, and forgetting again works", async () => {
    const { memory, volatileFaults } = twoStores();
    const planner = memory.tenant("acme").agent("planner");
    await planner.remember("k", 1, { tier: "both" });
    fail(volatileFaults);
    await failure(planner.forget("k"), "unavailable");
    await failure(planner.forget("k", { tier: "durable" }), "unavailable");
    fail(volatileFaults, false);
    await planner.forget("k");
    expect(await planner.recall("k")).toBeUndefined();
  });

  it("does not let an older volatile memory stand in front of a durable one afterwards", async () => {
    const { memory, volatileFaults } = twoStores();
    const planner = memory.tenant("acme").agent("planner");
    await planner.remember("k", "volatile", { tier: "volatile" });
    fail(volatileFaults);
    await planner.remember("k", "durable");
    fail(volatileFaults, false);
    expect(await planner.recall("k")).toBe("durable");
    await planner.remember("k", "volatile again", { tier: "volatile" });
    expect(await planner.recall("k")).toBe("volatile again");
  });
});

describe("two stores", () => {
  it.each(["volatile", "durable"] as const)("keep sessions in the %s one", async (tier) => {
    const fixture = twoStores(tier);
    const session = fixture.memory.tenant("acme").session("chat");
    await session.append({ role: "user", content: "x" });
    await session.working.remember("step", 1);
    await session.agent("writer").remember("draft", 1);
    const other = tier === "volatile" ? fixture.durable : fixture.volatile;
    expect(await fixture[tier].log.head(session.address)).toMatchObject({ version: 1 });
    expect((await fixture[tier].documents.find(session.address)).items).toHaveLength(2);
    expect(await other.log.head(session.address)).toBeUndefined();
    expect((await other.documents.find(session.address)).items).toEqual([]);
  });

  it("keep each tier in its store and nowhere else", async () => {
    const { memory, volatile, durable } = twoStores();
    const planner = memory.tenant("acme").agent("planner");
    await planner.remember("d", 1);
    await planner.remember("v", 1, { tier: "volatile" });
    await planner.remember("b", 1, { tier: "both" });
    const keys = async (store: typeof volatile): Promise<string[]> =>
      (await store.documents.find({ tenant: "acme" })).items.map((document) => document.key);
    expect(await keys(durable)).toEqual(["b", "d"]);
    expect(await keys(volatile)).toEqual(["b", "v"]);
  });
});
