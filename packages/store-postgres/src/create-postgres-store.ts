import {
  type ChangeFeed,
  createUuidGenerator,
  type DocumentStore,
  type DocumentTransfer,
  type EventLog,
  type EventTransfer,
  type Leases,
  type SharedSearchIndex,
  type Store,
} from "@relevo/core";
import {
  admitChoice,
  admitFields,
  admitInteger,
  type FieldTable,
  fieldTable,
  resolveLimits,
} from "@relevo/core/input";
import { createStore } from "@relevo/core/store";
import type { StoreContext } from "./context.ts";
import { createConnector } from "./database/create-connector.ts";
import { createDatabase } from "./database/create-database.ts";
import { requireRoleName } from "./database/text.ts";
import { createTurns } from "./database/turns.ts";
import { createDocumentDriver } from "./documents/document-driver.ts";
import { createFeedDriver } from "./feed-driver.ts";
import { createLeaseDriver } from "./lease-driver.ts";
import { createLogDriver } from "./log/log-driver.ts";
import { createScanDriver } from "./log/scan-driver.ts";
import { createTransferDriver } from "./log/transfer-driver.ts";
import { createMaintenanceDriver } from "./maintenance/maintenance-driver.ts";
import { createPostgresMaintenance, type PostgresMaintenance } from "./maintenance/postgres-maintenance.ts";
import { clientKinds, defaultRole, defaultSchema, type PostgresStoreOptions } from "./options.ts";
import { createSearchIndex } from "./search/search-index.ts";

export const defaultTimeoutMs: number = 30_000;
export const maxTimeoutMs: number = 2 ** 31 - 1;

const storeFields: FieldTable = fieldTable<PostgresStoreOptions>({
  ...clientKinds,
  schema: "selects",
  rowLevelSecurity: "selects",
  applicationRole: "selects",
  timeoutMs: "refines",
  preparedStatements: "refines",
  limits: "refines",
  onError: "refines",
});

/**
 * The store on PostgreSQL: every port, and what only this store offers to its operator. `search` is an index that all
 * processes share, for a recall over this store or over another one.
 */
export interface PostgresStore extends Store {
  readonly log: EventLog & EventTransfer;
  readonly documents: DocumentStore & DocumentTransfer;
  readonly leases: Leases;
  readonly feed: ChangeFeed;
  readonly search: SharedSearchIndex;
  readonly maintenance: PostgresMaintenance;
}

/**
 * A store on a PostgreSQL, which `migratePostgres` has prepared. Connects to nothing before the first call; the first
 * one also makes sure that the schema is the one this package needs, and chooses a role that cannot look past row-level
 * security (see `RowLevelSecurity`). Any number of stores, in any number of processes, share one database.
 *
 * Every call ends by `timeoutMs` with a `MemoryError` whose `outcome` says what is known. What was certainly not
 * applied and may pass (a deadlock, a full server, a lost connection) is tried again before that, and so is what may be
 * done twice: reads, and appends that carry an operation.
 *
 * @throws `invalid-input` for an option out of its range, or when there is not exactly one client.
 *
 * @example
 * ```ts
 * import { PGlite } from "@electric-sql/pglite";
 * import { createPostgresStore, migratePostgres } from "@relevo/store-postgres";
 *
 * const pglite = new PGlite();
 * await migratePostgres({ pglite });
 * const store = createPostgresStore({ pglite });
 * const address = { tenant: "acme", session: "s-1" };
 * await store.log.append(address, [{ type: "message", body: { role: "user", content: "Hola" } }]);
 * const { events } = await store.log.read(address, { direction: "backward", limit: 20 });
 * console.log(events.length); // 1
 * await store.close();
 * await pglite.close();
 * ```
 */
export function createPostgresStore(given: PostgresStoreOptions): PostgresStore {
  return createStoreOver(given, false);
}

/**
 * As `createPostgresStore`, over a database that only this process has: nobody else can have put into its schema what would
 * run with the store's rights, and looking for it takes a tenth of opening a folder.
 */
export function createPrivateStore(given: PostgresStoreOptions): PostgresStore {
  return createStoreOver(given, true);
}

function createStoreOver(given: PostgresStoreOptions, isPrivate: boolean): PostgresStore {
  const options = admitFields(given, "options", storeFields);
  const timeoutMs = admitInteger(options.timeoutMs ?? defaultTimeoutMs, "timeoutMs", 1, maxTimeoutMs);
  const { rowLevelSecurity, onError = () => undefined } = options;
  const security = admitChoice(
    rowLevelSecurity,
    "rowLevelSecurity",
    ["automatic", "connected-role", "application-role", "bypassed-on-purpose"],
    "automatic",
  );
  const database = createDatabase({
    connector: createConnector(options, {
      preparedStatements: options.preparedStatements ?? true,
      onError,
    }),
    schema: options.schema ?? defaultSchema,
    limits: resolveLimits(options.limits),
    rowLevelSecurity: security,
    applicationRole: requireRoleName(options.applicationRole ?? defaultRole, "applicationRole"),
    isPrivate,
    timeoutMs,
  });
  const context: StoreContext = {
    database,
    ids: createUuidGenerator(),
    turns: createTurns(timeoutMs),
    lockTimeoutMs: String(Math.max(1, Math.floor(timeoutMs * 0.9))),
    timeoutMs,
    onError,
  };
  const search = createSearchIndex(context);
  const store = createStore({
    limits: database.limits,
    log: createLogDriver(context),
    documents: createDocumentDriver(context),
    transfer: createTransferDriver(context),
    scan: createScanDriver(context),
    leases: createLeaseDriver(context),
    feed: createFeedDriver(context),
    search,
    maintenance: createMaintenanceDriver(context, isInMemory(options.pglite)),
    close: () => database.close(),
  });
  return Object.freeze({
    ...store,
    search,
    maintenance: createPostgresMaintenance(context, store.maintenance),
  });
}

/** A PGlite without a folder forgets everything with its process. */
function isInMemory(pglite: PostgresStoreOptions["pglite"]): boolean {
  const { dataDir } = (pglite ?? { dataDir: "server" }) as { readonly dataDir?: string };
  return dataDir === undefined || dataDir.startsWith("memory://");
}
