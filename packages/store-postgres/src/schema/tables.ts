import type { DocumentTables } from "./documents.ts";
import type { EventTables } from "./events.ts";
import type { SessionTables } from "./sessions.ts";

/** Every table of the schema, as Kysely sees it. */
export interface Tables extends SessionTables, EventTables, DocumentTables {}
