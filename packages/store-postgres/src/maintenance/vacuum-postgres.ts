import { type CallOptions, MemoryError } from "@relevo/core";
import { admitFields, callKinds, type FieldTable, fieldTable, throwIfAborted } from "@relevo/core/input";
import { createConnector } from "../database/create-connector.ts";
import { Deadline } from "../database/deadline.ts";
import { toMemoryError } from "../database/errors.ts";
import { qualify } from "../database/qualify.ts";
import { quoteIdentifier } from "../database/text.ts";
import { type ClientOptions, clientKinds, defaultSchema } from "../options.ts";

/** What `vacuumPostgres` takes: a client of the role that owns the tables, and where they are. */
export type VacuumOptions = ClientOptions &
  CallOptions & {
    /** Where the tables are; `relevo` when left out. */
    readonly schema?: string;
    /**
     * Rewrites every table into new files, and removes the old ones. Nobody can read or write a table meanwhile, and
     * the disk needs room for both. False when left out.
     */
    readonly full?: boolean | undefined;
  };

const vacuumFields: FieldTable = fieldTable<VacuumOptions>({
  ...clientKinds,
  ...callKinds,
  schema: "selects",
  full: "refines",
});

export interface VacuumResult {
  /**
   * Tables in which something may be left that was removed before the call, because a transaction that was open all the
   * time may still see it: end it, and vacuum again. Empty when all is gone.
   */
  readonly incomplete: readonly string[];
}

/**
 * Removes what erasures, deletions and updates have left in the tables. PostgreSQL keeps an old row, with its content,
 * until vacuum removes it; autovacuum does so by itself, but only once a fifth of a table is dead. After this call no
 * statement finds the old rows. Their bytes can still stand in free space of the same files until something is written
 * over them, and with `full` no longer, but for the free blocks of the disk.
 *
 * Not reached by either: the write-ahead log, which the server recycles after its next checkpoints, replicas that lag
 * behind, archives and backups.
 *
 * Not for the application's role: only the owner of the tables may vacuum them. Runs one statement for each table, none
 * in a transaction; when it fails in the middle, the tables before are done. Call it again.
 *
 * @throws `denied` for a role that may not vacuum the tables; `unsupported` when there are none; `aborted`;
 *   `unavailable`.
 *
 * @example
 * ```ts
 * import { openEmbedded, vacuumPostgres } from "@relevo/store-postgres";
 *
 * await using store = await openEmbedded("./data");
 * await store.log.erase({ tenant: "acme", session: "s-1" }, { seqs: [{ from: 1, to: 4 }] });
 * const { incomplete } = await vacuumPostgres({ pglite: store.pglite, full: true });
 * console.log(incomplete.length); // 0
 * ```
 */
export async function vacuumPostgres(given: VacuumOptions): Promise<VacuumResult> {
  const options = admitFields(given, "options", vacuumFields);
  const { schema = defaultSchema, full = false, signal } = options;
  const quoted = quoteIdentifier(schema);
  throwIfAborted(signal);
  const connector = createConnector(options, { preparedStatements: false, onError: () => undefined });
  // It takes as long as it takes: the tables may be large.
  using deadline = new Deadline(2 ** 31 - 1, signal);
  const run = (text: string, values: readonly unknown[] = []): Promise<readonly unknown[]> =>
    connector.single({ text, values }, undefined, { deadline, progress: { sent: false } });
  try {
    const tables = (await run(qualify(tablesText), [schema])) as readonly TableRow[];
    requireRights(tables, schema);
    // Whatever was removed before has a smaller number.
    const [began] = (await run(qualify(transactionText))) as readonly { readonly xid: string }[];
    for (const { name } of tables) {
      const table = `${quoted}.${quoteIdentifier(name, "table")}`;
      if (full) await run(`vacuum (full, freeze) ${table}`);
      // After the other too, which counts nothing. With indexes: by itself it leaves them when few rows are dead.
      await run(`vacuum (freeze, index_cleanup on) ${table}`);
    }
    const ages = (await run(qualify(frozenText), [schema, began?.xid])) as readonly FrozenRow[];
    return { incomplete: ages.filter(({ reached }) => !reached).map(({ name }) => name) };
  } catch (error) {
    throw toMemoryError(error, "unknown");
  }
}

interface TableRow {
  readonly name: string;
  readonly allowed: boolean;
  readonly role: string;
}

/** Without the right, `vacuum` leaves a table out and only warns. 17 has a right of its own for that. */
const tablesText = `select c.relname::text as name, current_user::text as role,
  pg_has_role(c.relowner, 'USAGE') or pg_has_role(d.datdba, 'USAGE')
    or case when current_setting('server_version_num')::integer >= 170000
      then has_table_privilege(c.oid, 'MAINTAIN') else false end as allowed
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_database as d on d.datname = current_database()
where c.relkind = 'r' and n.nspname = $1
order by c.relname`;

interface FrozenRow {
  readonly name: string;
  readonly reached: boolean;
}

const transactionText = "select pg_current_xact_id()::text as xid";

/**
 * Whether a vacuum that freezes got as far as the transaction `$2`. It stops at the oldest one that anybody may still
 * look back to, and leaves that in `relfrozenxid`: the number modulo 2^32, of which half is in the future. The counts of
 * dead rows in the statistics do not tell, because sessions report what they removed seconds later.
 */
const frozenText = `select c.relname::text as name, bool_and(
  mod(((f.relfrozenxid::text::bigint - mod($2::text::bigint, 4294967296)) + 4294967296), 4294967296) < 2147483648
) as reached
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_class as f on f.oid = c.oid or f.oid = c.reltoastrelid
where c.relkind = 'r' and n.nspname = $1
group by c.relname order by c.relname`;

function requireRights(tables: readonly TableRow[], schema: string): void {
  if (tables.length === 0) {
    throw new MemoryError(
      "unsupported",
      `The database has no tables in a schema ${JSON.stringify(schema)}. Run migratePostgres() first.`,
    );
  }
  const refused = tables.filter(({ allowed }) => !allowed).map(({ name }) => name);
  if (refused.length === 0) return;
  throw new MemoryError(
    "denied",
    `The role ${JSON.stringify(tables[0]?.role)} may not vacuum ${refused.join(", ")}. Connect as the role that owns the schema ${JSON.stringify(schema)}.`,
    { details: { tables: refused } },
  );
}
