import { MemoryError } from "@relevo/core";
import type { RightsNames } from "../database/remedies.ts";
import type { Rights } from "../database/rights.ts";
import { literal, quoteIdentifier } from "../database/text.ts";
import { createVectorIndex, createVectorSchema } from "../schema/create-schema.ts";
import { vectorTable } from "../schema/tables.ts";
import type { Execution } from "./execution.ts";
import { requireOwnSchema } from "./schema-guard.ts";

/** What a migration calls the vectors of the search index, which are added when the server has pgvector. */
export const vectorsName = "search-vectors";

interface Found {
  readonly extension: string | null;
  readonly present: boolean;
  readonly indexed: boolean;
}

/**
 * Adds vectors to the search index where the extension is and they are missing, so that it may be created later; and an
 * index for them when its dimensions are given. Tells what it has added.
 *
 * @throws `unsupported` when an index is wanted and the extension is not there.
 */
export async function migrateVectors(
  rights: Rights,
  { schema }: RightsNames,
  migrated: boolean,
  dimensions: number | undefined,
  { run, execute }: Execution,
): Promise<readonly string[]> {
  if (!migrated && rights.schema?.migrations?.owned !== true) return [];
  const quoted = quoteIdentifier(schema);
  const relation = (name: string): string => `to_regclass(${literal(`${quoted}.${name}`)}) is not null`;
  const { rows } = await run(
    `select (select n.nspname::text from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace
      where e.extname = 'vector') as extension,
      ${relation(vectorTable)} as present, ${relation(`${vectorTable}_${dimensions ?? 0}`)} as indexed`,
    [],
  );
  const { extension, present, indexed } = rows[0] as Found;
  if (extension === null) {
    if (dimensions === undefined) return [];
    throw new MemoryError(
      "unsupported",
      "An index of vectors needs the extension pgvector. Run `create extension vector` in the database first.",
      { details: { run: ["create extension vector"] } },
    );
  }
  const added = [];
  const vectors = quoteIdentifier(extension);
  if (!present || (dimensions !== undefined && !indexed))
    await requireOwnSchema(schema, run, { whose: "migration" });
  if (!present) {
    await execute(createVectorSchema(quoted, vectors));
    added.push(vectorsName);
  }
  if (dimensions !== undefined && !indexed) {
    await execute([createVectorIndex(quoted, vectors, dimensions)]);
    added.push(`${vectorsName}-${dimensions}`);
  }
  return added;
}
