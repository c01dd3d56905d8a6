import type { RecallHit, RecallQuery, RecallResult, SearchIndex } from "@relevo/core";
import { createReferenceIndex } from "@relevo/store-conformance";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { createRecall, createSearchIndex, type StoreRecall } from "../src/index.ts";
import { append, cocina, friday, garden, said, work } from "./conversations.ts";

async function opened(index: SearchIndex = createSearchIndex()) {
  const store = createMemoryStore();
  const recall = createRecall({ store, index });
  return { store, recall, index };
}

const texts = ({ hits }: RecallResult): readonly string[] => hits.map(({ text }) => text);
const hitsOf = async (recall: StoreRecall, query: RecallQuery): Promise<readonly RecallHit[]> =>
  (await recall.search("acme", query)).hits;

describe("search", () => {
  it.each([
    ["What is the name of Nora's puppy?", "Biscuit, because of the colour."],
    ["Where will Piet plant them?", "Behind the shed, next to the old well."],
    ["What happened to INV-2024-0042?", work[0]?.[1]],
    ["Who is the accountant?", work[1]?.[1]],
    ["acountant", work[1]?.[1]],
    ["¿Qué cenó Tomás?", cocina[1]?.[1]],
    ["¿Dónde es el curso de ceramica?", cocina[2]?.[1]],
  ])("%s", async (text, answer) => {
    const { store, recall } = await opened();
    await append(store, "acme", "garden", garden);
    await append(store, "acme", "work", work);
    await append(store, "acme", "cocina", cocina);
    const found = await recall.search("acme", { text, limit: 3 });
    expect(texts(found)[0]).toBe(answer);
    await store.close();
  });

  it("shows the sessions that belong to a person now, whatever the index knows", async () => {
    const store = createMemoryStore();
    const index = createSearchIndex();
    const recall = createRecall({ store, index, updateBeforeSearch: false });
    const given = { tenant: "acme", session: "given" };
    await store.log.append(given, [said(["Ana", "A plum tree."], friday)], { init: { subject: "ana" } });
    const kept = { tenant: "acme", session: "kept" };
    await store.log.append(kept, [said(["Ana", "Plum jam."], friday)], { init: { subject: "ana" } });
    await recall.update("acme");
    await store.log.touch(given, { subject: "leo" });
    expect(texts(await recall.search("acme", { text: "plum", users: ["ana"] }))).toEqual(["Plum jam."]);
    expect(texts(await recall.search("acme", { text: "plum" }))).toHaveLength(2);
    await store.close();
  });

  it("finds what was said at a time, and yesterday when it knows today", async () => {
    const { store, recall } = await opened();
    await append(store, "acme", "a", [["Nora", "We painted the kitchen."]], Date.UTC(2024, 0, 5));
    await append(store, "acme", "b", [["Nora", "We painted the attic."]], Date.UTC(2024, 3, 5));
    const [may] = await hitsOf(recall, { text: "What was painted on 5 April?" });
    expect(may?.text).toBe("We painted the attic.");
    const now = Date.UTC(2024, 0, 6, 12);
    const [january] = await hitsOf(recall, { text: "What was painted yesterday?", now });
    expect(january?.text).toBe("We painted the kitchen.");
  });

  it("takes the asker for me", async () => {
    const { store, recall } = await opened();
    await append(store, "acme", "s", [
      ["Piet", "I like the blue bicycle."],
      ["Nora", "I like the green bicycle."],
    ]);
    for (const [asker, colour] of [
      ["Nora", "green"],
      ["Piet", "blue"],
    ] as const) {
      const [hit] = await hitsOf(recall, { text: "Which bicycle do I like?", asker });
      expect(hit?.text).toContain(colour);
    }
  });

  it("returns a hit with its source, speaker, time, neighbours and the parts of its score", async () => {
    const { store, recall } = await opened();
    await append(store, "acme", "garden", garden);
    const [hit] = await hitsOf(recall, { text: "Nora's puppy name", neighbours: 1, explain: true });
    expect(hit).toMatchObject({
      source: { kind: "event", session: "garden", seq: 7 },
      speaker: "Nora",
      at: friday + 6 * 60_000,
      metadata: { name: "Nora" },
      neighbours: [{ text: garden[5]?.[1] }],
      explain: { lexical: 1, date: 0, vector: 0 },
    });
    expect(hit?.score).toBe(Math.round((hit?.score ?? 0) * 1e6) / 1e6);
  });

  it("finds where a speaker is named when nothing else is asked, at any time", async () => {
    const { store, recall } = await opened();
    await append(store, "acme", "s", [["Nora", "I met Piet and Ana."]], 8.64e15);
    await append(store, "acme", "t", [["Piet", "Hello."]], -8.64e15);
    expect(texts(await recall.search("acme", { text: "Piet?" }))).toEqual(["I met Piet and Ana."]);
    const text = "What did Nora say on 31 December or today?";
    expect(await hitsOf(recall, { text, now: 8.64e15 })).not.toEqual([]);
  });

  it("answers nothing where no word fits, and for an empty text", async () => {
    const { store, recall } = await opened();
    await append(store, "acme", "garden", garden);
    for (const text of ["", "?!", "the of and", "zzzzqqqq", "\u{1f600}"])
      expect(await hitsOf(recall, { text })).toEqual([]);
    expect(await recall.search("other", { text: "puppy" })).toEqual({ hits: [], missing: [] });
  });

  it("filters before it scores", async () => {
    const { store, recall } = await opened();
    await store.log.append({ tenant: "acme", session: "a" }, [said(["Nora", "The plum is ripe."])], {
      init: { subject: "u1" },
    });
    await store.log.append(
      { tenant: "acme", session: "b" },
      [
        {
          ...said(["Piet", "A plum cake is baked."], friday + 1000),
          agent: "baker",
          metadata: { topic: "cake" },
        },
      ],
      { init: { subject: "u2" } },
    );
    const found = async (query: object) =>
      (await hitsOf(recall, { text: "plum", ...query })).map(({ source }) =>
        source.kind === "event" ? source.session : "",
      );
    expect((await found({})).sort()).toEqual(["a", "b"]);
    expect(await found({ sessions: ["a"] })).toEqual(["a"]);
    expect(await found({ agents: ["baker"] })).toEqual(["b"]);
    expect(await found({ users: ["u1"] })).toEqual(["a"]);
    expect(await found({ since: friday + 500 })).toEqual(["b"]);
    expect(await found({ until: friday + 500 })).toEqual(["a"]);
    expect(await found({ where: { path: ["metadata", "topic"], $eq: "cake" } })).toEqual(["b"]);
    expect(await found({ in: ["documents"] })).toEqual([]);
    // The best of what is allowed has the highest lexical share.
    const [only] = await hitsOf(recall, { text: "plum cake", sessions: ["a"], explain: true });
    expect(only?.explain?.lexical).toBe(1);
  });

  it("finds a piece of a long text, once", async () => {
    const { store, recall } = await opened();
    const filler = "Nothing of interest happens in this sentence about weather. ".repeat(400);
    await append(store, "acme", "s", [["Nora", `${filler}The parrot sleeps at noon. ${filler}`]]);
    const hits = await hitsOf(recall, { text: "When does the parrot sleep?" });
    expect(hits).toHaveLength(1);
    expect(hits[0]?.text.length).toBeLessThan(4000);
    expect(hits[0]?.text).toContain("parrot");
  });
});

