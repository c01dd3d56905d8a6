import type { PGlite } from "@electric-sql/pglite";
import {
  allPages,
  type Document,
  defaultLimits,
  type FindOptions,
  MemoryError,
  type Store,
} from "@relevo/core";
import { compareUtf8, documentSortKey } from "@relevo/core/input";
import { admitFind, encodeCursor, findMatcher, matchesNamespace } from "@relevo/core/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore, migratePostgres } from "../src/index.ts";
import { createDice, type Dice } from "./documents-support.ts";
import { timeoutMs } from "./harness.ts";
import { openPglite } from "./pglite.ts";

const elements = ["a", "ab", "b", "a\u0001", "～", "😀", "*"];
const keys = ["1", "10", "2", "é", "\uffff", "😀", "a", "b", "\ufeffa"];
const colours = ["red", "green", "blue", "\ufeffred", `red${"!".repeat(130)}`, `red${"!".repeat(131)}`];

let pglite: PGlite;
let store: Store;
beforeAll(async () => {
  pglite = await openPglite();
  await migratePostgres({ pglite });
  store = createPostgresStore({ pglite, timeoutMs });
});
afterAll(async () => {
  await store.close();
  await pglite.close();
});

const namespaceOf = ({ below, pick }: Dice): string[] =>
  Array.from({ length: 1 + below(3) }, () => pick(elements));
const tagsOf = ({ below }: Dice): string[] => colours.filter(() => below(4) === 0);

function findOptionsOf(dice: Dice, documents: readonly Document[]): FindOptions {
  const { below, pick } = dice;
  const written = documents.length === 0 ? 0 : pick(documents).updatedAt;
  return {
    ...(below(4) === 0 ? { namespace: namespaceOf(dice) } : {}),
    ...(below(3) === 0 ? { namespacePrefix: namespaceOf(dice).slice(0, 1) } : {}),
    ...(below(2) === 0 ? { tags: { any: tagsOf(dice), all: tagsOf(dice).slice(0, 2) } } : {}),
    ...(below(5) === 0 ? { keyAfter: pick(keys) } : {}),
    ...(below(5) === 0 ? { keyBefore: pick(keys) } : {}),
    ...(below(3) === 0 ? { updatedSince: written + below(3) - 1 } : {}),
    ...(below(3) === 0 ? { where: { path: ["value", "turn"], $lt: below(300) } as const } : {}),
    ...(below(4) === 0 ? { text: `Turn ${below(30)}` } : {}),
    direction: pick(["forward", "backward"] as const),
    limit: 1 + below(5),
  };
}

async function collect<Item>(
  list: (page: { readonly cursor?: string | undefined }) => Promise<{ readonly items: readonly Item[] }>,
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of allPages(list)) items.push(item);
  return items;
}

describe.each([1, 2, 3])("documents agree with a map and the reference filter, seed %i", (seed) => {
  it("through puts, deletes and finds, page by page in both directions", async () => {
    const dice = createDice(seed);
    const { below, pick } = dice;
    const tenant = `model ${seed}`;
    const session = seed === 3 ? { session: "s" } : {};
    const scope = { tenant, ...session };
    const model = new Map<string, Document>();
    const newest = new Map<string, number>();
    for (let turn = 0; turn < 200; turn++) {
      const address = { ...scope, namespace: namespaceOf(dice), key: pick(keys) };
      const place = documentSortKey(address.namespace, address.key);
      if (below(5) === 0) {
        expect(await store.documents.delete(address)).toBe(model.delete(place));
      } else {
        const input = { value: { turn, text: `TURN ${turn}` }, tags: tagsOf(dice), metadata: { seed } };
        const expectedVersion = model.get(place)?.version ?? 0;
        const document = await store.documents.put(address, input, below(2) === 0 ? { expectedVersion } : {});
        expect(document.version).toBeGreaterThan(newest.get(place) ?? 0);
        expect(await store.documents.get(address)).toEqual(document);
        newest.set(place, document.version);
        model.set(place, document);
      }
      const places = [...model.keys()].sort(compareUtf8);
      const documents = places.map((one) => model.get(one) as Document);
      const options = findOptionsOf(dice, documents);
      if (options.direction === "backward") documents.reverse();
      const request = admitFind(scope, options, defaultLimits);
      const found = await collect((page) => store.documents.find(scope, { ...options, ...page }));
      expect({ options, found }).toEqual({
        options,
        found: documents.filter(findMatcher(request)),
      });
    }

    const namespaces = [...model.values()].map(({ namespace }) => namespace);
    for (let turn = 0; turn < 20; turn++) {
      const [prefix, suffix] = [namespaceOf(dice).slice(0, below(3)), namespaceOf(dice).slice(0, below(2))];
      const maxDepth = 1 + below(3);
      const listed = await collect((page) =>
        store.documents.namespaces(scope, { prefix, suffix, maxDepth, limit: 1 + below(4), ...page }),
      );
      const expected = namespaces
        .filter((one) => matchesNamespace(one, prefix, suffix))
        .map((one) => documentSortKey(one.slice(0, maxDepth), "k"));
      expect(listed.map((one) => documentSortKey(one, "k"))).toEqual(
        [...new Set(expected)].sort(compareUtf8),
      );
    }
  });
});

