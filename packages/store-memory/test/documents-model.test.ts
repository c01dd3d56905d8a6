import { allPages, type Document, type FindOptions } from "@relevo/core";
import { compareUtf8, documentSortKey } from "@relevo/core/input";
import { encodeCursor } from "@relevo/core/store";
import { describe, expect, it } from "vitest";
import { at, failure, open, says, seeded, tenant } from "./support.ts";

const elements = ["a", "ab", "b", "a\u0001", "\uff5e", "😀", "*"];
const keys = ["1", "10", "2", "é", "\uffff", "😀", "a", "b"];

function selects(document: Document, options: FindOptions): boolean {
  const { namespace, namespacePrefix = [], tags = {}, keyAfter, keyBefore, updatedSince = 0 } = options;
  const has = (tag: string): boolean => document.tags.includes(tag);
  return (
    (namespace === undefined || JSON.stringify(namespace) === JSON.stringify(document.namespace)) &&
    namespacePrefix.every((element, index) => document.namespace[index] === element) &&
    (tags.all ?? []).every(has) &&
    (tags.any === undefined || tags.any.length === 0 || tags.any.some(has)) &&
    (keyAfter === undefined || compareUtf8(document.key, keyAfter) > 0) &&
    (keyBefore === undefined || compareUtf8(document.key, keyBefore) < 0) &&
    document.updatedAt >= updatedSince
  );
}

