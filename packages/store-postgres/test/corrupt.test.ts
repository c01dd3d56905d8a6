import { requireService } from "@relevo/test-services";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createPostgresStore, type PostgresStore } from "../src/index.ts";
import { openTestDatabase, type TestDatabase } from "./server.ts";

const corrupt = { code: "corrupt" };
const note = (body: string) => ({ type: "x-note" as const, body });

describe.skipIf(!requireService("postgres", { for: "corrupt data in store-postgres" }))(
  "stored bytes",
  () => {
    let database: TestDatabase;
    let owner: pg.Pool;
    let pool: pg.Pool;
    let store: PostgresStore;
    let made = 0;
    let address: { readonly tenant: string; readonly session: string };

    beforeAll(async () => {
      database = await openTestDatabase();
      owner = new pg.Pool({ connectionString: database.ownerUrl, max: 1 });
      pool = new pg.Pool({ connectionString: database.url, max: 2 });
      store = createPostgresStore({ pool });
    });
    afterAll(async () => {
      await store?.close();
      await Promise.all([pool?.end(), owner?.end()]);
      await database?.[Symbol.asyncDispose]();
    });
    beforeEach(async () => {
      address = { tenant: "acme", session: `s${made++}` };
      await store.log.append(address, [note("one"), note("two")]);
      await store.log.erase(address, { seqs: [{ from: 1, to: 1 }] });
      await store.documents.put({ ...address, namespace: ["n"], key: "k" }, { value: 1, tags: ["a"] });
    });

    const change = async (table: string, set: string, value: string): Promise<void> => {
      const text = `update relevo.${table} set ${set} = $1 where tenant = 'acme' and session = $2`;
      expect((await owner.query(text, [value, address.session])).rowCount).toBeGreaterThan(0);
    };

    it.each(["garbage", "", "null", "7", '"x"', "[]", "{}", '{"type":7}', '{"type":"x-note"'])(
      "an event that reads %j is corrupt",
      async (content) => {
        await change("events", "content", content);
        for (const options of [{}, { pinned: false }, { direction: "backward", limit: 1 }] as const)
          await expect(store.log.read(address, options)).rejects.toMatchObject(corrupt);
        await expect(store.log.exportEvents(address)).rejects.toMatchObject(corrupt);
        await expect(store.log.scan("acme", { limit: 1000 })).rejects.toMatchObject(corrupt);
        await store.log.delete(address);
      },
    );

    it.each(["garbage", "", "null", "7", "[]"])("metadata that read %j are corrupt", async (metadata) => {
      await change("sessions", "metadata", metadata);
      await expect(store.log.head(address)).rejects.toMatchObject(corrupt);
      await expect(store.log.list("acme")).rejects.toMatchObject(corrupt);
      await store.log.delete(address);
    });

    it.each(["garbage", "1:2", "1:2-3;x"])("removals that read %j are corrupt", async (removed) => {
      await change("sessions", "removed", removed);
      await expect(store.log.exportEvents(address)).rejects.toMatchObject(corrupt);
      const derived = { ...note("of one"), derivedFrom: [{ from: 1, to: 1 }] };
      await expect(store.log.append(address, [derived])).rejects.toMatchObject(corrupt);
    });

    it.each([
      ["value", "garbage"],
      ["value", ""],
      ["metadata", "[]"],
      ["metadata", "null"],
    ])("a document whose %s reads %j is corrupt", async (column, text) => {
      await change("documents", column, text);
      const place = { ...address, namespace: ["n"], key: "k" };
      await expect(store.documents.get(place)).rejects.toMatchObject(corrupt);
      await expect(store.documents.find(address)).rejects.toMatchObject(corrupt);
    });
  },
);
