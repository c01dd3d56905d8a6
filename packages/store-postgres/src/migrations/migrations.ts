import { quoteIdentifier } from "../database/text.ts";
import { createSchema, createSearchSchema } from "../schema/create-schema.ts";
import type { migrationNames } from "./names.ts";

/** One step of the schema, forward only. What was released is never changed: a new step follows it. */
export interface MigrationStep {
  readonly name: (typeof migrationNames)[number];
  statements(schema: string): readonly string[];
}

export const migrationSteps: readonly MigrationStep[] = [
  { name: "2026-11-26-initial", statements: createSchema },
  { name: "2026-11-26-search", statements: createSearchSchema },
];

/**
 * Whether a database that only this process has ever had is up to date, by the names of the migrations. Looking at rights
 * and at who could have prepared the schema, as a migration does, takes a fifth of opening a folder, and who can write to the
 * folder can do as he likes.
 */
export async function isUpToDate(
  run: (text: string) => Promise<{ readonly rows: readonly unknown[] }>,
  schema: string,
): Promise<boolean> {
  try {
    const { rows } = await run(`select name from ${quoteIdentifier(schema)}.migrations`);
    const names = (rows as readonly { readonly name: string }[]).map(({ name }) => name).sort();
    return names.join() === migrationSteps.map(({ name }) => name).join();
  } catch {
    // There is no such table yet. Whatever else is wrong, the migration says it better.
    return false;
  }
}
