import type { IdGenerator } from "@relevo/core";
import type { Database } from "./database/database.ts";
import type { Turns } from "./database/turns.ts";

/** What the ports of one store share. */
export interface StoreContext {
  readonly database: Database;
  readonly ids: IdGenerator;
  /** Writers of one session wait for each other here rather than in the database. */
  readonly turns: Turns;
  /** As text: how long a statement may wait for a lock, for `set_config`. */
  readonly lockTimeoutMs: string;
  readonly timeoutMs: number;
  readonly onError: (error: unknown) => void;
}
