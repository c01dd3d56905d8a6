import type { RecallQuery } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { createRecall, createSearchIndex, type IndexingPolicy } from "../src/index.ts";

function opened(policy: IndexingPolicy = {}) {
  const store = createMemoryStore();
  const index = createSearchIndex();
  const recall = createRecall({ store, index, policy });
  const acme = createMemory({ store, recall, indexes: [recall] }).tenant("acme");
  const find = async (query: RecallQuery): Promise<readonly string[]> =>
    (await acme.search(query)).hits.map(({ text }) => text).sort();
  return { store, index, recall, acme, find };
}

describe("knowledge", () => {
  it("is found beside messages until it is changed or removed", async () => {
    const { acme, find, index } = opened();
    const [tea] = await acme.knowledge.add(
      [
        { text: "Green tea steeps for two minutes.", source: "tea.md", metadata: { topic: "tea" } },
        { id: "coffee", text: "Coffee takes four minutes in a press.", at: Date.UTC(2024, 0, 1) },
      ],
      { operationId: "import-1" },
    );
    await acme.knowledge.collection("kitchen").add({ text: "The kettle holds two litres of tea." });
    await acme.session("s").append({ role: "user", content: "I would like some tea." });
    const all = [
      "Green tea steeps for two minutes.",
      "I would like some tea.",
      "The kettle holds two litres of tea.",
    ];
    expect(await find({ text: "tea" })).toEqual(all);
    expect(await find({ text: "tea", in: ["knowledge"] })).toEqual([all[0], all[2]]);
    expect(await find({ text: "tea", in: ["messages"] })).toEqual([all[1]]);
    const kitchen = [["relevo:knowledge", "kitchen"]];
    expect(await find({ text: "tea", namespaces: kitchen })).toEqual([all[2]]);
    expect(await find({ text: "tea", in: ["knowledge", "messages"], namespaces: kitchen })).toEqual([
      all[1],
      all[2],
    ]);
    expect(await find({ text: "tea", where: { path: ["metadata", "topic"], $eq: "tea" } })).toEqual([all[0]]);
    const { hits } = await acme.search({ text: "coffee press" });
    expect(hits[0]).toMatchObject({
      place: "knowledge",
      at: Date.UTC(2024, 0, 1),
      source: { key: "coffee" },
    });

    // A retry, and the same text once more.
    const twice = await acme.knowledge.add([
      { text: "x", source: "y" },
      { text: "x", source: "y" },
    ]);
    expect(twice.map(({ id }) => id)).toEqual([twice[0]?.id, twice[0]?.id]);
    await acme.knowledge.remove(twice[0]?.id ?? "");
    const again = await acme.knowledge.add({ text: all[0] ?? "", source: "tea.md" });
    expect(again[0]?.id).toBe(tea?.id);
    expect((await acme.knowledge.entries()).items).toHaveLength(2);
    expect(await acme.knowledge.get(tea?.id ?? "")).toMatchObject({ text: all[0], source: "tea.md" });

    expect(await acme.knowledge.remove([tea?.id ?? "", "nobody"])).toBe(1);
    expect(await index.lookup("acme", [["steep"]])).toEqual([[]]);
    expect(await find({ text: "steeps" })).toEqual([]);
    expect(await acme.knowledge.get(tea?.id ?? "")).toBeUndefined();
  });

  it("of one collection is cleared, and of no other", async () => {
    const { acme, find, index } = opened();
    const many = Array.from({ length: 250 }, (_, n) => ({ text: `Plum number ${n}.` }));
    await acme.knowledge.collection("fruit").add(many);
    await acme.knowledge.add({ text: "Plum trees need sun." });
    expect(await find({ text: "plum", limit: 1000 })).toHaveLength(251);
    expect(await acme.knowledge.collection("fruit").clear()).toBe(250);
    expect((await index.state("acme")).items).toBe(1);
    expect(await find({ text: "plum", limit: 1000 })).toEqual(["Plum trees need sun."]);
    expect(await acme.knowledge.collection("fruit").clear()).toBe(0);
  });

  it("in a long text is found by the piece that says it", async () => {
    const { acme } = opened();
    const filler = "Nothing of interest happens in this sentence about weather. ".repeat(300);
    await acme.knowledge.add({ id: "long", text: `${filler}The parrot sleeps at noon. ${filler}` });
    const { hits } = await acme.search({ text: "When does the parrot sleep?" });
    expect(hits).toHaveLength(1);
    expect(hits[0]?.text).toContain("parrot");
    expect(hits[0]?.text.length).toBeLessThan(4000);
  });

  it("has similar texts, without the text itself", async () => {
    const { acme } = opened();
    await acme.knowledge.add([
      { id: "a", text: "Refunds are paid within ten days." },
      { id: "b", text: "A refund is paid by bank transfer." },
      { id: "c", text: "The office is closed on Sunday." },
    ]);
    const { hits } = await acme.knowledge.similar("a", { limit: 1 });
    expect(hits.map(({ source }) => source.kind === "document" && source.key)).toEqual(["b"]);
    await expect(acme.knowledge.similar("nobody")).rejects.toMatchObject({ code: "not-found" });
    const bare = createMemory({ store: createMemoryStore() }).tenant("acme").knowledge;
    await bare.add({ id: "a", text: "x" });
    await expect(bare.similar("a")).rejects.toMatchObject({ code: "unsupported" });
  });

  it("is applied once for an operation id, and another request under it is refused", async () => {
    const { acme } = opened();
    const { knowledge } = acme;
    const [first] = await knowledge.add({ id: "a", text: "one" }, { operationId: "op" });
    await knowledge.add({ id: "a", text: "two" });
    const [replayed] = await knowledge.add({ id: "a", text: "one" }, { operationId: "op" });
    expect(replayed?.version).toBe(first?.version);
    expect((await knowledge.get("a"))?.text).toBe("two");
    await expect(knowledge.add({ id: "a", text: "three" }, { operationId: "op" })).rejects.toMatchObject({
      code: "conflict",
    });
    expect(await knowledge.remove("a", { operationId: "gone" })).toBe(1);
    await knowledge.add({ id: "a", text: "four" });
    await knowledge.remove("a", { operationId: "gone" });
    expect((await knowledge.get("a"))?.text).toBe("four");
  });

  it("stands after what supersedes it, whichever fits better", async () => {
    const { acme } = opened();
    const { knowledge } = acme;
    await knowledge.add({
      id: "old",
      text: "The address of the office is Elm Street 5, the office address.",
    });
    await knowledge.add({
      id: "new",
      text: "We moved to Oak Street 9; the office is there.",
      supersedes: ["old"],
    });
    const { hits } = await acme.search({ text: "What is the address of the office?" });
    expect(hits.map(({ source }) => source.kind === "document" && source.key)).toEqual(["new", "old"]);
    expect(hits[1]?.supersededBy).toMatchObject([{ key: "new" }]);
    // It is read even when it has no word of the question.
    const { hits: elm } = await acme.search({ text: "elm", limit: 2 });
    expect(elm.map(({ source }) => source.kind === "document" && source.key)).toEqual(["new", "old"]);
    // A filter that leaves it out is obeyed, and the hit says that it is outdated.
    const { hits: past } = await acme.search({
      text: "elm",
      where: { path: ["value", "text"], $contains: "Elm" },
    });
    expect(past).toMatchObject([{ source: { key: "old" }, supersededBy: [{ key: "new" }] }]);
    expect(await knowledge.get("old")).toMatchObject({ supersededBy: ["new"], metadata: {} });
    await knowledge.remove("new");
    const { hits: after } = await acme.search({ text: "elm" });
    expect(after).toMatchObject([{ source: { key: "old" } }]);
    expect(after[0]).not.toHaveProperty("supersededBy");
  });

  it.each([
    ["no text", { text: " " }, "texts[0].text"],
    ["a number as text", { text: 5 }, "texts[0].text"],
    ["an unknown field", { text: "x", txet: "x" }, "texts[0].txet"],
    ["reserved metadata", { text: "x", metadata: { "relevo:x": 1 } }, "texts[0].metadata.relevo:x"],
    ["itself superseded", { id: "a", text: "x", supersedes: ["a"] }, "texts"],
    ["a time that is none", { text: "x", at: 1.5 }, "texts[0].at"],
    ["no object", "x", "texts[0]"],
  ])("refuses %s, and stores nothing", async (_, text, field) => {
    const { acme } = opened();
    await expect(acme.knowledge.add([text as never, { text: "good" }])).rejects.toMatchObject({
      code: "invalid-input",
      details: { field },
    });
    expect((await acme.knowledge.entries()).items).toEqual([]);
  });
});

