import { describe, expect, it } from "vitest";
import { failure, oneStore, twoStores, user } from "./fixture.ts";

describe("working memory", () => {
  it("creates the session with its first value, and dies with it", async () => {
    const acme = oneStore().memory.tenant("acme");
    const session = acme.session("chat", { subject: "ana", metadata: { m: 1 } });
    await session.working.remember("step", 3);
    expect(await session.head()).toMatchObject({ version: 0, subject: "ana", metadata: { m: 1 } });
    expect(await acme.session("chat").working.recall("step")).toBe(3);
    await session.delete();
    expect(await acme.session("chat").working.recall("step")).toBeUndefined();
  });

  it("remembers, lists, updates, forgets and clears", async () => {
    const { memory, clock } = oneStore();
    const { working } = memory.tenant("acme").session("chat");
    await working.remember("a", { plan: "Enterprise" }, { tags: ["t"], metadata: { m: 1 }, ttlMs: 1_000 });
    await working.remember("b", 2);
    expect((await working.entries()).items.map((entry) => entry.key)).toEqual(["a", "b"]);
    expect((await working.entries({ tags: { any: ["t"] } })).items).toHaveLength(1);
    expect((await working.entries({ text: "enterprise" })).items).toHaveLength(1);
    const updated = await working.update("a", () => "changed");
    expect(updated).toMatchObject({ value: "changed", tags: ["t"], metadata: { m: 1 }, tier: "volatile" });
    expect(updated?.agent).toBeUndefined();
    await failure(working.remember("b", 3, { expectedVersion: 0 }), "conflict");
    clock.advance(1_000);
    expect(await working.recall("a")).toBeUndefined();
    expect(await working.forget("b")).toBe(true);
    expect(await working.forget("b")).toBe(false);
    for (const key of ["x", "y", "z"]) await working.remember(key, key);
    expect(await working.clear()).toBe(3);
    expect((await working.entries()).items).toEqual([]);
    expect(await working.clear()).toBe(0);
  });

  it("clears only itself, and more than one batch", async () => {
    const { memory } = oneStore();
    const session = memory.tenant("acme").session("chat");
    await session.agent("writer").remember("draft", 1);
    for (let index = 0; index < 1_050; index++) await session.working.remember(`k${index}`, index);
    expect(await session.working.clear()).toBe(1_050);
    expect((await session.working.entries()).items).toEqual([]);
    expect(await session.agent("writer").recall("draft")).toBe(1);
  });

  it("loses no concurrent update, also while the session is being created", async () => {
    const acme = oneStore().memory.tenant("acme");
    const session = acme.session("chat");
    await Promise.all(
      Array.from({ length: 8 }, () =>
        session.working.update("n", (value) => Number(value ?? 0) + 1, { attempts: 50 }),
      ),
    );
    expect(await session.working.recall("n")).toBe(8);
  });
});

describe.each([
  { stores: "one store", open: () => oneStore() },
  { stores: "two stores", open: () => twoStores() },
])("an agent in a session, on $stores", ({ open }) => {
  it("keeps its notes in the session by default", async () => {
    const acme = open().memory.tenant("acme");
    const writer = acme.session("one").agent("writer");
    const entry = await writer.remember("draft", "v1");
    expect(entry).toMatchObject({ tier: "volatile", agent: "writer" });
    expect(await acme.session("one").agent("writer").recall("draft")).toBe("v1");
    expect(await acme.session("one").agent("editor").recall("draft")).toBeUndefined();
    expect(await acme.session("two").agent("writer").recall("draft")).toBeUndefined();
    expect(await acme.agent("writer").recall("draft")).toBeUndefined();
    expect(await writer.update("draft", (value) => `${value}+`)).toMatchObject({ value: "v1+" });
    await acme.session("one").delete();
    expect(await acme.session("one").agent("writer").recall("draft")).toBeUndefined();
  });

  it.each(["durable", "both"] as const)(
    "stores %s memories as the agent's own, with the session noted",
    async (tier) => {
      const acme = open().memory.tenant("acme");
      const writer = acme.session("one").agent("writer");
      await acme.session("one").append(user("x"));
      await writer.remember("style", "session note");
      await writer.remember("style", "for good", { tier, metadata: { m: 1 } });
      expect(await writer.recall("style")).toBe("for good");
      expect(await acme.agent("writer").entry("style")).toMatchObject({
        tier,
        session: "one",
        metadata: { m: 1 },
      });
      expect(await acme.session("two").agent("writer").recall("style")).toBe("for good");
      await acme.agent("writer").update("style", () => "changed", { tier });
      expect((await acme.agent("writer").entry("style"))?.session).toBe("one");
      await acme.session("one").delete();
      expect(await acme.agent("writer").recall("style")).toBe("changed");
    },
  );

  it("has its session notes stand in front of what it knows, until they are forgotten", async () => {
    const acme = open().memory.tenant("acme");
    await acme.agent("writer").remember("style", "general");
    const writer = acme.session("one").agent("writer");
    await writer.remember("style", "for this session");
    expect(await writer.recall("style")).toBe("for this session");
    expect(await writer.recall("style", { tier: "durable" })).toBe("general");
    expect(await acme.session("two").agent("writer").recall("style")).toBe("general");
    expect((await writer.entries()).items).toHaveLength(1);
    expect((await writer.entries({ tier: "durable" })).items.map((entry) => entry.value)).toEqual([
      "general",
    ]);
    await writer.forget("style", { tier: "volatile" });
    expect(await writer.recall("style")).toBe("general");
    await writer.remember("style", "again");
    await writer.update("style", (value) => `${value}!`, { tier: "durable" });
    expect(await writer.recall("style")).toBe("general!");
    await writer.remember("style", "again");
    expect(await writer.forget("style")).toBe(true);
    expect(await writer.recall("style")).toBeUndefined();
    expect(await acme.agent("writer").recall("style")).toBeUndefined();
  });
});
