import { describe, expect, it } from "vitest";
import type { KeyedMemory, Memory, MemoryStore } from "../../src/index.ts";
import { failure, oneStore, twoStores, user } from "../fixture.ts";
import { of } from "./opened.ts";
import { everythingIn } from "./plant.ts";

const secret = "zQcanaryX7";

/** An agent in a session of this person, whose memory across sessions is meant. */
async function clerkOf(memory: Memory, person: string): Promise<KeyedMemory> {
  const session = memory.tenant("acme").session(`of-${person}`, { subject: person });
  await session.append(user("hi"));
  return session.agent("clerk");
}

async function found(stores: readonly MemoryStore[]): Promise<string> {
  return (await Promise.all(stores.map((store) => everythingIn(store)))).join();
}

describe.each([
  { stores: "one store", open: () => of(oneStore()) },
  { stores: "two stores", open: () => of(twoStores("volatile")) },
])("what an agent learned from several people, on $stores", ({ open }) => {
  it.each<[string, (memory: Memory) => Promise<unknown>]>([
    [
      "an update",
      async (memory) =>
        (await clerkOf(memory, "ana")).update("facts", (value) => `${value}, and Ana`, { tier: "both" }),
    ],
    [
      "a replacement",
      async (memory) => {
        const clerk = await clerkOf(memory, "ana");
        await clerk.remember("facts", `${await clerk.recall("facts")}, and Ana`, { tier: "durable" });
      },
    ],
    [
      "an update outside of sessions",
      (memory) =>
        memory
          .tenant("acme")
          .agent("clerk")
          .update("facts", (value) => `${value}!`),
    ],
    [
      "a replacement outside of sessions",
      async (memory) => {
        const clerk = memory.tenant("acme").agent("clerk");
        await clerk.remember("facts", `${await clerk.recall("facts")}!`, { tier: "both" });
      },
    ],
  ])("is erased with each of them after %s", async (_, rewrite) => {
    const { memory, stores } = open();
    await (await clerkOf(memory, "juan")).remember("facts", secret, { tier: "both" });
    await rewrite(memory);
    expect(await memory.tenant("acme").agent("clerk").recall("facts")).toContain(secret);
    const planned = await memory.tenant("acme").user("juan").erase({ dryRun: true });
    const report = await memory.tenant("acme").user("juan").erase();
    expect(report.removed.documents).toBe(planned.removed.documents);
    expect(await found(stores)).not.toContain(secret);
    expect(report.outOfReach.map(({ what }) => what)).not.toContain("memories");
  });

  it("is erased also when the session is gone already", async () => {
    const { memory, stores } = open();
    await (await clerkOf(memory, "juan")).remember("facts", secret, { tier: "both" });
    await memory.tenant("acme").session("of-juan").delete();
    await memory.tenant("acme").user("juan").erase();
    expect(await found(stores)).not.toContain(secret);
  });

  it("and what it keeps about one person, learned from another, goes with both", async () => {
    for (const erased of ["juan", "ana"]) {
      const { memory, stores } = open();
      const session = memory.tenant("acme").session("of-juan", { subject: "juan" });
      await session.append(user("hi"));
      for (const tier of ["volatile", "durable"] as const)
        await session.agent("clerk").for("ana").remember(`sister-${tier}`, secret, { tier });
      await memory.tenant("acme").user(erased).erase();
      expect(await found(stores)).not.toContain(secret);
    }
  });

  it("stays when it was forgotten in between: what is remembered then is new", async () => {
    const { memory } = open();
    await (await clerkOf(memory, "juan")).remember("facts", secret, { tier: "both" });
    const clerk = memory.tenant("acme").agent("clerk");
    await clerk.forget("facts");
    await clerk.remember("facts", "be kind");
    await memory.tenant("acme").user("juan").erase();
    expect(await clerk.recall("facts")).toBe("be kind");
  });

  it("stays as long as one of the others is held, and the report says so", async () => {
    const { memory } = open();
    const acme = memory.tenant("acme");
    await (await clerkOf(memory, "juan")).remember("facts", secret, { tier: "both" });
    await (await clerkOf(memory, "ana")).update("facts", (value) => `${value}!`, { tier: "both" });
    await acme.hold({ user: "ana" }, { reason: "a lawsuit" });
    for (const dryRun of [true, false])
      expect(await acme.user("juan").erase({ dryRun })).toMatchObject({
        complete: false,
        held: [{ selector: { user: "ana" }, reason: "a lawsuit" }],
        removed: { sessions: 1 },
      });
    expect(await acme.agent("clerk").recall("facts")).toBe(`${secret}!`);
    await acme.release({ user: "ana" });
    await acme.user("juan").erase();
    expect(await acme.agent("clerk").recall("facts")).toBeUndefined();
  });

  it("names everybody who writes it at the same time", async () => {
    const { memory } = open();
    const people = ["a", "b", "c", "d", "e"];
    const clerks = await Promise.all(people.map((person) => clerkOf(memory, person)));
    await Promise.all(clerks.map((clerk, index) => clerk.remember("facts", index, { tier: "durable" })));
    for (const person of people) {
      const { removed } = await memory.tenant("acme").user(person).erase({ dryRun: true });
      // The memory, and what makes the person known.
      expect(removed.documents, person).toBe(2);
    }
  });

  it("by more than it can name is reported as out of reach, with its place", async () => {
    const { memory, stores } = open();
    for (let index = 0; index < 20; index++) {
      const clerk = await clerkOf(memory, `p${index}`);
      await clerk.update("facts", (value) => `${value ?? secret} ${index}`, { tier: "durable" });
    }
    let gone = 0;
    for (let index = 0; index < 20; index++) {
      const { outOfReach } = await memory.tenant("acme").user(`p${index}`).erase();
      const memories = outOfReach.filter(({ what }) => what === "memories");
      if ((await found(stores)).includes(secret))
        expect(memories).toEqual([
          {
            what: "memories",
            why: expect.stringContaining("forget"),
            documents: [{ namespace: ["relevo", "agents", "durable", "clerk"], key: "facts" }],
          },
        ]);
      else {
        gone++;
        expect(memories).toEqual([]);
      }
    }
    // Those that it can name are more than half of them, and one is enough.
    expect(gone).toBeGreaterThan(0);
  });
});