it("two texts of one id are refused", async () => {
  const { acme } = opened();
  const texts = [
    { id: "a", text: "one" },
    { id: "a", text: "two" },
  ];
  await expect(acme.knowledge.add(texts)).rejects.toThrow("texts[1].id is that of another text");
});

describe("a policy", () => {
  it("names what it lets in: an empty namespace would show workspaces to every searcher", () => {
    const parts = { store: createMemoryStore(), index: createSearchIndex() };
    expect(() => createRecall({ ...parts, policy: { documents: [["kb"], []] } })).toThrow(
      "policy.documents[1] must have an element",
    );
  });

  it("never lets past values in", async () => {
    const store = createMemoryStore();
    const policy = { memories: true, documents: [["relevo:workspace"]] };
    const recall = createRecall({ store, index: createSearchIndex(), policy });
    const history = { agents: 5, users: 5, workspaces: 5 };
    const acme = createMemory({ store, recall, indexes: [recall], history }).tenant("acme");
    const memories = [
      acme.user("ana"),
      acme.agent("waiter"),
      acme.agent("waiter").for("ana"),
      acme.workspace("bar"),
    ];
    for (const memory of memories) {
      await memory.remember("drink", "green tea");
      await memory.remember("drink", "black coffee");
      expect(await memory.history("drink")).toHaveLength(1);
    }
    expect((await acme.search({ text: "tea" })).hits).toEqual([]);
    expect((await acme.search({ text: "coffee" })).hits).toHaveLength(4);
  });

  it("lets memories in when it says so, each for its person, and never secrets", async () => {
    const { acme, find, store } = opened({ memories: true });
    await acme.user("ana").remember("drink", "mint tea");
    await acme.user("leo").remember("drink", { likes: "black tea" });
    await acme.user("leo").remember("mood", "tea is late", { tier: "volatile" });
    await acme.agent("waiter").remember("style", "serve tea warm");
    await acme.agent("waiter").for("ana").remember("note", "no sugar in tea");
    expect(await find({ text: "tea" })).toEqual([
      "black tea",
      "mint tea",
      "no sugar in tea",
      "serve tea warm",
    ]);
    const { hits } = await acme.search({ text: "tea" });
    expect(new Set(hits.map(({ place, user, agent }) => [place, user, agent].join()))).toEqual(
      new Set(["memories,leo,", "memories,ana,", "memories,ana,waiter", "memories,,waiter"]),
    );
    // What is everybody's stays in.
    expect(await find({ text: "tea", users: ["ana"] })).toEqual([
      "mint tea",
      "no sugar in tea",
      "serve tea warm",
    ]);
    expect(await find({ text: "tea", agents: ["waiter"] })).toEqual(["no sugar in tea", "serve tea warm"]);
    expect(await find({ text: "tea", in: ["knowledge", "messages"] })).toEqual([]);
    const session = acme.session("s", { subject: "ana" });
    await session.append({ role: "user", content: "Hello" });
    const { recalled } = await acme.context({ session, task: "bring the tea" });
    expect(recalled?.shown.map(({ text }) => text).sort()).toEqual([
      "mint tea",
      "no sugar in tea",
      "serve tea warm",
    ]);
    await store.documents.put(
      { tenant: "acme", namespace: ["relevo:user", "ana", "relevo:history", "memory"], key: "drink" },
      { value: "cold tea" },
    );
    expect(await find({ text: "cold" })).toEqual([]);
    await acme.user("ana").forget("drink");
    expect(await find({ text: "mint" })).toEqual([]);
  });

  it("puts a memory before those that it supersedes, until they are remembered anew", async () => {
    const { acme } = opened({ memories: true });
    const ana = acme.user("ana");
    await ana.remember("drink", "Her favourite drink is mint tea", { tags: ["taste"], tier: "both" });
    await ana.remember("new-drink", "She only takes coffee now", { supersedes: ["drink", "nothing"] });
    const keys = async (): Promise<readonly unknown[]> =>
      (await acme.search({ text: "favourite drink" })).hits.map(
        ({ source, supersededBy }) => source.kind === "document" && [source.key, supersededBy?.length],
      );
    expect(await keys()).toEqual([
      ["new-drink", undefined],
      ["drink", 1],
    ]);
    // What else is known of it stays, and nothing of ours is shown.
    const entry = await ana.entry("drink");
    expect(entry).toMatchObject({ tags: ["taste"], metadata: {} });
    await ana.remember("drink", "Her favourite drink is green tea", {
      expectedVersion: entry?.version ?? 0,
      tier: "both",
    });
    expect((await keys())[0]).toEqual(["drink", undefined]);
    for (const bad of [{ supersedes: ["a"] }, { supersedes: [5] }, { supersedes: ["b"], tier: "volatile" }])
      await expect(ana.remember("a", 1, bad as never)).rejects.toMatchObject({
        details: { field: expect.stringContaining("options.supersedes") },
      });
    await expect(
      acme
        .session("s")
        .agent("x")
        .remember("a", 1, { supersedes: ["b"] }),
    ).rejects.toThrow("tier");
  });

  it("leaves messages out, and documents of sessions in, by namespace", async () => {
    const { acme, find, store, index } = opened({
      messages: false,
      sessionDocuments: [["relevo", "working"]],
      documents: [["kb"]],
      except: [["kb", "secret"]],
    });
    await store.documents.put({ tenant: "acme", namespace: ["kb"], key: "k" }, { value: "plum cake" });
    await store.documents.put(
      { tenant: "acme", namespace: ["kb", "secret"], key: "k" },
      { value: "plum code" },
    );
    const session = acme.session("s", { subject: "ana" });
    await session.append({ role: "user", content: "I ate a plum." });
    await session.working.remember("order", "plum jam");
    await session.agent("cook").remember("note", "plum pie");
    expect(await find({ text: "plum" })).toEqual(["plum cake", "plum jam"]);
    expect(await find({ text: "plum", in: ["documents"], users: ["leo"] })).toEqual(["plum cake"]);
    expect(await find({ text: "plum", sessions: ["s"] })).toEqual(["plum jam"]);
    await session.working.remember("order", "pear jam");
    expect(await find({ text: "plum" })).toEqual(["plum cake"]);
    await session.working.forget("order");
    expect(await find({ text: "pear" })).toEqual([]);
    await session.working.remember("order", "plum tart");
    expect(await find({ text: "tart" })).toEqual(["plum tart"]);
    await session.delete();
    expect(await find({ text: "plum" })).toEqual(["plum cake"]);
    expect((await index.state("acme")).items).toBe(1);
  });

  it("of each tenant is its own, and what another one let in leaves the index", async () => {
    const { store, index, acme } = opened({ documents: [["kb"]] });
    await store.documents.put({ tenant: "acme", namespace: ["kb"], key: "k" }, { value: "plum cake" });
    await acme.session("s").append({ role: "user", content: "I ate a plum." });
    await acme.knowledge.add({ text: "Plums are ripe in August." });
    expect((await acme.search({ text: "plum" })).hits).toHaveLength(3);
    const policy = (tenant: string): IndexingPolicy =>
      tenant === "acme" ? { messages: false, knowledge: false } : {};
    const strict = createRecall({ store, index, policy });
    await strict.update("acme");
    expect((await index.state("acme")).items).toBe(0);
    const open = createRecall({ store, index, policy: () => ({ knowledge: true }) });
    expect((await open.search("acme", { text: "plum" })).hits).toHaveLength(2);
    expect(() => createRecall({ store, index, policy: { mesages: true } as never })).toThrow("messages");
  });
});

