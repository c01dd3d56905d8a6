import type { FindOptions, Where } from "@relevo/core";
import { whereMatcher } from "@relevo/core/store";
import { requireService, startPrivatePostgres } from "@relevo/test-services";
import pg from "pg";
import { expect, it } from "vitest";
import { createPostgresStore } from "../src/index.ts";
import { openTestDatabase } from "./server.ts";

it.skipIf(!requireService("private-postgres", { for: "documents in a database with a language" }))(
  "documents are compared by bytes, whatever the collation of the database is",
  async () => {
    // In the order of a language letters of either case stand together.
    await using server = await startPrivatePostgres({
      initdbArgs: ["--locale-provider=icu", "--icu-locale=en-US"],
    });
    const { url } = await openTestDatabase(server);
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    try {
      const { documents } = createPostgresStore({ pool });
      const scope = { tenant: "bytes" };
      const texts = ["a", "B", "b", "A", "é", "e", "f", "～", "😀", "-", "a b", "ab", "_"];
      const byBytes = texts.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
      await documents.putMany(
        texts.map((text) => ({
          address: { ...scope, namespace: ["n"], key: text },
          value: { text },
          tags: [text],
        })),
      );
      const keysOf = async (options: FindOptions): Promise<string[]> =>
        (await documents.find(scope, options)).items.map(({ key }) => key);
      expect(await keysOf({})).toEqual(byBytes);
      for (const text of texts) {
        for (const operator of ["$gt", "$gte", "$lt", "$lte", "$eq", "$ne", "$contains"] as const) {
          const where: Where = { path: ["value", "text"], [operator]: text };
          const expected = byBytes.filter((one) =>
            whereMatcher(where)({ value: { text: one }, metadata: {} }),
          );
          expect({ where, found: await keysOf({ where }) }).toEqual({ where, found: expected });
        }
        expect(await keysOf({ keyAfter: text })).toEqual(byBytes.slice(byBytes.indexOf(text) + 1));
        expect(await keysOf({ keyBefore: text })).toEqual(byBytes.slice(0, byBytes.indexOf(text)));
        expect(await keysOf({ tags: { any: [text] } })).toEqual([text]);
      }
    } finally {
      await pool.end();
    }
  },
);
