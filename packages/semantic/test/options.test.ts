import { optionProblems } from "@relevo/store-conformance";
import { createMemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import * as semantic from "../src/index.ts";

const { createRecall, createSearchIndex } = semantic;

it("an option that nobody knows is refused by every call", async () => {
  const store = createMemoryStore();
  const index = createSearchIndex();
  const recall = createRecall({ store, index });
  const stream = { kind: "session", session: "s", incarnation: "i" } as const;
  const http = { baseUrl: "http://localhost/v1", model: "m", dimensions: 2 };
  const embedder = semantic.createHashingEmbedder();
  const cached = semantic.createCachedEmbedder(embedder);
  const local = semantic.createTransformersEmbedder();
  const remote = semantic.createHttpEmbedder(http);
  const writer = { name: "none", write: async () => [] };
  const prompted = { name: "none", complete: async () => "[]" };
  const facts = semantic.createFacts({ store, writer });
  const problems = await optionProblems(
    { semantic, facts, recall, index, embedder, cached, local, remote },
    {
      "semantic.createHttpEmbedder": (o) => semantic.createHttpEmbedder({ ...http, ...o }),
      "semantic.createTransformersEmbedder": (o) => semantic.createTransformersEmbedder({ ...(o as object) }),
      "semantic.createHashingEmbedder": (o) => semantic.createHashingEmbedder({ ...(o as object) }),
      "semantic.createCachedEmbedder": (o) => semantic.createCachedEmbedder(embedder, { ...(o as object) }),
      "embedder.embed": (o) => embedder.embed([], o),
      "cached.embed": (o) => cached.embed([], o),
      "local.embed": (o) => local.embed([], o),
      "remote.embed": (o) => remote.embed([], o),
      "semantic.createRecall": (o) => createRecall({ store, index, ...o }),
      policy: (o) => createRecall({ store, index, policy: { ...(o as object) } }),
      "semantic.createFacts": (o) => semantic.createFacts({ store, writer, ...o }),
      "semantic.createPromptedFactWriter": (o) => semantic.createPromptedFactWriter({ ...prompted, ...o }),
      "facts.write": (o) => facts.write("t", "s", { ...(o as object) }),
      "facts.update": (o) => facts.update("t", { ...(o as object) }),
      recency: (o) => recall.search("t", { text: "x", recency: { weight: 1, ...o } }),
      "recall.reindex": (o) => recall.reindex("t", o),
      "recall.search": (o) => recall.search("t", { text: "x", ...o }),
      "recall.update": (o) => recall.update("t", o),
      "recall.remove": (o) => recall.remove("t", { all: true }, o),
      "index.write": (o) => index.write("t", { stream, revision: 0, items: [] }, o),
      change: (o) => index.write("t", { stream, revision: 0, items: [], ...o }),
      item: (o) =>
        index.write("t", { stream, revision: 0, items: [{ position: 1, terms: [], at: 0, marks: 0, ...o }] }),
      "index.remove": (o) => index.remove("t", { all: true }, o),
      selector: (o) => index.remove("t", { all: true, ...o }),
      "index.streams": (o) => index.streams("t", { all: true }, o),
      "index.state": (o) => index.state("t", o),
      "index.mark": (o) => index.mark("t", 1, o),
      "index.lookup": (o) => index.lookup("t", [], o),
      "index.read": (o) => index.read("t", { terms: [] }, () => 1, o),
      request: (o) => index.read("t", { terms: [], ...o }, () => 1),
      filter: (o) => index.read("t", { terms: [], filter: o as object }, () => 1),
    },
    ["semantic.createSearchIndex", "index.snapshot", "index.restore", "cached.clear"],
  );
  expect(problems).toEqual([]);
});

it("bad input is refused with the name of its field, and nothing is written", async () => {
  const index = createSearchIndex();
  const stream = { kind: "session", session: "s", incarnation: "i" } as const;
  const item = { position: 1, terms: [["a", 1, 0]], at: 0, marks: 0 } as const;
  const bad: readonly (readonly [unknown, string])[] = [
    [{ ...item, position: Number.NaN }, "change.items[0].position"],
    [{ ...item, position: 9 }, "change.items[0].position"],
    [{ ...item, at: undefined }, "change.items[0].at"],
    [{ ...item, marks: -1 }, "change.items[0].marks"],
    [{ ...item, terms: [["a", 0, 0]] }, "change.items[0].terms[0]"],
    [{ ...item, terms: [["", 1, 0]] }, "change.items[0].terms[0][0]"],
    [{ ...item, terms: [["a", 256, 0]] }, "change.items[0].terms[0][1]"],
    [{ ...item, terms: [...item.terms, ...item.terms] }, "change.items[0].terms[1]"],
    [{ ...item, times: [2, 1] }, "change.items[0].times[0]"],
    [{ ...item, times: [1] }, "change.items[0].times"],
    [{ ...item, vector: [0, 0] }, "change.items[0].vector"],
    [{ ...item, vector: [Number.NaN] }, "change.items[0].vector[0]"],
    [{ ...item, speaker: "" }, "change.items[0].speaker"],
  ];
  for (const [one, field] of bad) {
    const change = { stream, revision: 0, after: 0, through: 5, items: [one, { ...item, position: 2 }] };
    await expect(index.write("t", change as never)).rejects.toMatchObject({
      code: "invalid-input",
      details: { field },
    });
  }
  const twice = { stream, revision: 0, items: [item, item] } as const;
  await expect(index.write("t", twice)).rejects.toThrow("is there twice");
  await index.write("t", { stream, revision: 0, items: [{ ...item, vector: [1, 2] }] });
  const other = {
    stream,
    revision: 0,
    after: 1,
    items: [{ ...item, position: 2, vector: [1, 2, 3] }],
  } as const;
  await expect(index.write("t", other)).rejects.toThrow("has 3 dimensions, and the index 2");
  expect((await index.state("t")).items).toBe(1);
});

it("an embedder and a reranker that are none are refused", () => {
  const store = createMemoryStore();
  const index = createSearchIndex();
  const embedder = { model: "m", dimensions: 0, embed: async () => [] };
  for (const bad of [{ embedder: {} }, { embedder }, { reranker: {} }, { embedTimeoutMs: 0 }])
    expect(() => createRecall({ store, index, ...bad } as never)).toThrow(`options.${Object.keys(bad)[0]}`);
});

it("a query is refused with the field that is wrong", async () => {
  const recall = createRecall({ store: createMemoryStore(), index: createSearchIndex() });
  const bad: readonly (readonly [object, string])[] = [
    [{ text: 5 }, "query.text"],
    [{ text: "x", limit: 0 }, "query.limit"],
    [{ text: "x", sessions: undefined }, "query.sessions"],
    [{ text: "x", sessions: [1] }, "query.sessions[0]"],
    [{ text: "x", in: ["pictures"] }, "query.in[0]"],
    [{ text: "x", since: 1.5 }, "query.since"],
    [{ text: "x", neighbours: 21 }, "query.neighbours"],
    [{ text: "x", importance: -1 }, "query.importance"],
    [{ text: "x", recency: { weight: Number.NaN } }, "query.recency.weight"],
    [{ text: "x", recency: { weight: 1, halfLifeMs: 0 } }, "query.recency.halfLifeMs"],
    [{ text: "x", explain: "yes" }, "query.explain"],
    [{ text: "x", namespaces: [[5]] }, "query.namespaces[0][0]"],
    [{ text: "x", where: { path: ["value"] } }, "query.where"],
  ];
  for (const [query, field] of bad)
    await expect(recall.search("t", query as never)).rejects.toMatchObject({ details: { field } });
  const signal = AbortSignal.abort();
  await expect(recall.search("t", { text: "x", signal })).rejects.toMatchObject({ code: "aborted" });
});
