import { createManualClock } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { createMemory, type MemoryStore, type Tenant } from "../../src/index.ts";
import { everythingIn } from "../erasure/plant.ts";

const secret = "zQcanaryX7";
const history = { agents: 5 } as const;

/** The store, with something that is done before one of its calls of documents. */
function before(store: MemoryStore, run: () => Promise<void>): MemoryStore {
  const documents = new Proxy(store.documents, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]) => {
        await run();
        return Reflect.apply(member, target, args) as unknown;
      };
    },
  });
  return { ...store, documents };
}

/** Forgets a memory while another process remembers it anew, before each of its calls in turn. Returns how many it has. */
async function rememberEach(forget: (acme: Tenant) => Promise<unknown>): Promise<number> {
  for (let at = 1; ; at++) {
    const clock = createManualClock();
    const store = createMemoryStore({ clock, sweepIntervalMs: 0 });
    await using other = createMemory({ store, history, clock });
    const clerk = other.tenant("acme").agent("clerk");
    for (const value of [1, 2, 3, 4, 5, 6])
      await clerk.remember("k", `${secret} ${value}`, { tags: ["old"] });
    clock.advance(60_000);
    let calls = 0;
    await using racing = createMemory({
      store: before(store, async () => {
        if (++calls !== at) return;
        for (const value of ["a", "b", "c"]) await clerk.remember("k", value);
      }),
      history,
      clock,
    });
    await forget(racing.tenant("acme"));
    if (calls < at) return at - 1;
    const what = `remembered before call ${at}`;
    const value = await clerk.recall("k");
    const past = (await clerk.history("k")).map((entry) => entry.value);
    const stored = await everythingIn(store, ["acme"]);
    if (value === undefined) expect([past, stored.includes(secret)], what).toEqual([[], false]);
    else {
      expect(value, what).toBe("c");
      // Forgotten before it was remembered anew, or kept, with what it replaced, because it is not what was to go.
      const isKept = past.length > 2;
      expect(past.slice(0, 2), what).toEqual(["b", "a"]);
      expect(stored.includes(secret), what).toBe(isKept);
    }
  }
}

describe("a memory that is remembered while it is forgotten", () => {
  it("by key, is gone with all past values, or new with its own alone", async () => {
    const calls = await rememberEach((acme) => acme.agent("clerk").forget("k", { tier: "durable" }));
    expect(calls).toBeGreaterThan(2);
  });

  it("by retention, likewise", async () => {
    const calls = await rememberEach((acme) =>
      acme.retention([{ agents: { olderThanMs: 30_000, tags: { all: ["old"] } } }]).apply(),
    );
    expect(calls).toBeGreaterThan(2);
  });
});
