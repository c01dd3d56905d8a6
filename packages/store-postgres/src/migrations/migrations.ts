import { createSchema } from "../schema/create-schema.ts";
import { latestMigration } from "./names.ts";

/** One step of the schema, forward only. What was released is never changed: a new step follows it. */
export interface MigrationStep {
  readonly name: string;
  statements(schema: string): readonly string[];
}

export const migrationSteps: readonly MigrationStep[] = [{ name: latestMigration, statements: createSchema }];
