import type { Document, FindOptions, NamespacesOptions, Page } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import { beforeAll, describe, expect, it } from "vitest";
import { type Cost, type DocumentsFixture, until, useDocuments } from "./documents-support.ts";

const pad = (index: number): string => String(index).padStart(5, "0");
const kilobyte = "x".repeat(1000);

/** So many documents of a kilobyte; every 1,000th is rare, every second common, in 50 namespaces. */
async function plant(fixture: DocumentsFixture, tenant: string, count: number): Promise<void> {
  for (let space = 0; space < 50; space++) {
    const namespace = ["users", `u${pad(space)}`];
    const writes = Array.from({ length: count / 50 }, (_, step) => {
      const index = step * 50 + space;
      const tags = [...(index % 1000 === 7 ? ["rare"] : []), index % 2 === 0 ? "common" : "odd"];
      return {
        address: { tenant, namespace, key: `k${pad(index)}` },
        value: { index, text: kilobyte },
        tags,
      };
    });
    for (let from = 0; from < writes.length; from += 500)
      await fixture.store.documents.putMany(writes.slice(from, from + 500));
  }
}

const indexOf = ({ value }: Document): number => (value as { readonly index: number }).index;

describe.skipIf(!requireService("redis", { for: "the cost of find in store-redis" }))("find", () => {
  const open = useDocuments();
  let fixture: DocumentsFixture;
  beforeAll(async () => {
    fixture = open();
    await plant(fixture, "few", 2000);
    await plant(fixture, "many", 10_000);
  });

  const costOf = async (tenant: string, options: FindOptions): Promise<Cost & { readonly found: number }> => {
    // Scripts are loaded by the first call.
    await fixture.other.documents.find({ tenant }, options);
    let found = 0;
    const cost = await fixture.costOf(async () => {
      found = (await fixture.other.documents.find({ tenant }, options)).items.length;
    });
    return { ...cost, found };
  };

  it.each<[string, FindOptions, number]>([
    ["a rare tag", { tags: { all: ["rare"] } }, 10],
    ["a rare tag among common ones", { tags: { all: ["odd", "rare"] }, direction: "backward" }, 10],
    ["one of a rare tag and one that nothing has", { tags: { any: ["none", "rare"] } }, 10],
    ["a tag that nothing has", { tags: { all: ["none"] } }, 0],
    ["a common tag", { tags: { all: ["common"] }, limit: 10 }, 10],
    [
      "a common tag in a namespace",
      { namespace: ["users", "u00002"], tags: { all: ["common"] }, limit: 10 },
      10,
    ],
    ["a namespace", { namespace: ["users", "u00002"], limit: 10 }, 10],
    ["a namespace and keys", { namespace: ["users", "u00002"], keyAfter: "k00100", limit: 10 }, 10],
    ["a prefix", { namespacePrefix: ["users"], limit: 10 }, 10],
    ["everything", { limit: 10, direction: "backward" }, 10],
  ])("by %s at 10,000 documents costs what is returned", async (_what, options, expected) => {
    const cost = await costOf("many", options);
    expect(cost.found).toBe(expected);
    // The documents, and up to 51 sort keys of each of 16 buckets and its tags, of which a page is merged.
    expect(cost.sent).toBeLessThan(expected * 1200 + 16 * 2 * 51 * 40);
    expect(cost.commands).toBeLessThan(200);
    const fewer = await costOf("few", options);
    expect(cost.commands - fewer.commands).toBeLessThan(20);
  });

  it("of a page deep in the order costs what the first one does", async () => {
    const first = await costOf("many", { limit: 10 });
    const { cursor = "" } = await fixture.store.documents.find({ tenant: "many" }, { limit: 1000 });
    for (const direction of ["forward", "backward"] as const) {
      const deep = await costOf("many", { limit: 10, cursor, direction });
      expect(deep.found).toBe(10);
      expect(deep.sent).toBeLessThan(first.sent * 1.3);
    }
  });

  it.each(["forward", "backward"] as const)(
    "%s goes through everything, in order, each once, whatever the size of pages",
    async (direction) => {
      const expected = Array.from(
        { length: 10_000 },
        (_, place) => (place % 200) * 50 + Math.floor(place / 200),
      );
      if (direction === "backward") expected.reverse();
      for (const [options, keep] of [
        [{ limit: 1000 }, () => true],
        // Few match, so that a page goes on behind where the list of each bucket ended.
        [
          { limit: 3, where: { path: ["value", "index"], $in: [107, 1507, 4057, 8256, 9999] } },
          (index: number) => [107, 1507, 4057, 8256, 9999].includes(index),
        ],
        [{ limit: 37, tags: { all: ["rare"] } }, (index: number) => index % 1000 === 7],
        [
          { limit: 999, tags: { any: ["common", "rare", "none"] } },
          (index: number) => index % 2 === 0 || index % 1000 === 7,
        ],
      ] as [FindOptions, (index: number) => boolean][]) {
        const found: number[] = [];
        for (let cursor: string | undefined; ; ) {
          const page: Page<Document> = await fixture.store.documents.find(
            { tenant: "many" },
            { ...options, direction, ...(cursor === undefined ? {} : { cursor }) },
          );
          found.push(...page.items.map(indexOf));
          cursor = page.cursor;
          if (cursor === undefined) break;
        }
        expect(found).toEqual(expected.filter(keep));
      }
    },
  );

  it("with a filter that nothing passes looks at a bounded number, and says that there is more", async () => {
    for (const options of [
      { where: { path: ["value", "index"], $lt: 0 } },
      { text: "nobody says this", tags: { any: ["common", "odd"] } },
    ] as FindOptions[]) {
      const pages: number[] = [];
      for (let cursor: string | undefined; ; ) {
        const cost = await fixture.costOf(async () => {
          const page = await fixture.store.documents.find(
            { tenant: "many" },
            { ...options, ...(cursor === undefined ? {} : { cursor }) },
          );
          expect(page.items).toEqual([]);
          cursor = page.cursor;
        });
        pages.push(cost.sent);
        if (cursor === undefined) break;
      }
      expect(pages.length).toBeGreaterThan(1);
      expect(Math.max(...pages)).toBeLessThan(8_000_000);
    }
  });

  it("bounds what one call takes from the server when documents are large", async () => {
    const { store, costOf } = open();
    const megabyte = "y".repeat(1_000_000);
    for (let index = 0; index < 60; index++)
      await store.documents.put(
        { tenant: "large", namespace: [`n${index % 5}`], key: pad(index) },
        { value: megabyte },
      );
    const keys: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const cost = await costOf(async () => {
        const page = await store.documents.find({ tenant: "large" }, cursor === undefined ? {} : { cursor });
        expect(page.items.length).toBeGreaterThan(0);
        keys.push(...page.items.map(({ key }) => key));
        cursor = page.cursor;
      });
      expect(cost.sent).toBeLessThan(40_000_000);
      if (cursor === undefined) break;
    }
    expect(keys).toHaveLength(60);
    expect(new Set(keys).size).toBe(60);
  });

  it("among thousands that have expired says honestly that there may be more", async () => {
    const { store, costOf } = open();
    const tenant = "expired";
    for (let batch = 0; batch < 12; batch++) {
      await store.documents.putMany(
        Array.from({ length: 1000 }, (_, index) => ({
          address: { tenant, namespace: ["n"], key: `k${pad(batch * 1000 + index)}` },
          value: index,
          tags: ["t"],
          ttlMs: 500,
        })),
      );
    }
    const last = { tenant, namespace: ["n"], key: "z" };
    await store.documents.put(last, { value: "last", tags: ["t"] });
    const before = { tenant, namespace: ["n"], key: `k${pad(11_999)}` };
    await until("the end of all of them", async () => (await store.documents.get(before)) === undefined);
    const found: Document[] = [];
    let pages = 0;
    for (let cursor: string | undefined; ; pages++) {
      const cost = await costOf(async () => {
        const page = await store.documents.find(
          { tenant },
          { tags: { all: ["t"] }, limit: 10, ...(cursor === undefined ? {} : { cursor }) },
        );
        found.push(...page.items);
        cursor = page.cursor;
      });
      expect(cost.sent).toBeLessThan(1_000_000);
      if (cursor === undefined) break;
    }
    expect(found.map(({ key }) => key)).toEqual(["z"]);
    expect(pages).toBeGreaterThan(0);
    expect((await store.documents.namespaces({ tenant })).items).toEqual([["n"]]);
  });
});