describe.each([1, 2, 3, 4])("find agrees with a filter over all documents, seed %i", (seed) => {
  it("through puts, deletes and expiry, page by page in both directions", async () => {
    const random = seeded(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item;
    const { store, clock } = open();
    const model = new Map<string, Document>();
    const namespace = (): string[] => Array.from({ length: 1 + below(3) }, () => pick(elements));
    const tags = (): string[] => ["red", "green", "blue"].filter(() => below(3) === 0);

    for (let turn = 0; turn < 200; turn++) {
      clock.advance(below(5) - 1);
      const address = { tenant, namespace: namespace(), key: pick(keys) };
      const place = documentSortKey(address.namespace, address.key);
      if (below(5) === 0) {
        expect(await store.documents.delete(address)).toBe(model.delete(place));
      } else {
        const ttlMs = below(10) === 0 ? { ttlMs: 1 } : {};
        const document = await store.documents.put(address, { value: turn, tags: tags(), ...ttlMs });
        if (document.expiresAt === undefined) model.set(place, document);
        else {
          model.delete(place);
          clock.advance(1);
          expect(await store.documents.get(address)).toBeUndefined();
        }
      }
      const options: FindOptions = {
        ...(below(4) === 0 ? { namespace: namespace() } : {}),
        ...(below(3) === 0 ? { namespacePrefix: namespace().slice(0, 1) } : {}),
        ...(below(3) === 0 ? { tags: { any: tags(), all: tags() } } : {}),
        ...(below(5) === 0 ? { keyAfter: pick(keys) } : {}),
        ...(below(5) === 0 ? { keyBefore: pick(keys) } : {}),
        ...(below(3) === 0 ? { updatedSince: clock.now() - below(40) } : {}),
        direction: pick(["forward", "backward"] as const),
        limit: 1 + below(5),
      };
      const found: Document[] = [];
      for await (const document of allPages((cursor) =>
        store.documents.find({ tenant }, { ...options, ...cursor }),
      )) {
        found.push(document);
      }
      const places = [...model.keys()].sort(compareUtf8);
      if (options.direction === "backward") places.reverse();
      const expected = places.map((one) => model.get(one) as Document).filter((one) => selects(one, options));
      expect({ options, found }).toEqual({ options, found: expected });
    }

    const all = [...new Set([...model.values()].map((one) => JSON.stringify(one.namespace)))];
    const listed: string[] = [];
    for await (const one of allPages((cursor) =>
      store.documents.namespaces({ tenant }, { limit: 3, ...cursor }),
    )) {
      listed.push(JSON.stringify(one));
    }
    expect([...listed].sort()).toEqual(all.sort());
    const cut = await store.documents.namespaces({ tenant }, { maxDepth: 1, limit: 1000 });
    expect(cut.items.map(([first]) => first)).toEqual(
      [...new Set([...model.values()].map((one) => one.namespace[0] as string))].sort(compareUtf8),
    );
  });
});

describe("forged cursors", () => {
  it.each(["", "x", "bm90IGpzb24", Buffer.from('["other",1]').toString("base64url"), "a".repeat(20_000)])(
    "are refused: %s",
    async (cursor) => {
      const { store } = open();
      await store.log.append(at("a"), [says("1")]);
      await failure(store.documents.find({ tenant }, { cursor }), "invalid-input");
      await failure(store.documents.namespaces({ tenant }, { cursor }), "invalid-input");
      await failure(store.log.list(tenant, { cursor }), "invalid-input");
      await failure(store.log.scan(tenant, { cursor }), "invalid-input");
      await failure(store.maintenance.tenants({ cursor }), "invalid-input");
    },
  );

  it("only name a place: outside the query's bounds they show nothing that it would not", async () => {
    const { store } = open();
    for (const namespace of [["a"], ["b"], ["c"]]) {
      await store.documents.put({ tenant, namespace, key: "k" }, { value: 1 });
      await store.log.append(at(`${namespace[0]}-1`), [says("1")]);
    }
    const before = encodeCursor("documents", [["a"], "k"]);
    const behind = encodeCursor("documents", [["c"], "k"]);
    const inB = { namespacePrefix: ["b"] };
    const find = async (cursor: string, direction: "forward" | "backward"): Promise<number> =>
      (await store.documents.find({ tenant }, { ...inB, cursor, direction })).items.length;
    expect(await find(before, "forward")).toBe(1);
    expect(await find(behind, "forward")).toBe(0);
    expect(await find(behind, "backward")).toBe(1);
    expect(await find(before, "backward")).toBe(0);
    const sessions = await store.log.list(tenant, { prefix: "b", cursor: encodeCursor("sessions", ["a"]) });
    expect(sessions.items.map(({ session }) => session)).toEqual(["b-1"]);
    const past = await store.log.list(tenant, { prefix: "b", cursor: encodeCursor("sessions", ["c"]) });
    expect(past.items).toEqual([]);
  });
});

describe("what is returned", () => {
  it("is frozen all the way down where it is shared with the store", async () => {
    const { store } = open();
    const address = { tenant, namespace: ["n"], key: "k" };
    const value = { list: [{ deep: true }] };
    const document = await store.documents.put(address, { value, metadata: { m: [1] }, tags: ["t"] });
    value.list.push({ deep: false });
    expect((await store.documents.get(address))?.value).toEqual({ list: [{ deep: true }] });
    await store.log.append(at("a"), [says("1")], { init: { metadata: { nested: { x: 1 } } } });
    const { events } = await store.log.read(at("a"));
    const head = await store.log.head(at("a"));
    for (const shared of [document, document.value, document.tags, document.metadata, document.namespace]) {
      expect(Object.isFrozen(shared)).toBe(true);
    }
    for (const shared of [events[0], events[0]?.body, head?.metadata, head?.metadata.nested]) {
      expect(Object.isFrozen(shared)).toBe(true);
    }
  });

  it("keeps nothing of the arrays that a caller may change", async () => {
    const { store } = open();
    await store.log.append(at("a"), [says("1"), says("2")], { operation: { id: "op", fingerprint: "f" } });
    const { events } = await store.log.read(at("a"));
    (events as unknown[]).length = 0;
    expect((await store.log.read(at("a"))).events).toHaveLength(2);
    const batch = await store.log.exportEvents(at("a"));
    (batch?.operations as unknown[]).length = 0;
    expect((await store.log.exportEvents(at("a")))?.operations).toHaveLength(1);
  });
});
