import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import type { BaseStore, Operation } from "@langchain/langgraph-checkpoint";
import type { BaseStoreCase } from "./base-store-harness.ts";

/** Past the checks of `BaseStore.put`, which refuses names that a database may hold. */
async function putAll(
  store: BaseStore,
  items: readonly (readonly [namespace: string[], key: string, value: Record<string, unknown>])[],
): Promise<void> {
  await store.batch(items.map(([namespace, key, value]): Operation => ({ namespace, key, value })));
}

async function keysBelow(
  store: BaseStore,
  prefix: string[],
  filter?: Record<string, unknown>,
): Promise<string[]> {
  const found = await store.search(prefix, { limit: 100, ...(filter === undefined ? {} : { filter }) });
  return found.map(({ key }) => key).sort();
}

const hostile = [
  "a/b",
  "a%",
  "a_",
  "a*",
  "a:b",
  "a\\",
  "ä",
  "日本",
  "😀",
  " ",
  "[x]",
  "{x}",
  "constructor",
  "__proto__",
];

/** What any `BaseStore` has to do, whatever it is made of. */
export const baseStoreCases: readonly BaseStoreCase[] = [
  {
    name: "an item that was never put is null",
    async run({ create }) {
      const store = await create();
      equal(await store.get(["a"], "k"), null);
      equal(await store.search(["a"]), []);
    },
  },
  {
    name: "an item comes back with its value, place and times",
    async run({ create }) {
      const store = await create();
      await store.put(["a", "b"], "k", { text: "x", list: [1, { deep: null }], no: false });
      const item = await store.get(["a", "b"], "k");
      equal(item?.value, { text: "x", list: [1, { deep: null }], no: false });
      equal([item?.namespace, item?.key], [["a", "b"], "k"]);
      ok(item?.createdAt instanceof Date && item.updatedAt instanceof Date);
    },
  },
  {
    name: "a second put replaces the whole value and keeps the time of creation",
    async run({ create }) {
      const store = await create();
      await store.put(["a"], "k", { one: 1 });
      const first = await store.get(["a"], "k");
      const createdAt = first?.createdAt.getTime();
      await store.put(["a"], "k", { two: 2 });
      const second = await store.get(["a"], "k");
      equal(second?.value, { two: 2 });
      equal(second?.createdAt.getTime(), createdAt);
      ok((second?.updatedAt.getTime() ?? 0) >= (createdAt ?? 0));
    },
  },
  {
    name: "what a caller changes after a put or a read changes nothing stored",
    async run({ create }) {
      const store = await create();
      const value = { list: [1] };
      await store.put(["a"], "k", value);
      value.list.push(2);
      equal((await store.get(["a"], "k"))?.value, { list: [1] });
      const item = await store.get(["a"], "k");
      item?.value.list.push(3);
      const [found] = await store.search(["a"]);
      found?.value.list.push(4);
      equal((await store.get(["a"], "k"))?.value, { list: [1] });
    },
  },
  {
    name: "null and delete remove an item, also one that is not there",
    async run({ create }) {
      const store = await create();
      await putAll(store, [
        [["a"], "k", { n: 1 }],
        [["a"], "l", { n: 2 }],
      ]);
      await store.batch([{ namespace: ["a"], key: "k", value: null }]);
      await store.delete(["a"], "l");
      await store.delete(["a"], "never");
      equal(await store.get(["a"], "k"), null);
      equal(await store.search(["a"]), []);
    },
  },
  {
    name: "a namespace without items is not listed",
    async run({ create }) {
      const store = await create();
      await putAll(store, [
        [["a"], "k", { n: 1 }],
        [["b"], "k", { n: 1 }],
      ]);
      await store.delete(["a"], "k");
      equal(await store.listNamespaces(), [["b"]]);
    },
  },
  {
    name: "a prefix matches whole elements of a namespace",
    async run({ create }) {
      const store = await create();
      await putAll(store, [
        [["user", "1"], "one", {}],
        [["user", "10"], "ten", {}],
        [["user", "1", "notes"], "note", {}],
        [["users"], "all", {}],
      ]);
      equal(await keysBelow(store, ["user", "1"]), ["note", "one"]);
      equal(await keysBelow(store, ["user"]), ["note", "one", "ten"]);
      equal(await keysBelow(store, []), ["all", "note", "one", "ten"]);
    },
  },
  {
    name: "namespaces and keys are never joined: a:b is not a, b",
    async run({ create }) {
      const store = await create();
      await putAll(store, [
        [["a:b"], "k", { n: 1 }],
        [["a", "b"], "k", { n: 2 }],
        [["a"], "b:k", { n: 3 }],
      ]);
      equal((await store.get(["a:b"], "k"))?.value, { n: 1 });
      equal((await store.get(["a", "b"], "k"))?.value, { n: 2 });
      equal((await store.listNamespaces()).length, 3);
    },
  },
  {
    name: "names may hold any character",
    async run({ create }) {
      const store = await create();
      await putAll(
        store,
        hostile.map((name, n) => [["x", name], name, { n }]),
      );
      for (const [n, name] of hostile.entries()) {
        equal((await store.get(["x", name], name))?.value, { n });
        equal(
          (await store.search(["x", name])).map(({ value }) => value),
          [{ n }],
        );
      }
      equal(Object.keys({}), []);
    },
  },
  {
    name: "a search returns 10 items unless told otherwise, and pages return each item once",
    async run({ create }) {
      const store = await create();
      const keys = Array.from({ length: 25 }, (_, n) => `k${String(n).padStart(2, "0")}`);
      await putAll(
        store,
        keys.map((key) => [["a"], key, { key }]),
      );
      equal((await store.search(["a"])).length, 10);
      const paged: string[] = [];
      for (let offset = 0; offset < 30; offset += 7)
        for (const { key } of await store.search(["a"], { limit: 7, offset })) paged.push(key);
      equal(paged.toSorted(), keys);
      equal(await store.search(["a"], { offset: 25 }), []);
    },
  },
  {
    name: "a filter compares fields with values and operators",
    async run({ create }) {
      const store = await create();
      await putAll(store, [
        [["a"], "one", { n: 1, tag: "x", on: true }],
        [["a"], "two", { n: 2, tag: "y", on: false }],
        [["a"], "three", { n: 3, tag: "x" }],
      ]);
      const expected: readonly (readonly [Record<string, unknown>, string[]])[] = [
        [{ tag: "x" }, ["one", "three"]],
        [{ tag: "x", n: 1 }, ["one"]],
        [{ on: false }, ["two"]],
        [{ n: { $eq: 2 } }, ["two"]],
        [{ n: { $ne: 2 } }, ["one", "three"]],
        [{ n: { $gt: 1 } }, ["three", "two"]],
        [{ n: { $gte: 2, $lt: 3 } }, ["two"]],
        [{ n: { $lte: 1 } }, ["one"]],
        [{ tag: { $in: ["y", "z"] } }, ["two"]],
        [{ tag: { $nin: ["y", "z"] } }, ["one", "three"]],
        [{}, ["one", "three", "two"]],
      ];
      for (const [filter, keys] of expected) equal(await keysBelow(store, ["a"], filter), keys);
    },
  },
  {
    name: "a filter says whether a field exists",
    async run({ create }) {
      const store = await create();
      await putAll(store, [
        [["a"], "with", { n: null }],
        [["a"], "without", {}],
      ]);
      equal(await keysBelow(store, ["a"], { n: { $exists: true } }), ["with"]);
      equal(await keysBelow(store, ["a"], { n: { $exists: false } }), ["without"]);
    },
  },
  {
    name: "a filter compares objects and arrays by what they hold",
    async run({ create }) {
      const store = await create();
      await putAll(store, [
        [["a"], "k", { place: { city: "Bilbao", zip: [4, 8] } }],
        [["a"], "l", { place: { city: "Vigo" } }],
      ]);
      equal(await keysBelow(store, ["a"], { place: { zip: [4, 8], city: "Bilbao" } }), ["k"]);
    },
  },
  {
    name: "a filter orders numbers with numbers, and texts with texts",
    async run({ create }) {
      const store = await create();
      await putAll(store, [
        [["a"], "number", { n: 5 }],
        [["a"], "text", { n: "5" }],
        [["a"], "name", { n: "b" }],
        [["a"], "none", { n: null }],
      ]);
      equal(await keysBelow(store, ["a"], { n: { $gte: 0 } }), ["number"]);
      equal(await keysBelow(store, ["a"], { n: { $gt: "a" } }), ["name"]);
    },
  },
  {
    name: "a filter with an unknown operator is refused",
    async run({ create }) {
      const store = await create();
      await putAll(store, [[["a"], "k", { n: 1 }]]);
      await rejects(store.search(["a"], { filter: { n: { $regex: "1" } } }));
    },
  },
  {
    name: "a batch answers in the order of its operations, and reads see what was there before it",
    async run({ create }) {
      const store = await create();
      await store.put(["a"], "k", { n: 1 });
      const [before, , found, , spaces] = await store.batch([
        { namespace: ["a"], key: "k" },
        { namespace: ["a"], key: "k", value: { n: 2 } },
        { namespacePrefix: ["a"], limit: 10 },
        { namespace: ["b"], key: "new", value: { n: 3 } },
        { matchConditions: [{ matchType: "prefix", path: [] }], limit: 10, offset: 0 },
      ] as [Operation, Operation, { namespacePrefix: string[]; limit: number }, Operation, Operation]);
      equal((before as { value: unknown } | null)?.value, { n: 1 });
      equal(
        found.map(({ value }) => value),
        [{ n: 1 }],
      );
      equal(spaces, [["a"]]);
      equal((await store.get(["a"], "k"))?.value, { n: 2 });
      equal((await store.get(["b"], "new"))?.value, { n: 3 });
    },
  },
  {
    name: "of several writes to one key in a batch the last counts",
    async run({ create }) {
      const store = await create();
      await store.batch([
        { namespace: ["a"], key: "k", value: { n: 1 } },
        { namespace: ["a"], key: "k", value: { n: 2 } },
        { namespace: ["a"], key: "gone", value: { n: 1 } },
        { namespace: ["a"], key: "gone", value: null },
      ]);
      equal(
        (await store.search(["a"])).map(({ key, value }) => [key, value]),
        [["k", { n: 2 }]],
      );
    },
  },
  {
    name: "a batch with a value that is no JSON is refused, and nothing of it is stored",
    async run({ create }) {
      const store = await create();
      const bad = { n: 1n } as unknown as Record<string, unknown>;
      await rejects(
        store.batch([
          { namespace: ["a"], key: "k", value: { n: 1 } },
          { namespace: ["a"], key: "l", value: bad },
        ]),
      );
      equal(await store.search(["a"]), []);
    },
  },
  {
    name: "a batch with a namespace without elements is refused",
    async run({ create }) {
      const store = await create();
      await rejects(store.batch([{ namespace: [], key: "k", value: { n: 1 } }]));
    },
  },
  {
    name: "batches at the same time lose nothing",
    async run({ create }) {
      const store = await create();
      const writers = Array.from({ length: 20 }, (_, writer) =>
        putAll(
          store,
          Array.from({ length: 5 }, (_, n) => [["a", `w${writer}`], `k${n}`, { writer, n }]),
        ),
      );
      await Promise.all(writers);
      equal((await store.search(["a"], { limit: 200 })).length, 100);
    },
  },
  {
    name: "namespaces are listed by prefix, suffix and depth, each once and in order",
    async run({ create }) {
      const store = await create();
      await putAll(
        store,
        [["b", "x", "v1"], ["a", "x", "v1"], ["a", "y", "v2"], ["a", "y", "v1"], ["c"]].map((namespace) => [
          namespace,
          "k",
          {},
        ]),
      );
      equal(await store.listNamespaces({ prefix: ["a"] }), [
        ["a", "x", "v1"],
        ["a", "y", "v1"],
        ["a", "y", "v2"],
      ]);
      equal(await store.listNamespaces({ suffix: ["v1"] }), [
        ["a", "x", "v1"],
        ["a", "y", "v1"],
        ["b", "x", "v1"],
      ]);
      equal(await store.listNamespaces({ prefix: ["*", "y"] }), [
        ["a", "y", "v1"],
        ["a", "y", "v2"],
      ]);
      equal(await store.listNamespaces({ prefix: ["a"], suffix: ["*", "v1"] }), [
        ["a", "x", "v1"],
        ["a", "y", "v1"],
      ]);
      equal(await store.listNamespaces({ maxDepth: 1 }), [["a"], ["b"], ["c"]]);
      equal(await store.listNamespaces({ maxDepth: 2, limit: 2, offset: 1 }), [
        ["a", "y"],
        ["b", "x"],
      ]);
      equal(await store.listNamespaces({ prefix: ["a", "x", "v1", "deeper"] }), []);
    },
  },
  {
    name: "a second handle sees what the first one wrote",
    async run({ createPair }) {
      if (createPair === undefined) return false;
      const [one, other] = await createPair();
      await one.put(["a"], "k", { n: 1 });
      equal((await other.get(["a"], "k"))?.value, { n: 1 });
      await Promise.all(
        [one, other].flatMap((store, who) =>
          Array.from({ length: 10 }, (_, n) => store.put(["b"], `${who}-${n}`, { n })),
        ),
      );
      equal((await one.search(["b"], { limit: 100 })).length, 20);
      await other.delete(["a"], "k");
      equal(await one.get(["a"], "k"), null);
    },
  },
  {
    name: "nothing of one tenant is found by another",
    async run({ createTenants }) {
      if (createTenants === undefined) return false;
      const [one, other] = await createTenants();
      await one.put(["a"], "k", { secret: 1 });
      equal(await other.get(["a"], "k"), null);
      equal(await other.search([]), []);
      equal(await other.listNamespaces(), []);
      await other.put(["a"], "k", { other: 1 });
      await other.delete(["a"], "k");
      equal((await one.get(["a"], "k"))?.value, { secret: 1 });
    },
  },
  {
    name: "an item expires after its lifetime, which a read starts anew",
    async run({ createExpiring }) {
      if (createExpiring === undefined) return false;
      const { store, advance } = await createExpiring(10_000);
      await putAll(store, [
        [["a"], "read", { n: 1 }],
        [["a"], "left", { n: 2 }],
        [["b"], "found", { n: 3 }],
      ]);
      await advance(7_000);
      ok((await store.get(["a"], "read")) !== null);
      equal((await store.search(["b"])).length, 1);
      await advance(7_000);
      ok((await store.get(["a"], "read")) !== null);
      equal((await store.search(["b"])).length, 1);
      equal(await store.get(["a"], "left"), null);
      equal(await keysBelow(store, ["a"]), ["read"]);
      await advance(20_000);
      equal(await store.search([]), []);
      equal(await store.listNamespaces(), []);
    },
  },
  {
    name: "a query ranks items by what is indexed, within prefix and filter",
    async run({ createSearchable }) {
      if (createSearchable === undefined) return false;
      const store = await createSearchable();
      await store.put(["a", "1"], "dog", { title: "Our dog", note: "Canelo barks at night", kind: "pet" });
      await store.put(["a", "1"], "car", { title: "Our car", note: "The battery is new", kind: "thing" });
      await store.put(["a", "10"], "other", { title: "A dog of somebody else", kind: "pet" });
      const found = await store.search(["a", "1"], { query: "dog Canelo" });
      equal(found[0]?.key, "dog");
      ok(typeof found[0]?.score === "number");
      ok(found.every(({ key }) => key !== "other"));
      const filtered = await store.search(["a", "1"], { query: "our dog", filter: { kind: "thing" } });
      ok(filtered.every(({ key }) => key === "car"));
    },
  },
  {
    name: "an item says by which of its fields it is found, or that it is not",
    async run({ createSearchable }) {
      if (createSearchable === undefined) return false;
      const store = await createSearchable();
      await store.put(["a"], "title", { title: "umbrella", note: "saxophone" }, ["title"]);
      await store.put(["a"], "never", { title: "umbrella saxophone" }, false);
      await store.put(["a"], "nested", { chapters: [{ text: "umbrella" }, { text: "marmalade" }] }, [
        "chapters[*].text",
      ]);
      const scored = async (query: string): Promise<string[]> =>
        (await store.search(["a"], { query }))
          .flatMap(({ key, score }) => (score === undefined ? [] : [key]))
          .sort();
      equal(await scored("marmalade"), ["nested"]);
      equal(await scored("umbrella"), ["nested", "title"]);
      equal(await scored("saxophone"), []);
    },
  },
  {
    name: "a deleted or replaced item is not found by its old words",
    async run({ createSearchable }) {
      if (createSearchable === undefined) return false;
      const store = await createSearchable();
      await store.put(["a"], "gone", { text: "umbrella" });
      await store.put(["a"], "changed", { text: "umbrella" });
      await store.search(["a"], { query: "umbrella" });
      await store.delete(["a"], "gone");
      await store.put(["a"], "changed", { text: "marmalade" });
      const found = await store.search(["a"], { query: "umbrella" });
      equal(
        found
          .filter(({ score }) => (score ?? 0) > 0)
          .map(({ value }) => value.text)
          .filter((text) => text === "umbrella"),
        [],
      );
    },
  },
];
