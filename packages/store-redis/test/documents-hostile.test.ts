import type { DocumentScope } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import { describe, expect, it } from "vitest";
import { useDocuments } from "./documents-support.ts";

/** Ids that reach another's key, tag or place in an index wherever they are joined as they come. */
const hostile = [
  "a",
  "a:b",
  "a/b",
  "a}",
  "{a}",
  "{",
  "}",
  "a}:0}:docs",
  "a:docs",
  "a:docs:order",
  "a:docs:tags",
  "s:a:docs",
  "*",
  "?",
  "[a-z]",
  "a*",
  "a?",
  "\\",
  "%",
  "%3A",
  "a%3Ab",
  "a|b",
  "a,b",
  "0|0|0|0||[]",
  "H|1|1",
  "\u0001",
  "\u0002",
  "a\u0001",
  "a\u0002",
  "a b",
  "a\nb",
  "\r\n",
  "__proto__",
  "constructor",
  "\u00e9",
  "e\u0301",
  "\uffff",
  "\ufeff",
  "😀",
  "-",
  "+",
  "(a",
  "[a",
  "ARGV[1]",
  "'] redis.call('FLUSHALL') --",
];

const input = (id: string) => ({ value: id, tags: [id], metadata: { id } });

describe.skipIf(!requireService("redis", { for: "hostile ids of store-redis" }))("hostile ids", () => {
  const open = useDocuments();

  it("as keys, tags and elements of namespaces come back as they are, each for itself", async () => {
    const { store, faults } = open();
    const { documents } = store;
    for (const scope of [{ tenant: "t" }, { tenant: "t", session: "s" }] as DocumentScope[]) {
      for (const id of hostile) {
        await documents.put({ ...scope, namespace: ["keys"], key: id }, input(id));
        await documents.put({ ...scope, namespace: [id], key: "k" }, input(id));
        await documents.put({ ...scope, namespace: [id, id], key: id }, input(id));
      }
      for (const id of hostile) {
        const tagged = await documents.find(scope, { tags: { all: [id] } });
        expect(tagged.items.map(({ value }) => value)).toEqual([id, id, id]);
        const either = await documents.find(scope, { tags: { any: [id, "none"] }, direction: "backward" });
        expect(either.items).toEqual([...tagged.items].reverse());
        const below = await documents.find(scope, { namespacePrefix: [id] });
        expect(below.items.map(({ namespace }) => namespace)).toEqual([[id], [id, id]]);
        const only = await documents.find(scope, { namespace: [id] });
        expect(only.items.map(({ value }) => value)).toEqual([id]);
        expect((await documents.get({ ...scope, namespace: ["keys"], key: id }))?.metadata).toEqual({ id });
      }
      const { items } = await documents.namespaces(scope, { maxDepth: 1, limit: 1000 });
      expect(new Set(items.map(([first]) => first))).toEqual(new Set([...hostile, "keys"]));
      expect(await documents.find(scope, { tags: { any: ["red"] } })).toEqual({ items: [] });
    }
    expect(await faults()).toEqual([]);
  });

  it("as tenants and sessions share nothing, in whatever order they are written and deleted", async () => {
    const { store, faults, keys } = open();
    const { documents } = store;
    const scopes: DocumentScope[] = hostile.flatMap((id) => [
      { tenant: id },
      { tenant: id, session: id },
      { tenant: "t", session: id },
    ]);
    const ofScope = (scope: DocumentScope) => ({ ...scope, namespace: ["n"], key: "k" });
    for (const scope of scopes)
      await documents.put(ofScope(scope), { value: { ...scope }, tags: ["t"], metadata: { n: 1 } });
    for (const scope of scopes) {
      const found = await documents.find(scope, { tags: { all: ["t"] } });
      expect(found.items.map(({ value }) => value)).toEqual([{ ...scope }]);
      expect((await documents.namespaces(scope)).items).toEqual([["n"]]);
    }
    // Half of them go; nothing of the others does.
    for (const [index, scope] of scopes.entries()) {
      if (index % 2 === 1) continue;
      if (scope.session === undefined) await documents.delete(ofScope(scope));
      else await store.log.delete({ tenant: scope.tenant, session: scope.session });
    }
    for (const [index, scope] of scopes.entries()) {
      const value = (await documents.get(ofScope(scope)))?.value;
      expect(value).toEqual(index % 2 === 1 ? { ...scope } : undefined);
    }
    expect(await faults()).toEqual([]);
    // What decides the slot stands in the first braces, and no id adds any.
    for (const key of await keys()) expect(key.replaceAll(/[^{}]/gu, "")).toMatch(/^(\{\})?$/u);
  });
});