describe("another index", () => {
  it("gives the same hits with the same scores, also after removals", async () => {
    const { store, recall } = await opened();
    const plain = createRecall({ store, index: createReferenceIndex() });
    await append(store, "acme", "work", work);
    await append(store, "acme", "garden", garden);
    await append(store, "acme", "cocina", cocina, friday - 86_400_000);
    const compare = async (): Promise<void> => {
      for (const text of [
        "What is the name of Nora's puppy?",
        "acountant kickof",
        "¿Qué cenó Tomás?",
        "who on 29 February",
      ]) {
        const hits = await hitsOf(recall, { text, limit: 50, explain: true });
        expect(hits.length).toBeGreaterThan(0);
        expect(await hitsOf(plain, { text, limit: 50, explain: true })).toEqual(hits);
      }
    };
    await compare();
    await store.log.erase({ tenant: "acme", session: "garden" }, { seqs: [{ from: 6, to: 6 }] });
    await compare();
  });
});

describe("a snapshot", () => {
  it("gives an index that goes on where the other was", async () => {
    const store = createMemoryStore();
    const index = createSearchIndex();
    const recall = createRecall({ store, index });
    await append(store, "acme", "garden", garden);
    await append(store, "acme", "cocina", cocina);
    const question = { text: "puppy Tomás", limit: 50, explain: true } as const;
    await recall.update("acme");
    const chunks: Uint8Array[] = [];
    for await (const chunk of index.snapshot("acme")) chunks.push(chunk);
    await append(store, "acme", "work", work);
    const restored = createSearchIndex();
    await restored.restore("acme", chunks);
    const next = createRecall({ store, index: restored });
    expect(await next.update("acme")).toBe(1);
    expect(await next.search("acme", question)).toEqual(await recall.search("acme", question));
    expect((await next.search("acme", { text: "invoice" })).hits[0]?.text).toBe(work[0]?.[1]);
  });
});

