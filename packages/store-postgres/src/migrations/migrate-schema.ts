import { MemoryError } from "@relevo/core";
import {
  mayNotCreateSchema,
  mayNotCreateTables,
  mayNotMigrate,
  mayNotUse,
  type RightsNames,
} from "../database/remedies.ts";
import type { Rights } from "../database/rights.ts";
import { literal, quoteIdentifier } from "../database/text.ts";
import type { Execution } from "./execution.ts";
import { type MigrationStep, migrationSteps } from "./migrations.ts";
import { guardStatement, requireOwnSchema } from "./schema-guard.ts";

/** Applies what the schema lacks, and tells the names of it in order. @throws `denied`; `unsupported` */
export async function migrateSchema(
  rights: Rights,
  names: RightsNames,
  execution: Execution,
): Promise<readonly string[]> {
  const schema = quoteIdentifier(names.schema);
  const pending = pendingAfter(await appliedTo(rights, names, execution), names.schema);
  if (pending.length === 0) return [];
  requireRights(rights, names);
  if (rights.schema === undefined) await execution.execute([`create schema if not exists ${schema}`]);
  // After it was made: nobody else can have made it in between.
  await requireOwnSchema(names.schema, execution.run, { whose: "migration" });
  await execution.execute([guardStatement(names.schema)]);
  if (rights.schema?.migrations === undefined) {
    await execution.execute([
      `create table ${schema}.migrations (name text not null primary key, timestamp text not null)`,
    ]);
  }
  for (const step of pending) {
    await execution.execute([
      ...step.statements(schema),
      `insert into ${schema}.migrations (name, timestamp) values (${literal(step.name)}, ${isoNow})`,
    ]);
  }
  return pending.map((step) => step.name);
}

const isoNow = `to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

async function appliedTo(rights: Rights, names: RightsNames, { run }: Execution): Promise<readonly string[]> {
  const migrations = rights.schema?.migrations;
  if (migrations === undefined) return [];
  if (!migrations.read) throw mayNotUse(rights, names, migrations.owner);
  const { rows } = await run(`select name from ${quoteIdentifier(names.schema)}.migrations`, []);
  return (rows as readonly { readonly name: string }[]).map(({ name }) => name);
}

/** What is still to do. @throws `unsupported` when a newer version of this package has been here. */
function pendingAfter(applied: readonly string[], schema: string): readonly MigrationStep[] {
  const unknown = applied.filter((name) => !migrationSteps.some((step) => step.name === name));
  if (unknown.length > 0) {
    throw new MemoryError(
      "unsupported",
      `The schema ${JSON.stringify(schema)} was migrated by a newer version of this package. Upgrade the package.`,
      { details: { unknown } },
    );
  }
  return migrationSteps.filter((step) => !applied.includes(step.name));
}

/** Asked beforehand: the server would say only that permission is denied. @throws `denied` with what has to be run. */
function requireRights(rights: Rights, names: RightsNames): void {
  const { schema } = rights;
  if (schema === undefined) {
    if (!rights.createsSchemas) throw mayNotCreateSchema(rights, names);
  } else if (schema.migrations !== undefined) {
    if (!schema.migrations.owned) throw mayNotMigrate(rights, names, schema.migrations.owner);
  } else if (!schema.creates) {
    throw mayNotCreateTables(rights, names, schema);
  }
}
