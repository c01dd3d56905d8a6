import type { Limits } from "@relevo/core";
import type { PGlite } from "kysely";
import type { AnyKysely, PostgresPool } from "./database/clients.ts";

export const defaultSchema = "relevo";
export const defaultRole = "relevo_app";

/** The client that reaches the database: exactly one. Whoever made it closes it. */
export type ClientOptions =
  /** A `Pool` of `pg`. */
  | { readonly pool: PostgresPool; readonly pglite?: undefined; readonly kysely?: undefined }
  /** A PGlite: PostgreSQL in this process. */
  | { readonly pglite: PGlite; readonly pool?: undefined; readonly kysely?: undefined }
  /** A Kysely over any dialect of PostgreSQL. */
  | { readonly kysely: AnyKysely; readonly pool?: undefined; readonly pglite?: undefined };

/** What `createPostgresStore` takes: a client, and what may be left out. */
export type PostgresStoreOptions = ClientOptions & {
  /** Where the tables are; `relevo` when left out. */
  readonly schema?: string;
  /**
   * As which role the store works, and so what keeps tenants apart in the database itself.
   *
   * - `connected-role`, the default: as the role that is connected, which must not bypass row-level security.
   * - `application-role`, the default with PGlite, whose only user bypasses everything: each transaction assumes
   *   `applicationRole`. Over a network that costs round trips.
   * - `bypassed-on-purpose`: as the role that is connected, although nothing but the store's own conditions keeps
   *   tenants apart then.
   */
  readonly rowLevelSecurity?: "connected-role" | "application-role" | "bypassed-on-purpose";
  /** The role that `application-role` assumes; `relevo_app` when left out. */
  readonly applicationRole?: string;
  /** How long a call may take, from its beginning to its end; 30,000 when left out. In milliseconds. */
  readonly timeoutMs?: number;
  /**
   * Whether statements of a pool are prepared by name; true when left out. False behind PgBouncer in transaction mode,
   * unless it is 1.21 or newer with `max_prepared_statements` above 0.
   */
  readonly preparedStatements?: boolean;
  readonly limits?: Partial<Limits>;
  /** What failed where no caller waits for it, such as an idle connection that broke. Nothing when left out. */
  readonly onError?: (error: unknown) => void;
};