it("an agent writes nothing in the session of a person who is erased meanwhile", async () => {
  const { memory, stores } = of(oneStore());
  const [store] = stores;
  const acme = memory.tenant("acme");
  const clerk = await clerkOf(memory, "juan");
  await clerk.remember("early", 1, { tier: "durable" });
  if (store === undefined) return;
  const marker = { tenant: "acme", namespace: ["relevo:erasing", "juan"], key: "erasure" };
  await store.documents.put(marker, { value: { erasure: "e1", running: true } });
  const late = await failure(clerk.remember("late", secret, { tier: "both" }), "conflict");
  expect(late.details.conflict).toBe("erasure");
  await store.documents.put(marker, { value: { erasure: "e1", running: false } });
  await failure(
    clerk.update("late", () => secret, { tier: "durable" }),
    "history-lost",
  );
  expect(await found(stores)).not.toContain(secret);
  expect(await acme.agent("clerk").recall("late")).toBeUndefined();
});

it("a memory that is made in a session has room for one tag less, and says so", async () => {
  const { memory } = of(oneStore());
  const clerk = await clerkOf(memory, "juan");
  const tags = Array.from({ length: 64 }, (_, index) => `t${index}`);
  await memory.tenant("acme").agent("clerk").remember("all", 1, { tags });
  const refused = await failure(clerk.remember("some", 1, { tags, tier: "durable" }), "invalid-input");
  expect(refused.message).toContain("tags");
  await clerk.remember("some", 1, { tags: tags.slice(1), tier: "durable" });
  const report = await memory.tenant("acme").user("juan").erase({ dryRun: true });
  expect(report.outOfReach[0]).toMatchObject({ what: "memories", documents: [{ key: "some" }] });
});