describe.skipIf(!requireService("redis", { for: "the cost of namespaces in store-redis" }))(
  "namespaces",
  () => {
    const open = useDocuments();

    it("cost what they are, not what documents they hold, and end honestly when few match", async () => {
      const { store, costOf } = open();
      const tenant = "spaces";
      for (let space = 0; space < 6000; space += 500) {
        await Promise.all(
          Array.from({ length: 500 }, (_, step) => {
            const name = pad(space + step);
            const end = (space + step) % 2000 === 1999 ? "rare" : "common";
            return store.documents.put({ tenant, namespace: ["a", name, end], key: "k" }, { value: 1 });
          }),
        );
      }
      await store.documents.putMany(
        Array.from({ length: 1000 }, (_, index) => ({
          address: { tenant, namespace: ["b"], key: pad(index) },
          value: 1,
        })),
      );
      const list = async (options: NamespacesOptions): Promise<readonly (readonly string[])[]> => {
        const pages: (readonly string[])[] = [];
        for (let cursor: string | undefined; ; ) {
          const page = await store.documents.namespaces(
            { tenant },
            { ...options, ...(cursor === undefined ? {} : { cursor }) },
          );
          pages.push(...page.items);
          cursor = page.cursor;
          if (cursor === undefined) return pages;
        }
      };
      expect(await list({ limit: 1000 })).toHaveLength(6001);
      expect(await list({ suffix: ["rare"] })).toEqual(
        [1999, 3999, 5999].map((index) => ["a", pad(index), "rare"]),
      );
      expect(await list({ maxDepth: 1, suffix: ["rare"] })).toEqual([["a"]]);
      expect(await list({ maxDepth: 1 })).toEqual([["a"], ["b"]]);
      expect(
        (await costOf(() => store.documents.namespaces({ tenant }, { maxDepth: 1 }))).commands,
      ).toBeLessThan(300);
      // One call looks at a bounded number, whatever the suffix leaves out.
      const one = await costOf(() => store.documents.namespaces({ tenant }, { suffix: ["nothing"] }));
      expect(one.calls.get("zrangebylex") ?? 0).toBeLessThan(6000);
      // What is cut to one that is listed already is not looked at.
      const cut = { maxDepth: 1, suffix: ["common"] };
      const first = await costOf(() => store.documents.namespaces({ tenant }, cut));
      expect(first.calls.get("zrangebylex") ?? 0).toBeLessThan(2000);
    });
  },
);