describe("following the store", () => {
  it("never returns what was erased, retracted, trimmed or deleted, and forgets its words", async () => {
    const { store, recall, index } = await opened();
    const address = { tenant: "acme", session: "s" };
    const secret = (word: string) => said(["Nora", `The canary is called ${word}.`]);
    await store.log.append(address, [
      secret("Zebulon"),
      secret("Quixlo"),
      secret("Wimzy"),
      said(["Piet", "Nice."]),
    ]);
    await store.log.append({ tenant: "acme", session: "gone" }, [secret("Xanthor")]);
    const names = ["zebulon", "quixlo", "wimzy", "xanthor"];
    for (const text of names) expect(await hitsOf(recall, { text })).not.toEqual([]);
    await store.log.trim(address, { beforeSeq: 2 });
    await store.log.erase(address, { seqs: [{ from: 2, to: 2 }] });
    await store.log.append(address, [
      { type: "retraction", body: { ranges: [{ from: 3, to: 3 }], reason: "undo" } },
    ]);
    await store.log.delete({ tenant: "acme", session: "gone" });
    // A stale index is not believed.
    const stale = createRecall({ store, index, updateBeforeSearch: false });
    for (const text of names)
      expect(texts(await stale.search("acme", { text })).join()).not.toContain("canary");
    await recall.update("acme");
    const known = await index.lookup(
      "acme",
      names.map((word) => [word.slice(0, 5)]),
    );
    expect(known.flat()).toEqual([]);
    expect((await index.state("acme")).items).toBe(1);
  });

  it("misses nothing and repeats nothing when it is killed anywhere", async () => {
    const { store, recall: whole, index: complete } = await opened();
    const lines = Array.from(
      { length: 40 },
      (_, n) => ["Nora", `Item number${n} is in box ${n % 7}.`] as const,
    );
    for (let n = 0; n < 40; n += 4) await append(store, "acme", `s${n % 3}`, lines.slice(n, n + 4));
    const question = { text: "What is in box 3?", limit: 50 };
    const expected = await whole.search("acme", question);
    for (let calls = 1; calls < 40; calls += 3) {
      const index = createSearchIndex();
      const dying = createRecall({ store, index: failingAfter(index, calls) });
      await dying.update("acme").catch(() => undefined);
      const recall = createRecall({ store, index });
      expect(await recall.search("acme", question)).toEqual(expected);
      expect((await index.state("acme")).items).toBe((await complete.state("acme")).items);
      expect(await recall.update("acme")).toBe(0);
    }
  });

  it("corrects the language of a session when more was said", async () => {
    const { store, recall, index } = await opened();
    await append(store, "acme", "s", [["Lola", "Ok, no."]]);
    await recall.update("acme");
    await append(store, "acme", "s", cocina);
    expect(texts(await recall.search("acme", { text: "¿Quién hizo croqueta?" }))[0]).toBe(cocina[1]?.[1]);
    expect((await index.state("acme")).languages).toEqual({ es: 1 });
    expect((await index.state("acme")).items).toBe(4);
  });

  it("searches of many tenants and at once see what was written before them", async () => {
    const { store, recall } = await opened();
    await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const tenant = `t${n % 4}`;
        await append(store, tenant, `s${n}`, [["Nora", `The code word is tulip${n}.`]]);
        expect(texts(await recall.search(tenant, { text: `tulip${n}` }))[0]).toContain(`tulip${n}`);
      }),
    );
    for (const hit of (await recall.search("t1", { text: "code word", limit: 100 })).hits)
      expect(Number(/tulip(\d+)/.exec(hit.text)?.[1]) % 4).toBe(1);
  });

  it("refuses a store without a change feed", async () => {
    const store = createMemoryStore();
    const recall = createRecall({
      store: { log: store.log, documents: store.documents },
      index: createSearchIndex(),
    });
    await expect(recall.search("acme", { text: "x" })).rejects.toMatchObject({ code: "unsupported" });
  });
});

