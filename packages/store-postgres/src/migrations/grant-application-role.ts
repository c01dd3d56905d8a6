import type { RightsNames } from "../database/remedies.ts";
import type { ApplicationRights, Rights } from "../database/rights.ts";
import { quoteIdentifier } from "../database/text.ts";
import { createRole, grantUse, joinRole } from "../schema/roles.ts";
import type { Execution } from "./execution.ts";

/**
 * Makes the application's role where the one that migrates may, and grants it the use of the schema. That is no
 * condition for a store: the owner of the tables is under row-level security too. Done whenever it is missing, so that
 * an administrator may make the role later. Returns whether the role may use the schema now.
 */
export async function grantApplicationRole(
  rights: Rights,
  { schema, applicationRole }: RightsNames,
  migrated: boolean,
  execution: Execution,
  look: () => Promise<Rights>,
): Promise<boolean> {
  const { execute, dryRun } = execution;
  const owned = migrated || rights.schema?.migrations?.owned === true;
  if (!owned) return rights.applicationRole?.usesSchema === true;
  if (rights.applicationRole === undefined) {
    if (!rights.createsRoles) return false;
    await execute([createRole(applicationRole)]);
  }
  const supposed: ApplicationRights = { usesSchema: false, assumable: rights.superuser };
  const found = dryRun ? (rights.applicationRole ?? supposed) : (await look()).applicationRole;
  if (found === undefined) return false;
  if (migrated || !found.usesSchema) {
    await execute(grantUse(quoteIdentifier(schema), applicationRole));
  }
  if (rights.bypasses && rights.createsRoles && !found.assumable) await execute([joinRole(applicationRole)]);
  return true;
}
