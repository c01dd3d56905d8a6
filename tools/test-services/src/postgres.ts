import { randomUUID } from "node:crypto";
import { findPostgresBinaries, findPostgresVersion } from "./find-binary.ts";
import { initialize, type PostgresProgram, postgresProgram } from "./postgres-program.ts";
import { type PostgresRow, queryPostgres } from "./query-postgres.ts";
import { type ServerControl, startServer } from "./server-process.ts";
import { missingService } from "./service.ts";

export interface PostgresOptions {
  /**
   * Whether the server does what it takes to survive a power cut: fsync, full page writes, synchronous commit. Off by
   * default, as tests are faster without; on for a test of what `kill()` loses.
   */
  readonly durable?: boolean;
  /** Further settings, such as `{ max_connections: 20 }`; they win over ours. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** The name of the role that owns the server; `postgres` when left out. It needs no password. */
  readonly superuser?: string;
  /** Further arguments of `initdb`, such as `["--locale-provider=icu", "--icu-locale=en-US"]`. */
  readonly initdbArgs?: readonly string[];
  /** The major version of the server, such as 14; whichever is found first when left out. */
  readonly version?: number;
}

/** Databases of tests' own, on a private server or on the one that `DATABASE_URL` names. */
export interface PostgresDatabases {
  /** A database for this caller alone. On a private server the role is its superuser. */
  readonly url: string;
  /** Creates one more empty database, by a name of its own when none is given. Gone after `stop`. */
  createDatabase(name?: string): Promise<string>;
  /** Runs SQL over a connection of its own, in `url` or the given database. @throws as `pg` does. */
  query(sql: string, url?: string): Promise<readonly PostgresRow[]>;
  /** `undefined` on a server that is not ours to kill. */
  readonly control: ServerControl | undefined;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A private PostgreSQL on 127.0.0.1. */
export interface PostgresServer extends PostgresDatabases, ServerControl {
  readonly control: ServerControl;
}

/**
 * Databases in the server of `DATABASE_URL` when it is set, where they are dropped by `stop` and stay behind when this
 * process is killed; else a private server.
 *
 * @throws Error when there is neither (see `requireService`), or with the server's log when it fails.
 * @example
 * await using postgres = await startPostgres();
 * await postgres.query("select 1 as one"); // [{ one: 1 }]
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresDatabases> {
  const given = process.env.DATABASE_URL;
  return given ? await borrowServer(given) : await startPrivatePostgres(options);
}

/**
 * Starts a private PostgreSQL on a free port, in a temporary folder, and resolves when it answers a query. As root it
 * runs under an unprivileged user. It ends with `stop`, or with this process, in whatever way that goes.
 *
 * @throws Error when there are no programs (see `requireService("private-postgres")`), or with the server's log.
 * @example
 * await using postgres = await startPrivatePostgres({ durable: true });
 * await postgres.kill();
 * await postgres.restart();
 */
export async function startPrivatePostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const { superuser = "postgres", initdbArgs = [], version } = options;
  const binaries = version === undefined ? findPostgresBinaries() : findPostgresVersion(version);
  if (binaries === undefined) {
    throw missingService(version === undefined ? "private-postgres" : `postgres-${version}`);
  }
  const urlOn = (port: number, database: string) =>
    `postgres://${encodeURIComponent(superuser)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  let program: PostgresProgram | undefined;
  const control = await startServer({
    name: "postgres",
    gently: true,
    // SIGTERM would wait until the last client has gone.
    endSignal: "SIGINT",
    async prepare(dir) {
      program = await postgresProgram(binaries, dir);
      await initialize(program, dir, ["-U", superuser, ...initdbArgs]);
    },
    command: (dir, port) => ({
      ...program,
      file: binaries.postgres,
      args: postgresArguments(dir, port, options),
    }),
    isReady: async (port, _pid, dir) => {
      // Another server's answer would pass for ours when it took the port first.
      const [row] = await queryPostgres(urlOn(port, "postgres"), "show data_directory");
      return row?.data_directory === `${dir}/data`;
    },
  });
  const url = urlOn(control.port, "postgres");
  let created = 0;
  // Assigned, not spread: a copy would keep the pid of the first start.
  return Object.assign(control, {
    url,
    control,
    query: (sql: string, database = url) => queryPostgres(database, sql),
    async createDatabase(name?: string) {
      created += 1;
      const database = name ?? `test_${created}`;
      await queryPostgres(url, `create database ${quoted(database)}`);
      return urlOn(control.port, database);
    },
  });
}

function postgresArguments(
  dir: string,
  port: number,
  { durable = false, settings = {} }: PostgresOptions,
): readonly string[] {
  const all = {
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: "",
    fsync: durable,
    synchronous_commit: durable,
    full_page_writes: durable,
    max_connections: 200,
    shared_buffers: "32MB",
    // In the data folder, where it goes with it; in /dev/shm a kill would leave it behind.
    dynamic_shared_memory_type: "mmap",
    ...settings,
  };
  return [
    "-D",
    `${dir}/data`,
    ...Object.entries(all).flatMap(([name, value]) => [
      "-c",
      `${name}=${typeof value === "boolean" ? (value ? "on" : "off") : value}`,
    ]),
  ];
}

async function borrowServer(server: string): Promise<PostgresDatabases> {
  const created: string[] = [];
  const createDatabase = async (name = `relevo_test_${randomUUID().replaceAll("-", "")}`) => {
    await queryPostgres(server, `create database ${quoted(name)}`);
    created.push(name);
    const url = new URL(server);
    url.pathname = `/${encodeURIComponent(name)}`;
    return url.href;
  };
  const url = await createDatabase();
  const stop = async () => {
    for (const name of created.splice(0)) {
      await queryPostgres(server, `drop database if exists ${quoted(name)} with (force)`);
    }
  };
  return {
    url,
    control: undefined,
    createDatabase,
    query: (sql, database = url) => queryPostgres(database, sql),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
