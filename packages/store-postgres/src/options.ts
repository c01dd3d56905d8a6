import type { LimitOverrides } from "@relevo/core";
import type { FieldKinds } from "@relevo/core/input";
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

/** The clients among the options of a call; which of them is given is looked at by itself. */
export const clientKinds: FieldKinds<ClientOptions> = {
  pool: "refines",
  pglite: "refines",
  kysely: "refines",
};

/**
 * As which role a store works, so that row-level security keeps tenants apart.
 *
 * - `automatic`, the default: as the connected role where row-level security binds it, such as the owner of the tables,
 *   on whom it is forced, or a member of the application's role. Otherwise (a superuser, a role with BYPASSRLS, the user
 *   of a PGlite) each transaction assumes `applicationRole`, which costs round trips over a network. Where neither
 *   works, the first call is `denied` and says what has to be run.
 * - `connected-role`: as the connected role, which is refused when it bypasses row-level security.
 * - `application-role`: each transaction assumes `applicationRole`, even where it need not.
 * - `bypassed-on-purpose`: as the connected role, although nothing but the store's own conditions may keep tenants apart
 *   then.
 */
export type RowLevelSecurity = "automatic" | "connected-role" | "application-role" | "bypassed-on-purpose";

/** What `createPostgresStore` takes: a client, and what may be left out. */
export type PostgresStoreOptions = ClientOptions & {
  /** Where the tables are; `relevo` when left out. */
  readonly schema?: string;
  /** What keeps tenants apart in the database itself; `automatic` when left out. */
  readonly rowLevelSecurity?: RowLevelSecurity;
  /** The role that `migratePostgres` has granted the use of the schema; `relevo_app` when left out. */
  readonly applicationRole?: string;
  /** How long a call may take, from its beginning to its end; 30,000 when left out. In milliseconds. */
  readonly timeoutMs?: number | undefined;
  /**
   * Whether statements of a pool are prepared by name; true when left out. False behind PgBouncer in transaction mode,
   * unless it is 1.21 or newer with `max_prepared_statements` above 0.
   */
  readonly preparedStatements?: boolean | undefined;
  readonly limits?: LimitOverrides | undefined;
  /** What failed where no caller waits for it, such as an idle connection that broke. Nothing when left out. */
  readonly onError?: ((error: unknown) => void) | undefined;
};
