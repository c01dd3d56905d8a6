import type { Recall, RecallHit } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import { RelevoStore } from "../src/langgraph/index.ts";
import { textsAt } from "../src/langgraph/text-paths.ts";

it("a long item that a recall finds by several of its pieces comes once, with its best score", async () => {
  const hit = (key: string, score: number): RecallHit => ({
    text: key,
    score,
    at: 0,
    place: "documents",
    source: { kind: "document", namespace: ["langgraph", "a"], key, version: 1 },
    metadata: {},
  });
  const hits = [hit("long", 3), hit("short", 2), hit("long", 1)];
  const recall: Recall = { search: async () => ({ hits, missing: [] }) };
  const store = new RelevoStore({ store: createMemoryStore(), tenant: "acme", recall });
  for (const key of ["long", "short"]) await store.put(["a"], key, { key });
  const found = await store.search(["a"], { query: "x" });
  expect(found.map(({ key, score }) => [key, score])).toEqual([
    ["long", 3],
    ["short", 2],
  ]);
});

it("a read starts the lifetime of an item again when a tenth of it is over, and not before", async () => {
  const inner = createMemoryStore();
  let touches = 0;
  const documents = new Proxy(inner.documents, {
    get(target, name, receiver) {
      if (name === "touch") touches++;
      return Reflect.get(target, name, receiver);
    },
  });
  let now = Date.now();
  const clock = { now: () => now };
  const store = new RelevoStore({ store: { documents }, tenant: "acme", ttlMs: 1_000_000, clock });
  await store.put(["a"], "k", { text: "x" });
  await store.get(["a"], "k");
  await store.search(["a"]);
  expect(touches).toBe(0);
  now += 150_000;
  await store.get(["a"], "k");
  expect(touches).toBe(1);
});

it.each([
  ["title", ["T"]],
  ["chapters[*].content", ["one", "two"]],
  ["chapters[0].content", ["one"]],
  ["chapters[-1].content", ["two"]],
  ["chapters[7].content", []],
  ["meta", ['{"pages":3}']],
  ["meta.pages", ["3"]],
  ["meta.*", ["3"]],
  ["toString", []],
  ["nothing", []],
  ["$", ['{"title":"T","chapters":[{"content":"one"},{"content":"two"}],"meta":{"pages":3},"nothing":null}']],
])("the texts of a value at %s", (path, texts) => {
  const chapters = [{ content: "one" }, { content: "two" }];
  expect(textsAt({ title: "T", chapters, meta: { pages: 3 }, nothing: null }, path)).toEqual(texts);
});
