import type { DocumentStore, FindOptions } from "@relevo/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Watched, watchers } from "./cost-support.ts";

const tenant = "big";
const count = 100_000;
const newest = 1_700_000_000_000;
/** A page of 20 may look at so many rows at most, whatever its filters leave out; see `lookBudget`. */
const bound = 6000;

/** A hundred in each namespace; every second one common, every 5,000th rare; one written each second. */
const load = `
  insert into relevo.tenants values ('${tenant}'), ('other');
  insert into relevo.documents
  select t.tenant, '', 0, relevo.namespace_place(n.namespace) || '\\x00'::bytea || convert_to(n.key, 'UTF8'),
    n.namespace, n.key, i, n.tags, i, ${newest} - ${count}::bigint * 1000 + i * 1000, null,
    '{"n":' || i || '}', '{}', jsonb_build_object('value', jsonb_build_object('n', i), 'metadata', '{}'::jsonb), ''
  from (values ('${tenant}', ${count}), ('other', ${count / 5})) as t (tenant, size)
  cross join lateral generate_series(1, t.size) as i
  cross join lateral (
    select array['users', 'user-' || (i % 1000)] as namespace, 'key-' || i as key,
      case when i % 5000 = 0 then array['common', 'rare'] when i % 2 = 0 then array['common'] else '{}' end as tags
    offset 0
  ) as n;
  insert into relevo.document_tags
  select d.tenant, d.session, d.generation, tag, d.place from relevo.documents as d cross join unnest(d.tags) as tag;
  insert into relevo.document_versions select t.tenant, n, 1
  from (values ('${tenant}'), ('other')) as t (tenant) cross join generate_series(0, 63) as n;
  analyze;`;

describe.each(watchers("the cost of documents on a server"))("documents $name", ({ open, there }) => {
  describe.skipIf(!there)("at 100,000 documents", () => {
    let watched: Watched;
    let documents: DocumentStore;
    let cost: Watched["cost"];

    beforeAll(async () => {
      watched = await open();
      ({ cost } = watched);
      ({ documents } = watched.store);
      await watched.load(load);
    });

    afterAll(async () => {
      await watched?.[Symbol.asyncDispose]();
    });

    beforeEach(async () => {
      watched.planMode = "auto";
      // The first call looks at the role too.
      await documents.get({ tenant, namespace: ["none"], key: "none" });
      cost.scans = 0;
      cost.rows = 0;
    });

    describe.each(["force_custom_plan", "force_generic_plan"])("with %s", (mode) => {
      const inUsers = { namespacePrefix: ["users"] };
      it.each<[string, FindOptions, number, number]>([
        ["all", {}, 20, 60],
        ["all backward", { direction: "backward" }, 20, 60],
        ["a namespace", { namespace: ["users", "user-7"] }, 20, 60],
        ["a namespace and keys", { namespace: ["users", "user-7"], keyAfter: "key-5" }, 20, 60],
        ["a prefix", inUsers, 20, 60],
        ["a common tag", { ...inUsers, tags: { all: ["common"] } }, 20, 120],
        ["a rare tag", { tags: { all: ["rare"] } }, 20, 200],
        ["a rare and a common tag", { tags: { all: ["common", "rare"] } }, 20, bound],
        ["a tag that nothing has", { tags: { any: ["none"] } }, 0, 10],
        ["one of two tags", { tags: { any: ["rare", "none"] } }, 20, 200],
        ["a tag within a namespace", { namespace: ["users", "user-0"], tags: { all: ["rare"] } }, 20, 200],
        ["what is new", { updatedSince: newest - 5000 }, 6, 40],
        [
          "what is new in a namespace",
          { namespace: ["users", "user-0"], updatedSince: newest - 5000 },
          1,
          40,
        ],
        ["what is not old", { updatedSince: newest - (count / 2) * 1000 }, 20, bound],
        ["what nothing matches", { where: { path: ["value", "n"], $lt: 0 } }, 0, 2 * bound],
        ["what nothing says", { text: "nobody said this" }, 0, 2 * bound],
      ])(
        "find of %s scans no table and looks at a bounded number of rows",
        async (_what, options, found, most) => {
          watched.planMode = mode;
          const { items } = await documents.find({ tenant }, { limit: 20, ...options });
          expect(items).toHaveLength(found);
          expect(cost.scans).toBe(0);
          expect(cost.rows).toBeLessThanOrEqual(most);
        },
      );

      it("a page deep in the order costs what the first does", async () => {
        const { cursor = "" } = await documents.find({ tenant }, { limit: 1000, direction: "backward" });
        cost.rows = 0;
        watched.planMode = mode;
        for (const direction of ["forward", "backward"] as const) {
          const page = await documents.find({ tenant }, { cursor, direction, limit: 20 });
          expect(page.items).toHaveLength(20);
        }
        expect(cost.scans).toBe(0);
        expect(cost.rows).toBeLessThanOrEqual(120);
      });
    });

    describe.each(["force_custom_plan", "force_generic_plan"])("that are written, with %s", (mode) => {
      it("get, getMany, put, touch, delete and namespaces look at their own rows only", async () => {
        watched.planMode = mode;
        const address = (key: string) => ({ tenant, namespace: ["users", "user-7"], key });
        expect(await documents.get(address("key-7"))).toBeDefined();
        const keys = Array.from({ length: 50 }, (_, index) => address(`key-${index * 1000 + 7}`));
        expect(await documents.getMany(keys)).not.toContain(undefined);
        await documents.put(address("key-7"), { value: 1, tags: ["common", "new"] });
        await documents.put(address("made"), { value: 1, tags: ["common", "new"] });
        await documents.putMany(keys.map((one) => ({ address: one, value: 1, tags: ["common"] })));
        await documents.touch(address("made"), { ttlMs: null });
        expect(await documents.delete(address("made"))).toBe(true);
        const { items } = await documents.namespaces({ tenant }, { prefix: ["users"], limit: 20 });
        expect(items).toHaveLength(20);
        expect(cost.scans).toBe(0);
        expect(cost.rows).toBeLessThanOrEqual(1000);
      });
    });

    it("without their index they are scanned, and that is seen", async () => {
      await watched.load("alter table relevo.documents drop constraint documents_pkey");
      await documents.get({ tenant, namespace: ["users", "user-7"], key: "key-7" });
      expect(cost.scans).toBeGreaterThan(0);
      expect(cost.rows).toBeGreaterThanOrEqual(count);
    });
  });
});
