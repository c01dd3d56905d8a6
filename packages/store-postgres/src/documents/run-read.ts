import { createHash } from "node:crypto";
import type { CallOptions } from "@relevo/core";
import { CompiledQuery } from "kysely";
import type { Database } from "../database/database.ts";
import type { Fragment } from "./scope.ts";

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
  const { sql, parameters } = query.compile(database.build);
  const options = { effect: "read", signal } as const;
  if (named) {
    const digest = createHash("sha256").update(sql).digest("base64url").slice(0, 16);
    return await database.call<Row>({ name: `documents_${digest}`, text: sql, values: parameters }, options);
  }
  return await database.transaction(
    tenant,
    async (queries) => (await queries.executeQuery<Row>(CompiledQuery.raw(sql, [...parameters]))).rows,
    options,
  );
}
