import { requireService } from "@relevo/test-services";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { queryAnswer, takesQueries } from "../src/database/answer-query.ts";
import { openTestDatabase, type TestDatabase } from "./server.ts";

describe.skipIf(!requireService("postgres", { for: "queries that answer one text" }))(
  "a query that answers one text",
  () => {
    let database: TestDatabase;
    let client: pg.Client;
    const open = async (config: object = {}): Promise<pg.Client> => {
      const opened = new pg.Client({ connectionString: database.url, ...config });
      await opened.connect();
      return opened;
    };
    // Tests call it as a client of a pool.
    const ask = (text: string, values: readonly unknown[] = [], name?: string, on = client) =>
      new Promise((resolve, reject) => {
        queryAnswer(on as unknown as pg.PoolClient, { name, text, values }, (error, result) =>
          result === undefined ? reject(error) : resolve(result),
        );
      });

    beforeAll(async () => {
      database = await openTestDatabase();
      client = await open();
    });
    afterAll(async () => {
      await client?.end();
      await database?.[Symbol.asyncDispose]();
    });

    it("sends values as pg does, and reads text, null and no row", async () => {
      const values = ["é\u{1F600}", 12.5, true, null, undefined, ["a", 'b"\\', null, ""], [1, 2], -(2 ** 53)];
      const text = `select row_to_json(row($1::text, $2::float8, $3::boolean, $4::text, $5::bigint, $6::text[],
        $7::bigint[], $8::bigint))::text as answer`;
      const { rows } = await client.query<{ answer: string }>(text, values);
      for (const name of [undefined, "values", "values"])
        expect(await ask(text, values, name)).toEqual({ rows });
      expect(await ask("select null::text as answer")).toEqual({ rows: [{ answer: null }] });
      expect(await ask("select 'x' as answer where false")).toEqual({ rows: [] });
    });

    it("gives the server's error, after which the connection goes on", async () => {
      await expect(ask("select (1 / $1::integer)::text as answer", [0], "divide")).rejects.toMatchObject({
        code: "22012",
      });
      await expect(ask("select no_such_column as answer", [], "unknown")).rejects.toMatchObject({
        code: "42703",
      });
      expect(await ask("select 'again' as answer", [], "unknown")).toEqual({ rows: [{ answer: "again" }] });
      await expect(ask("select 'other' as answer", [], "unknown")).rejects.toThrow("has another text");
      expect(await ask("select (1 / $1::integer)::text as answer", [1], "divide")).toEqual({
        rows: [{ answer: "1" }],
      });
    });

    it("fails with its connection", async () => {
      const lost = await open();
      lost.on("error", () => undefined);
      await expect(
        ask("select pg_terminate_backend(pg_backend_pid())::text as answer", [], undefined, lost),
      ).rejects.toThrow();
    });

    it("is left to pg for clients that do not take it", async () => {
      const pipelined = await open({ pipeline: true });
      const wrapped = { query: client.query.bind(client) };
      const taken = [client, pipelined, wrapped].map((one) => takesQueries(one as unknown as pg.PoolClient));
      await pipelined.end();
      expect(taken).toEqual([true, false, false]);
    });

    it("answers as a plain query where an instrumentation copies its fields", async () => {
      const query = client.query.bind(client) as (query: object) => unknown;
      const copying = { connection: {}, query: (given: object) => query({ ...given }) };
      expect(await ask("select $1::text as answer", ["copied"], undefined, copying as never)).toMatchObject({
        rows: [{ answer: "copied" }],
      });
    });
  },
);
