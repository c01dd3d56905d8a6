/** What the connected role may do around the schema, and what is there. Names as they are, without quotes. */
export interface Rights {
  readonly role: string;
  readonly database: string;
  readonly superuser: boolean;
  /** Whether the connected role sees every row, whatever the policies say: a superuser, or BYPASSRLS. */
  readonly bypasses: boolean;
  readonly createsRoles: boolean;
  readonly createsSchemas: boolean;
  /** Whether this server knows members that may not work as the role they are in: from 16 on. */
  readonly grantsWithOptions: boolean;
  readonly settings: SessionSettings;
  readonly schema: SchemaRights | undefined;
  readonly applicationRole: ApplicationRights | undefined;
}

export interface SchemaRights {
  readonly owner: string;
  /** Whether the connected role may run what is in the schema: its owner is that role itself, or a superuser. */
  readonly trusted: boolean;
  /** Whether the connected role may make tables in it. */
  readonly creates: boolean;
  readonly migrations: MigrationsRights | undefined;
}

/** Of the table of migrations, and so of all that a migration makes. */
export interface MigrationsRights {
  readonly owner: string;
  /** As for the schema. */
  readonly trusted: boolean;
  readonly owned: boolean;
  readonly read: boolean;
}

export interface ApplicationRights {
  /** Whether the role may use the schema, as `migratePostgres` grants it. */
  readonly usesSchema: boolean;
  /** Whether the connected role may work as this role. */
  readonly assumable: boolean;
}

/** Settings under which statements would fail, or mean something else. As the server shows them. */
export interface SessionSettings {
  readonly encoding: string;
  readonly arrayNulls: string;
  readonly rowSecurity: string;
  readonly isolation: string;
}

interface RightsRow {
  readonly encoding: string;
  readonly array_nulls: string;
  readonly row_security: string;
  readonly isolation: string;
  readonly role: string;
  readonly database: string;
  readonly superuser: boolean;
  readonly bypasses: boolean;
  readonly creates_roles: boolean;
  readonly creates_schemas: boolean;
  readonly grants_with_options: boolean;
  readonly schema_owner: string | null;
  readonly trusted: boolean | null;
  readonly creates: boolean | null;
  readonly migrations_owner: string | null;
  readonly migrations_trusted: boolean | null;
  readonly owned: boolean | null;
  readonly read: boolean | null;
  readonly application_uses: boolean | null;
  readonly assumable: boolean | null;
}

const since16 = "current_setting('server_version_num')::integer >= 160000";

// Every database of a cluster has a role pg_database_owner, whose only member is the owner of the database.
// From 16 on a member may lack the right to work as the role: who makes a role is a member without it.
const text = `select current_setting('server_encoding') as encoding, current_setting('array_nulls') as array_nulls,
  current_setting('row_security') as row_security,
  current_setting('default_transaction_isolation') as isolation,
  me.rolname::text as role, current_database()::text as database, me.rolsuper as superuser,
  me.rolsuper or me.rolbypassrls as bypasses, me.rolsuper or me.rolcreaterole as creates_roles,
  has_database_privilege(current_database(), 'create') as creates_schemas, ${since16} as grants_with_options,
  o.rolname::text as schema_owner, o.rolsuper or o.rolname = me.rolname as trusted,
  has_schema_privilege(s.oid, 'usage') and has_schema_privilege(s.oid, 'create') as creates,
  mo.rolname::text as migrations_owner, mo.rolsuper or mo.rolname = me.rolname as migrations_trusted,
  pg_has_role(m.relowner, 'usage') as owned,
  has_schema_privilege(s.oid, 'usage') and has_table_privilege(m.oid, 'select') as read,
  case when a.oid is not null then s.oid is not null and has_schema_privilege(a.oid, s.oid, 'usage') end
    as application_uses,
  pg_has_role(a.oid, case when ${since16} then 'set' else 'member' end) as assumable
from pg_catalog.pg_roles as me
  join pg_catalog.pg_database as d on d.datname = current_database()
  left join pg_catalog.pg_namespace as s on s.nspname = $1
  left join pg_catalog.pg_roles as p on p.oid = s.nspowner
  left join pg_catalog.pg_roles as o on o.oid = case when p.rolname = 'pg_database_owner' then d.datdba else p.oid end
  left join pg_catalog.pg_class as m on m.relnamespace = s.oid and m.relname = 'migrations' and m.relkind = 'r'
  left join pg_catalog.pg_roles as mo on mo.oid = m.relowner
  left join pg_catalog.pg_roles as a on a.rolname = $2
where me.rolname = current_user`;

/**
 * Looks at catalogs only, which every role may read: nothing here is refused. `run` looks up names in `pg_catalog`, or
 * qualifies them.
 */
export async function readRights(
  schema: string,
  applicationRole: string,
  run: (text: string, values: readonly unknown[]) => Promise<readonly unknown[]>,
): Promise<Rights> {
  const [row] = (await run(text, [schema, applicationRole])) as readonly RightsRow[];
  if (row === undefined) throw new Error("The connected role cannot be found in pg_roles.");
  return {
    role: row.role,
    database: row.database,
    superuser: row.superuser,
    bypasses: row.bypasses,
    createsRoles: row.creates_roles,
    createsSchemas: row.creates_schemas,
    grantsWithOptions: row.grants_with_options,
    settings: {
      encoding: row.encoding,
      arrayNulls: row.array_nulls,
      rowSecurity: row.row_security,
      isolation: row.isolation,
    },
    schema: schemaRights(row),
    applicationRole:
      row.application_uses === null
        ? undefined
        : { usesSchema: row.application_uses, assumable: row.assumable === true },
  };
}

function schemaRights(row: RightsRow): SchemaRights | undefined {
  if (row.schema_owner === null) return undefined;
  return {
    owner: row.schema_owner,
    trusted: row.trusted === true,
    creates: row.creates === true,
    migrations:
      row.migrations_owner === null
        ? undefined
        : {
            owner: row.migrations_owner,
            trusted: row.migrations_trusted === true,
            owned: row.owned === true,
            read: row.read === true,
          },
  };
}