describe("documents", () => {
  const at = (namespace: readonly string[], key: string) => ({ tenant: "acme", namespace, key });

  it("below the given namespaces are found until they are changed, deleted or erased", async () => {
    const store = createMemoryStore();
    const index = createSearchIndex();
    const recall = createRecall({ store, index, policy: { documents: [["kb"], ["team", "a"]] } });
    const find = async (text: string) =>
      (await hitsOf(recall, { text })).map(({ source }) => (source.kind === "document" ? source.key : ""));
    await store.documents.put(at(["kb"], "tea"), {
      value: { title: "Green tea", steps: ["steep for two minutes"] },
    });
    await store.documents.put(at(["kb", "b"], "deep"), {
      value: "Oolong is steeped twice",
      metadata: { lang: "en" },
    });
    await store.documents.put(at(["team", "a", "x"], "cup"), { value: "The cup of tea" });
    await store.documents.put(at(["secrets"], "key"), { value: "The tea password" });
    await append(store, "acme", "s", [["Nora", "I drink tea."]]);
    expect(new Set(await find("tea"))).toEqual(new Set(["tea", "cup", ""]));
    expect(await find("oolong")).toEqual(["deep"]);
    const query = { text: "tea", in: ["documents"], namespaces: [["team"]] } as const;
    expect(await hitsOf(recall, query)).toMatchObject([{ text: "The cup of tea", source: { key: "cup" } }]);
    const where = { path: ["value", "title"], $eq: "Green tea" } as const;
    expect(texts(await recall.search("acme", { text: "steeping", where }))).toEqual([
      "Green tea\nsteep for two minutes",
    ]);
    await store.documents.put(at(["kb"], "tea"), { value: "Black coffee" });
    await store.documents.delete(at(["kb", "b"], "deep"));
    const stale = createRecall({
      store,
      index,
      policy: { documents: [["kb"]] },
      updateBeforeSearch: false,
    });
    expect(await hitsOf(stale, { text: "oolong steep" })).toEqual([]);
    expect(await find("coffee")).toEqual(["tea"]);
    expect(await index.lookup("acme", [["oolong"], ["password"]])).toEqual([[], []]);
    expect((await index.state("acme")).items).toBe(3);
  });

  it("are found by the text that a function gives, in pieces", async () => {
    const store = createMemoryStore();
    const text = (document: { readonly key: string; readonly value: unknown }): string | undefined =>
      document.key === "hidden" ? undefined : `${"Filler of words. ".repeat(300)}${String(document.value)}`;
    const policy = { documents: [["kb"]] };
    const recall = createRecall({ store, index: createSearchIndex(), policy, textOf: text });
    await store.documents.put(at(["kb"], "shown"), { value: "walrus" });
    await store.documents.put(at(["kb"], "hidden"), { value: "walrus" });
    const hits = await hitsOf(recall, { text: "walrus" });
    expect(hits.map(({ source }) => source.kind === "document" && source.key)).toEqual(["shown"]);
    expect(hits[0]?.text.length).toBeLessThan(3500);
    expect(hits[0]?.text).toContain("walrus");
  });
});

/** The same index, of which every call after so many fails, as if the process had died. */
function failingAfter(index: SearchIndex, calls: number): SearchIndex {
  let left = calls;
  return new Proxy(index, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return (...given: readonly unknown[]): unknown => {
        if (left-- <= 0) return Promise.reject(new Error("killed"));
        return Reflect.apply(method, target, given);
      };
    },
  });
}
