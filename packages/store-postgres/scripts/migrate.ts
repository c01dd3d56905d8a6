// Brings a database up to what the store needs, or tells with --dry-run what it would do. See --help.
import { parseArgs } from "node:util";
import { MemoryError, printable } from "@relevo/core";
import { type MigrateResult, migratePostgres } from "@relevo/store-postgres";
import pg from "pg";

const usage = `pnpm migrate [--dry-run] [--schema NAME] [--role NAME] [ADDRESS]

Makes the tables, functions and policies of the store in a database, or what of them is missing. The address is that of
a role that may create them, such as the owner of the database: postgres://owner@host/database; DATABASE_URL when left
out. That role owns the tables, and the store may work as it: row-level security is forced on it.

Where that role may create roles, it also makes one that can use the tables and not change them. Grant it to the login
role of the application, which is then the one to connect as:

  create role my_application login password '…';
  grant relevo_app to my_application;

  --dry-run       changes nothing and prints the SQL
  --schema NAME   where the tables go; relevo when left out
  --role NAME     the application's role; relevo_app when left out. Roles belong to the whole server: on one that you share
                  with people whom you do not trust, name one of your own

Exit code: 0 done or nothing to do; 1 it failed, and nothing was changed; 2 wrong usage.`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    console.error(`${safe(messageOf(error))}\n\n${usage}`);
    return 2;
  }
  const { values, positionals } = parsed;
  if (values.help === true) {
    console.log(usage);
    return 0;
  }
  const address = positionals[0] ?? process.env.DATABASE_URL;
  if (address === undefined || address === "" || positionals.length > 1) {
    console.error(`Name one database: as an address, or in DATABASE_URL.\n\n${usage}`);
    return 2;
  }
  const pool = new pg.Pool({ connectionString: address, max: 1, connectionTimeoutMillis: 10_000 });
  pool.on("error", () => undefined);
  try {
    const result = await migratePostgres({
      pool,
      dryRun: values["dry-run"] === true,
      ...(values.schema === undefined ? {} : { schema: values.schema }),
      ...(values.role === undefined ? {} : { applicationRole: values.role }),
    });
    report(result, values.role ?? "relevo_app", values["dry-run"] === true);
    return 0;
  } catch (error) {
    console.error(safe(reasonOf(error)));
    return 1;
  } finally {
    await pool.end();
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      "dry-run": { type: "boolean" },
      schema: { type: "string" },
      role: { type: "string" },
      help: { type: "boolean" },
    },
  });
}

function report(result: MigrateResult, role: string, dryRun: boolean): void {
  const { applied, sql, applicationRoleReady } = result;
  if (sql.length === 0) console.error("Nothing to do: the schema is up to date.");
  else if (dryRun) console.log(sql.map((statement) => `${statement};`).join("\n\n"));
  else if (applied.length > 0) console.error(`Applied: ${applied.join(", ")}`);
  else console.error(`Granted the role ${role} the use of the schema.`);
  if (!applicationRoleReady) console.error(withoutRole(role));
}

function withoutRole(role: string): string {
  return `
There is no role ${role}, and the role of this address may not create it. The owner of the schema can use the store
without it, under row-level security. For a login role that cannot change the tables, or if the owner has BYPASSRLS, have
an administrator run this, then migrate again:

  create role ${JSON.stringify(role)} nologin;`;
}

/** The store's own words, and what the server said behind them. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : "";
  return MemoryError.isInstance(error) ? `${error.message}${cause}` : messageOf(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A server's words may hold what a terminal obeys; its lines stay lines. */
function safe(text: string): string {
  return text
    .split("\n")
    .map((line) => printable(line))
    .join("\n");
}
