import { chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findPgbouncer } from "./find-binary.ts";
import { unprivilegedUser } from "./postgres-program.ts";
import { queryPostgres } from "./query-postgres.ts";
import { type ServerControl, startServer } from "./server-process.ts";
import { missingService } from "./service.ts";

export interface PgbouncerOptions {
  /** A database of a private server, whose role needs no password. */
  readonly url: string;
  /** How many connections to the server all clients share, for each role; 2 when left out. */
  readonly poolSize?: number;
  /** Further settings of its `[pgbouncer]` section; they win over ours. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** A private PgBouncer on 127.0.0.1. */
export interface PgbouncerServer extends ServerControl {
  /** `url` of the options through the pooler. */
  readonly url: string;
  /** Such as `1.18.0`. */
  readonly version: string;
}

/**
 * Starts a private PgBouncer in transaction mode before a private PostgreSQL. It ends with `stop`, or with this process.
 *
 * @throws Error when there is no program (see `requireService("pgbouncer")`), or with its log when it fails.
 * @example
 * await using postgres = await startPrivatePostgres();
 * await using pooler = await startPgbouncer({ url: postgres.url, poolSize: 2 });
 */
export async function startPgbouncer(options: PgbouncerOptions): Promise<PgbouncerServer> {
  const file = findPgbouncer();
  if (file === undefined) throw missingService("pgbouncer");
  const server = new URL(options.url);
  const role = decodeURIComponent(server.username);
  const asRoot = process.getuid?.() === 0;
  const user = asRoot ? await unprivilegedUser() : undefined;
  const control = await startServer({
    name: "pgbouncer",
    gently: true,
    endSignal: "SIGTERM",
    async prepare(dir, port) {
      const settings = {
        listen_addr: "127.0.0.1",
        listen_port: port,
        unix_socket_dir: "",
        auth_type: "trust",
        auth_file: join(dir, "users"),
        admin_users: role,
        pool_mode: "transaction",
        default_pool_size: options.poolSize ?? 2,
        max_client_conn: 200,
        ...options.settings,
      };
      const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
      const target = `* = host=${server.hostname} port=${server.port}`;
      const configuration = ["[databases]", target, "[pgbouncer]", ...lines, ""].join("\n");
      await writeFile(join(dir, "pgbouncer.ini"), configuration);
      await writeFile(join(dir, "users"), `"${role.replaceAll('"', '""')}" ""\n`);
      if (user !== undefined) await chown(dir, user.uid, user.gid);
    },
    command: (dir) => ({ file, args: [join(dir, "pgbouncer.ini")], ...user }),
    isReady: async (port) => {
      await queryPostgres(`postgres://${server.username}@127.0.0.1:${port}${server.pathname}`, "select 1");
      return true;
    },
  });
  const url = new URL(server);
  url.port = `${control.port}`;
  const admin = new URL(url);
  admin.pathname = "/pgbouncer";
  const [row] = await queryPostgres(admin.href, "show version");
  const version = /\d+(?:\.\d+)+/u.exec(`${row?.version}`)?.[0] ?? "unknown";
  // Assigned, not spread: a copy would keep the pid of the first start.
  return Object.assign(control, { url: url.href, version });
}
