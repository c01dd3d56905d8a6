import { requireService } from "@relevo/test-services";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPostgresStore, type PostgresStore } from "../src/index.ts";
import { openTestDatabase, type TestDatabase } from "./server.ts";
import { until } from "./until.ts";

interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}

/** The function that it calls. Names of prepared statements begin with one of the schema. */
const functionOf = ({ name }: Statement): string => name.replace(/^relevo_[0-9a-f]+_/u, "");

const tenant = "acme";
const at = (key: string) => ({ namespace: ["n"], key });

describe.skipIf(!requireService("postgres", { for: "derived documents" }))(
  "derived documents on a server",
  () => {
    let database: TestDatabase;
    let pool: pg.Pool;
    let owner: pg.Pool;
    let store: PostgresStore;
    const sent: Statement[] = [];

    beforeAll(async () => {
      database = await openTestDatabase();
      pool = new pg.Pool({ connectionString: database.url, max: 2 });
      pool.on("connect", (client) => {
        const query = client.query.bind(client) as (statement: Statement) => unknown;
        Object.assign(client, {
          query(statement: Statement) {
            sent.push(statement);
            return query(statement);
          },
        });
      });
      owner = new pg.Pool({ connectionString: database.ownerUrl, max: 1 });
      store = createPostgresStore({ pool });
      await store.documents.put({ tenant, ...at("first") }, { value: 1 });
    });

    afterAll(async () => {
      await store?.close();
      await pool?.end();
      await owner?.end();
      await database?.[Symbol.asyncDispose]();
    });

    async function namesSent(run: () => Promise<unknown>): Promise<readonly string[]> {
      sent.length = 0;
      await run();
      return sent.map(functionOf);
    }

    /** A source, and what is derived from it. */
    async function derive(source: string, derived: string): Promise<void> {
      const { version } = await store.documents.put({ tenant, ...at(source) }, { value: 1 });
      const derivedFrom = { documents: [{ ...at(source), version }] };
      await store.documents.put({ tenant, ...at(derived) }, { value: 2, derivedFrom });
    }

    it("writes without sources, and deletes from which nothing is derived, are one statement", async () => {
      const plain = { tenant, ...at("plain") };
      expect(await namesSent(() => store.documents.put(plain, { value: 1 }))).toEqual(["put_document"]);
      const plains = [
        { address: plain, value: 1 },
        { address: { tenant, ...at("plain-too") }, value: 1 },
      ];
      expect(await namesSent(() => store.documents.putMany(plains))).toEqual(["put_documents"]);
      expect(await namesSent(() => store.documents.delete(plain))).toEqual(["delete_document"]);
      const deletes = plains.map(({ address }) => ({ address }));
      expect(await namesSent(() => store.documents.deleteMany(deletes))).toEqual(["delete_documents"]);
      await derive("a", "b");
      expect(await namesSent(() => store.documents.delete({ tenant, ...at("a") }))).toEqual([
        "delete_document",
        "find_derived",
        "erase_derived",
        "find_derived",
      ]);
    });

    it("a delete waits for a put that is derived from the document, and finds it", async () => {
      sent.length = 0;
      await derive("source", "late");
      const put = sent.findLast((statement) => functionOf(statement) === "put_documents");
      if (put === undefined) throw new Error("Nothing was put.");
      await store.documents.delete({ tenant, ...at("late") });

      // The same put again, of which nobody knows until it is committed.
      const writer = new pg.Client({ connectionString: database.url });
      await writer.connect();
      await writer.query("begin");
      await writer.query({ text: put.text, values: put.values });
      let isDeleted = false;
      const deletion = store.documents.delete({ tenant, ...at("source") }).then((found) => {
        isDeleted = true;
        return found;
      });
      await until(async () => {
        const { rowCount } = await owner.query(
          "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        );
        return (rowCount ?? 0) > 0 || isDeleted;
      });
      expect(isDeleted).toBe(false);
      await writer.query("commit");
      await writer.end();
      expect(await deletion).toBe(true);
      expect(await store.documents.get({ tenant, ...at("late") })).toBeUndefined();
    });
  },
);