describe("cursors that nobody was given", () => {
  it("only name a place: outside of what is asked they show nothing that it would not", async () => {
    const tenant = "cursors";
    for (const namespace of [["a"], ["b"], ["c"]])
      await store.documents.put({ tenant, namespace, key: "k" }, { value: 1 });
    const before = encodeCursor("documents", [["a"], "k"]);
    const behind = encodeCursor("documents", [["c"], "k"]);
    const find = async (cursor: string, direction: "forward" | "backward"): Promise<number> =>
      (await store.documents.find({ tenant }, { namespacePrefix: ["b"], cursor, direction })).items.length;
    expect(await find(before, "forward")).toBe(1);
    expect(await find(behind, "forward")).toBe(0);
    expect(await find(behind, "backward")).toBe(1);
    expect(await find(before, "backward")).toBe(0);
    const deep = encodeCursor("namespaces", [["b", "x", "y"]]);
    const page = await store.documents.namespaces({ tenant }, { cursor: deep, maxDepth: 1 });
    expect(page.items).toEqual([["c"]]);
  });
});

describe("versions", () => {
  it("grow across removal although nothing is kept and the clock stands behind", async () => {
    const tenant = "versions";
    const ahead = Date.now() * 1000 + 3_600_000_000;
    for (const session of [undefined, "s"]) {
      const address = { tenant, namespace: ["n"], key: "k", ...(session === undefined ? {} : { session }) };
      await store.documents.put(address, { value: 1 });
      // As though the server's clock had been an hour ahead when it was written.
      await pglite.query("update relevo.documents set version = $1 where tenant = $2", [ahead, tenant]);
      await pglite.query("update relevo.sessions set document_version = $1 where tenant = $2", [
        ahead,
        tenant,
      ]);
      await store.documents.delete(address);
      const again = await store.documents.put(address, { value: 2 }, { expectedVersion: 0 });
      expect(again.version).toBeGreaterThan(ahead);
    }
    const { rows } = await pglite.query("select key from relevo.documents where tenant = $1", [tenant]);
    expect(rows).toHaveLength(2);
  });
});

describe("large batches and values", () => {
  it("are stored and read whole, found and filtered like small ones", async () => {
    const scope = { tenant: "large" };
    const text = "x".repeat(50_000);
    await store.documents.putMany(
      Array.from({ length: 300 }, (_, index) => ({
        address: { ...scope, namespace: ["n"], key: `k${String(index).padStart(3, "0")}` },
        value: { index, text: index % 100 === 0 ? `${text}Needle` : "short" },
      })),
    );
    const found = await store.documents.find(scope, { text: "needle" });
    expect(found.items.map(({ key }) => key)).toEqual(["k000", "k100", "k200"]);
    const where = { path: ["value", "text"], $contains: "Needle" } as const;
    const same = await store.documents.find(scope, { where, direction: "backward", limit: 2 });
    expect(same.items.map(({ key }) => key)).toEqual(["k200", "k100"]);
  });

  it("find goes on behind all it looked at, and ends", async () => {
    const scope = { tenant: "pages" };
    for (let batch = 0; batch < 10; batch++) {
      await store.documents.putMany(
        Array.from({ length: 1000 }, (_, index) => ({
          address: { ...scope, namespace: ["n"], key: `k${batch}${String(index).padStart(4, "0")}` },
          value: { batch, index },
          tags: ["all", index === 999 ? "last" : "other"],
        })),
      );
    }
    const where = { path: ["value", "index"], $eq: 999 } as const;
    const asked: FindOptions[] = [
      { where },
      { where, direction: "backward" },
      { where, tags: { any: ["all", "nothing"] } },
      { where, updatedSince: 0 },
      { tags: { all: ["all", "last"] } },
    ];
    for (const options of asked) {
      const pages: number[] = [];
      const found = await collect(async (page) => {
        const one = await store.documents.find(scope, { limit: 1000, ...options, ...page });
        pages.push(one.items.length);
        return one;
      });
      expect(found.map(({ value }) => (value as { batch: number }).batch).sort()).toEqual([
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
      ]);
      // 10,000 documents at 5,000 a call, unless an index led to those that match.
      expect(pages.length).toBe(options.where === undefined ? 1 : 3);
    }
  });
});

describe("two writers at once", () => {
  it("make one document together, and the one that expects none is refused", async () => {
    const other = createPostgresStore({ pglite, timeoutMs });
    for (let round = 0; round < 10; round++) {
      const address = { tenant: "race", namespace: ["n"], key: `k${round}` };
      const results = await Promise.allSettled(
        [store, other, store].map((one) =>
          one.documents.put(address, { value: 1, tags: ["t"] }, { expectedVersion: 0 }),
        ),
      );
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      for (const result of results)
        if (result.status === "rejected")
          expect(MemoryError.isInstance(result.reason, "conflict")).toBe(true);
    }
    const { items } = await store.documents.find({ tenant: "race" }, { tags: { any: ["t"] } });
    expect(items).toHaveLength(10);
    await other.close();
  });
});
