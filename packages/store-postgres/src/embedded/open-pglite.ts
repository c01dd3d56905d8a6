import { constants } from "node:fs";
import { access, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { MemoryError } from "@relevo/core";
import type { PGlite } from "kysely";
import { migratePostgres } from "../migrations/migrate-postgres.ts";

type PgliteClass = { create(folder?: string): Promise<PGlite> };

const versionFile = "PG_VERSION";

/**
 * Opens the database below a folder that is locked, and brings its schema up to date. A new one is made beside its
 * place and moved there when it is whole, so that a crash meanwhile leaves nothing that looks like a database.
 *
 * @throws `corrupt`; `unsupported` for files of another version of PostgreSQL, or without PGlite; `denied`;
 *   `unavailable`.
 */
export async function openPglite(folder: string): Promise<PGlite> {
  const data = join(folder, "postgres");
  const draft = join(folder, "postgres.new");
  const { PGlite: pgliteClass } = await importPglite();
  await requireAccess(folder);
  if (!(await exists(data))) {
    await rm(draft, { recursive: true, force: true });
    const made = await create(pgliteClass, draft);
    try {
      await migratePostgres({ pglite: made });
    } finally {
      await made.close();
    }
    await rename(draft, data);
  }
  await requireAccess(data);
  const pglite = await create(pgliteClass, data);
  try {
    await migratePostgres({ pglite });
  } catch (error) {
    await pglite.close();
    throw error;
  }
  return pglite;
}

async function importPglite(): Promise<{ readonly PGlite: PgliteClass }> {
  try {
    return (await import("@electric-sql/pglite")) as unknown as { readonly PGlite: PgliteClass };
  } catch (cause) {
    throw new MemoryError(
      "unsupported",
      "The embedded database needs the package @electric-sql/pglite. Install it beside @relevo/store-postgres.",
      { cause },
    );
  }
}

async function create(pgliteClass: PgliteClass, data: string): Promise<PGlite> {
  // Asked beforehand, because a folder without it would be taken for an empty one and overwritten.
  const found = await readFile(join(data, versionFile), "utf8").catch(() => undefined);
  if (found === undefined && (await exists(data))) throw corrupt(data, undefined);
  try {
    return await pgliteClass.create(data);
  } catch (cause) {
    // What PGlite throws does not say what is wrong with the files, so they are compared with those it makes itself.
    const made = found === undefined ? undefined : found.trim();
    const mine = made === undefined ? undefined : await majorOf(pgliteClass);
    if (made !== undefined && mine !== undefined && made !== mine) {
      throw new MemoryError(
        "unsupported",
        `The database in ${data} was made by PostgreSQL ${made}, and this version of PGlite is PostgreSQL ${mine}. Open it with the version that made it, export it, and import it into a new folder.`,
        { details: { folder: data, found: made, needed: mine }, cause },
      );
    }
    if (found !== undefined) throw corrupt(data, cause);
    throw new MemoryError("unavailable", `No database could be made in ${data}. Is there room on its disk?`, {
      details: { folder: data },
      cause,
    });
  }
}

function corrupt(data: string, cause: unknown): MemoryError {
  return new MemoryError(
    "corrupt",
    `The database in ${data} cannot be opened: its files are damaged or some are missing. Restore the folder from a backup, or move it away to begin anew.`,
    { details: { folder: data }, cause },
  );
}

/** The version of PostgreSQL that this PGlite is. */
async function majorOf(pgliteClass: PgliteClass): Promise<string | undefined> {
  try {
    const pglite = await pgliteClass.create();
    try {
      const { rows } = await pglite.query<{ server_version_num: string }>("show server_version_num");
      return String(Math.floor(Number(rows[0]?.server_version_num) / 10_000));
    } finally {
      await pglite.close();
    }
  } catch {
    return undefined;
  }
}

/** @throws `denied` */
async function requireAccess(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new MemoryError(
      "denied",
      `This process may not write in ${path}. Give its user the right to, or choose another folder.`,
      { details: { folder: path }, cause },
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}
