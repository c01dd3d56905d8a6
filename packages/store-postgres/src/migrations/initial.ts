import { appendFunction, retractFunction } from "../schema/append-function.ts";
import { documentFunctions, documentTables } from "../schema/documents.ts";
import { eventTables } from "../schema/events.ts";
import { endingFunctions, headFunctions, leaseFunctions } from "../schema/head-functions.ts";
import { listFunction } from "../schema/list-function.ts";
import { maintenanceFunctions } from "../schema/maintenance-functions.ts";
import { readFunction } from "../schema/read-function.ts";
import { removalFunctions } from "../schema/removals.ts";
import { closeToPublic, secureRegistry, secureTable } from "../schema/roles.ts";
import { sessionFunctions, sessionTables } from "../schema/sessions.ts";
import { views } from "../schema/views.ts";
import { tenantTables } from "./names.ts";

/** Everything, as it was first. `schema` is quoted. */
export function initialMigration(schema: string): readonly string[] {
  return [
    ...sessionTables(schema),
    ...eventTables(schema),
    ...documentTables(schema),
    ...sessionFunctions(schema),
    ...removalFunctions(schema),
    retractFunction(schema),
    appendFunction(schema, "one"),
    appendFunction(schema, "many"),
    readFunction(schema),
    listFunction(schema),
    ...endingFunctions(schema),
    ...headFunctions(schema),
    ...leaseFunctions(schema),
    ...documentFunctions(schema),
    ...maintenanceFunctions(schema),
    ...secureRegistry(schema),
    ...tenantTables.filter((table) => table !== "tenants").flatMap((table) => secureTable(schema, table)),
    ...views(schema),
    ...closeToPublic(schema),
  ];
}
