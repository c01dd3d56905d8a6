import { createHash } from "node:crypto";
import type { CallOptions } from "@relevo/core";
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from "kysely";
import type { Database } from "../database/database.ts";
import type { Fragment } from "./scope.ts";

/** Puts the parts of a statement together; runs none. */
const compiler = new Kysely<unknown>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (kysely) => new PostgresIntrospector(kysely),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

/**
 * Runs one reading statement that was put together from parts. `named` says that there are few forms of it: such a one
 * is prepared under the digest of its text. Another is not prepared, for which it takes a transaction of its own.
 */
export async function runRead<Row>(
  database: Database,
  tenant: string,
  query: Fragment,
  { signal, named }: CallOptions & { readonly named: boolean },
): Promise<readonly Row[]> {
  const { sql, parameters } = query.compile(compiler);
  const options = { effect: "read", signal } as const;
  if (named) {
    const digest = createHash("sha256").update(sql).digest("base64url").slice(0, 16);
    return await database.call<Row>({ name: `documents_${digest}`, text: sql, values: parameters }, options);
  }
  return await database.transaction(tenant, (run) => run<Row>(sql, parameters), options);
}
