import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import type { Operation } from "@langchain/langgraph-checkpoint";
import type { BaseStoreCase } from "./base-store-harness.ts";
import { keysBelow, putAll, valueAt, valuesBelow } from "./base-store-items.ts";
import { offeredCases } from "./offered-cases.ts";

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
      equal(await valueAt(store, ["a:b"], "k"), { n: 1 });
      equal(await valueAt(store, ["a", "b"], "k"), { n: 2 });
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
        equal(await valueAt(store, ["x", name], name), { n });
        equal(await valuesBelow(store, ["x", name]), [{ n }]);
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
  ...offeredCases,
];
