import { allPages, type Document, type DocumentAddress, MemoryError, type Store } from "@relevo/core";
import { requireService } from "@relevo/test-services";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore } from "../src/index.ts";
import { createDice } from "./documents-support.ts";
import { openTestDatabase, type TestDatabase } from "./server.ts";

const allTags = ["a", "b", "c", "d"];
const keys = ["0", "1", "2", "3", "4", "5"];

describe.skipIf(!requireService("postgres", { for: "writers of documents that meet" }))(
  "documents of many writers on a server",
  () => {
    let database: TestDatabase;
    let pools: readonly pg.Pool[];
    let stores: readonly Store[];

    beforeAll(async () => {
      database = await openTestDatabase();
      pools = [1, 2].map(() => new pg.Pool({ connectionString: database.url, max: 10 }));
      stores = pools.map((pool) => createPostgresStore({ pool }));
    });

    afterAll(async () => {
      await Promise.all((stores ?? []).map((store) => store.close()));
      await Promise.all((pools ?? []).map((pool) => pool.end()));
      await database?.[Symbol.asyncDispose]();
    });

    it("one of those who create a document wins, alone or in a batch with others that are there", async () => {
      for (let round = 0; round < 30; round++) {
        const address = (key: string): DocumentAddress => ({
          tenant: "create",
          namespace: [`round-${round}`],
          key,
        });
        const [first, second] = stores as [Store, Store];
        // In the order of places one document that is there comes before the new one, and one behind it.
        await first.documents.putMany(["1", "3"].map((key) => ({ address: address(key), value: 0 })));
        const batch = (store: Store, by: number) =>
          store.documents.putMany([
            { address: address("3"), value: by },
            { address: address("2"), value: by, expectedVersion: 0 },
            { address: address("1"), value: by },
          ]);
        const alone = (store: Store, by: number) =>
          store.documents.put(address("2"), { value: by }, { expectedVersion: 0 });
        const calls = [batch(first, 1), alone(second, 2), batch(second, 3), alone(first, 4)];
        const results = await Promise.allSettled(calls);
        const winners = results.flatMap(({ status }, index) => (status === "fulfilled" ? [index + 1] : []));
        expect(winners).toHaveLength(1);
        expect((await first.documents.get(address("2")))?.value).toBe(winners[0]);
        for (const result of results) {
          if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "conflict" });
        }
      }
    });

    it.each([1, 2])("versions only grow, tags are those of the documents, seed %i", async (seed) => {
      const { below, pick } = createDice(seed);
      const tenant = `grow-${seed}`;
      const greatest = new Map<string, number>();
      const refused: unknown[] = [];
      const some = <Item>(items: readonly Item[]): Item[] => items.filter(() => below(2) === 0);

      /** A version is greater than all that were known when its put began, and no other put has it. */
      const given = new Set<string>();
      async function puts(addresses: readonly DocumentAddress[], put: () => Promise<readonly Document[]>) {
        const ids = addresses.map((address) => JSON.stringify(address));
        const before = ids.map((id) => greatest.get(id) ?? 0);
        const documents = await put();
        for (const [index, id] of ids.entries()) {
          const version = documents[index]?.version ?? 0;
          expect(version).toBeGreaterThan(before[index] ?? 0);
          expect(given).not.toContain(`${id} ${version}`);
          given.add(`${id} ${version}`);
          greatest.set(id, Math.max(greatest.get(id) ?? 0, version));
        }
      }

      async function write({ documents, log }: Store): Promise<void> {
        const session = below(3) === 0 ? { session: pick(["s", "t"]) } : {};
        const at = (key: string): DocumentAddress => ({ tenant, ...session, namespace: ["n"], key });
        const one = at(pick(keys));
        const order = below(2) === 0 ? keys : keys.toReversed();
        const many = some(order).map(at);
        switch (below(session.session === undefined ? 6 : 7)) {
          case 0:
            return await puts([one], async () => [
              await documents.put(one, { value: 1, tags: some(allTags) }),
            ]);
          case 1: {
            const { version: expectedVersion = 0 } = (await documents.get(one)) ?? {};
            return await puts([one], async () => [
              await documents.put(one, { value: 1 }, { expectedVersion }),
            ]);
          }
          case 2: {
            const writes = many.map((address) => ({ address, value: 1, tags: some(allTags) }));
            if (writes.length > 0) await puts(many, () => documents.putMany(writes));
            return;
          }
          case 3:
            return void (await documents.delete(one));
          case 4:
            if (many.length > 0) await documents.deleteMany(many.map((address) => ({ address })));
            return;
          case 5:
            return void (await documents.touch(one, { ttlMs: below(2) === 0 ? 5 : null }));
          default:
            await log.delete({ tenant, session: session.session ?? "" });
        }
      }

      async function work(store: Store): Promise<void> {
        for (let turn = 0; turn < 80; turn++) {
          try {
            await write(store);
          } catch (error) {
            if (!MemoryError.isInstance(error, "conflict")) refused.push(error);
          }
        }
      }
      await Promise.all(Array.from({ length: 16 }, (_, worker) => work(stores[worker % 2] as Store)));
      // Who loses again and again against others gives up in the end, with nothing applied.
      for (const error of refused) {
        expect(error).toMatchObject({
          code: "unavailable",
          outcome: "not-applied",
          details: { sqlState: "40001" },
        });
      }
      expect(refused.length).toBeLessThan(10);

      const { documents } = stores[0] as Store;
      for (const scope of [{ tenant }, { tenant, session: "s" }, { tenant, session: "t" }]) {
        for (const tag of allTags) {
          const found: Document[] = [];
          for await (const document of allPages((page) => documents.find(scope, page))) found.push(document);
          const { items } = await documents.find(scope, { tags: { all: [tag] } });
          expect(items).toEqual(found.filter(({ tags }) => tags.includes(tag)));
        }
      }
      const owner = new pg.Pool({ connectionString: database.ownerUrl, max: 1 });
      const { rows } = await owner.query(
        `select count(*)::integer as strays from relevo.document_tags as t where not exists (
           select from relevo.documents as d where d.tenant = t.tenant and d.session = t.session
             and d.generation = t.generation and d.place = t.place
         )`,
      );
      await owner.end();
      expect(rows).toEqual([{ strays: 0 }]);
    });

    it("no two of them ever waited for each other", async () => {
      // A backend tells its counts when it ends.
      await Promise.all(pools.map((pool) => pool.end()));
      pools = [];
      const owner = new pg.Pool({ connectionString: database.ownerUrl, max: 1 });
      const counts = async () =>
        (
          await owner.query(
            "select numbackends, deadlocks::integer from pg_stat_database where datname = current_database()",
          )
        ).rows[0];
      try {
        await expect.poll(counts).toMatchObject({ numbackends: 1 });
        expect((await counts()).deadlocks).toBe(0);
      } finally {
        await owner.end();
      }
    });
  },
);
