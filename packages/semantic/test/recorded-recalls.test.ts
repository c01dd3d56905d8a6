import { createManualClock, type JsonValue } from "@relevo/core";
import { createMemory, type MemoryOptions } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { createRecall, createSearchIndex } from "../src/index.ts";

function opened(recordRecalls: MemoryOptions["recordRecalls"] = true) {
  const clock = createManualClock(Date.UTC(2024, 2, 1));
  const store = createMemoryStore({ clock, sweepIntervalMs: 0 });
  const recall = createRecall({ store, index: createSearchIndex(), clock });
  const errors: unknown[] = [];
  const memory = createMemory({
    store,
    recall,
    indexes: [recall],
    clock,
    recordRecalls,
    onError: (error) => errors.push(error),
  });
  const everything = async (): Promise<string> => {
    const sessions = (await store.log.list("acme")).items;
    const all: JsonValue[] = [];
    for (const { session } of [...sessions, { session: undefined }]) {
      const scope = session === undefined ? { tenant: "acme" } : { tenant: "acme", session };
      all.push((await store.documents.find(scope, { limit: 1000 })).items as unknown as JsonValue);
    }
    return JSON.stringify(all);
  };
  return { store, clock, memory, acme: memory.tenant("acme"), errors, everything };
}

const say = (content: string) => ({ role: "user" as const, content });

describe("recorded searches", () => {
  it("are off unless asked for", async () => {
    const { acme, everything } = opened(false);
    await acme.session("s", { subject: "ana" }).append(say("The plum is ripe."));
    await acme.search({ text: "plum zebulon" });
    await acme.context({ session: "s", task: "plum zebulon" });
    expect((await acme.recalls()).items).toEqual([]);
    expect(await everything()).not.toContain("zebulon");
  });

  it("say what was asked and found, or that nothing was, newest first", async () => {
    const { acme, clock } = opened();
    await acme.session("s", { subject: "ana" }).append(say("The plum is ripe."));
    await acme.search({ text: "plum" });
    clock.advance(1000);
    await acme.search({ text: "walrus" });
    clock.advance(1000);
    await acme.search({ text: "ripe", users: ["ana"] });
    await acme.context({ session: "s", task: "pick the plum", view: false });
    const { items } = await acme.recalls();
    expect(items).toMatchObject([
      { query: "walrus", hits: [], missing: [], at: clock.now() - 1000 },
      { query: "plum", hits: [{ source: { session: "s", seq: 1 } }] },
    ]);
    expect(JSON.stringify(items)).not.toMatch(/(?<![\w-])ripe(?![\w-])/u);
    expect((await acme.recalls({ user: "ana" })).items).toMatchObject([{ query: "ripe" }]);
    expect((await acme.recalls({ session: "s" })).items).toMatchObject([{ query: "pick the plum" }]);
    const first = await acme.recalls({ limit: 1 });
    const second = await acme.recalls({ limit: 1, cursor: first.cursor });
    expect([...first.items, ...second.items]).toEqual(items);
    await expect(acme.recalls({ user: "ana", session: "s" })).rejects.toMatchObject({
      code: "invalid-input",
    });
  });

  it("are bounded in number and time", async () => {
    const { acme, clock } = opened({ keep: 20, ttlMs: 1_000_000 });
    for (let n = 0; n < 60; n++) {
      clock.advance(1);
      await acme.search({ text: `number${n}` });
    }
    const kept = (await acme.recalls()).items.map(({ query }) => query);
    expect(kept.length).toBeGreaterThanOrEqual(20);
    expect(kept.length).toBeLessThanOrEqual(22);
    expect(kept.slice(0, 2)).toEqual(["number59", "number58"]);
    clock.advance(1_000_000);
    expect((await acme.recalls()).items).toEqual([]);
  });

  it("go with the person, the session and what they found", async () => {
    const { acme, everything } = opened();
    await acme.session("s", { subject: "ana" }).append(say("The plum is ripe."));
    await acme.session("t", { subject: "leo" }).append(say("The pear is ripe."));
    await acme.search({ text: "zebulon1", users: ["ana"] });
    await acme.search({ text: "plum zebulon2" });
    await acme.search({ text: "zebulon3", sessions: ["s"] });
    await acme.context({ session: "s", task: "zebulon4" });
    await acme.search({ text: "pear stays" });
    await acme.user("ana").erase();
    const left = await everything();
    expect(left).not.toContain("zebulon");
    expect(left).toContain("pear stays");
  });

  it("make no session, and fail no search", async () => {
    const { acme, errors, store } = opened();
    await acme.context({ session: "none", task: "plum" });
    expect((await store.log.list("acme")).items).toEqual([]);
    expect((await acme.recalls()).items).toMatchObject([{ query: "plum" }]);
    await acme.search({ text: `half \ud800 \0 and ${"long ".repeat(5000)}` });
    expect(errors).toEqual([]);
    await store.documents.put(
      { tenant: "acme", namespace: ["relevo:erasing", "ana"], key: "erasure" },
      {
        value: { erasure: "e", running: true },
      },
    );
    expect((await acme.search({ text: "plum", users: ["ana"] })).hits).toEqual([]);
    expect(errors).toMatchObject([{ code: "conflict" }]);
    expect((await acme.recalls({ user: "ana" })).items).toEqual([]);
  });

  it.each([
    ["a text", "yes"],
    ["an unknown field", { kep: 5 }],
    ["no record at all", { keep: 0 }],
    ["a time that is none", { ttlMs: -1 }],
  ])("are refused with %s", (_, given) => {
    expect(() => opened(given as never)).toThrow("options.recordRecalls");
  });
});

describe("what is recalled for a task", () => {
  it("fits its tokens, says what did not, and repeats nothing that is shown", async () => {
    const { acme } = opened(false);
    const old = acme.session("old", { subject: "ana" });
    await old.append([say("The plum tree is behind the shed."), say(`Plum jam: ${"sugar ".repeat(300)}`)]);
    const session = acme.session("now", { subject: "ana" });
    await session.append([say("Which plum tree do you mean?")]);
    const ask = async (recalledTokens?: number) =>
      (await acme.context({ session, task: "plum tree", recalledTokens })).recalled;
    const all = await ask();
    expect(all?.shown.map(({ source }) => source.session)).toEqual(["old", "old"]);
    expect(all?.text).toMatch(/^<recalled>\n.*behind the shed.*<\/recalled>$/su);
    const small = await ask(100);
    expect(small?.tokens).toBeLessThanOrEqual(100);
    expect(small?.shown).toHaveLength(1);
    expect(small?.leftOut).toHaveLength(1);
    expect(await ask(5)).toMatchObject({ text: "", tokens: 0, shown: [] });
    const { recalled } = await acme.context({ session, task: "plum", recalled: 1000 });
    expect(recalled?.shown).toHaveLength(2);
    const withoutMessages = await acme.context({ session: "old", task: "plum", view: false });
    expect(withoutMessages.recalled?.shown).toHaveLength(3);
    for (const bad of [{ recalledTokens: 0 }, { recalled: 0 }, { recalled: 5000 }, { task: 5 as never }])
      await expect(acme.context({ session, task: "plum", ...bad })).rejects.toMatchObject({
        code: "invalid-input",
      });
  });
});