it("a document whose text cannot be had keeps no other from being found, and is told", async () => {
  const store = createMemoryStore();
  const errors: unknown[] = [];
  let isBroken = true;
  const recall = createRecall({
    store,
    index: createSearchIndex(),
    policy: { documents: [["kb"]] },
    textOf: ({ key, value }) => {
      if (key === "bad" && isBroken) throw new Error("no text");
      return `${value}`;
    },
    onError: (error) => errors.push(error),
  });
  const put = (namespace: readonly string[], key: string) =>
    store.documents.put({ tenant: "acme", namespace, key }, { value: "The plum is ripe." });
  await put(["kb", "a"], "bad");
  await put(["kb", "b"], "good");
  const found = async () => (await recall.search("acme", { text: "plum" })).hits.length;
  expect(await found()).toBe(1);
  expect(errors).toMatchObject([{ code: "invalid-input", cause: { message: "no text" } }]);
  isBroken = false;
  await put(["kb", "a"], "bad");
  expect(await found()).toBe(2);
});

it("two stores are followed together", async () => {
  const [volatile, durable] = [createMemoryStore(), createMemoryStore()];
  const recall = createRecall({ store: volatile, durable, index: createSearchIndex() });
  const acme = createMemory({ volatile, durable, sessions: "volatile", recall, indexes: [recall] }).tenant(
    "acme",
  );
  await acme.session("s", { subject: "ana" }).append({ role: "user", content: "The plum is ripe." });
  await acme.knowledge.add({ text: "Plums are ripe in August." });
  expect((await acme.search({ text: "ripe plum" })).hits).toHaveLength(2);
  await acme.knowledge.add({ text: "A plum tree needs sun." });
  expect((await acme.search({ text: "plum" })).hits).toHaveLength(3);
  await acme.user("ana").erase();
  expect((await acme.search({ text: "plum" })).hits).toHaveLength(2);
  expect(await recall.update("acme")).toBe(0);
});
