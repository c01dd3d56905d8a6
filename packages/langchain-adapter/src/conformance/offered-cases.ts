import { deepStrictEqual as equal, ok } from "node:assert/strict";
import type { BaseStoreCase } from "./base-store-harness.ts";
import { keysBelow, putAll } from "./base-store-items.ts";

/** Cases that need more of a harness than a new store. */
export const offeredCases: readonly BaseStoreCase[] = [
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
