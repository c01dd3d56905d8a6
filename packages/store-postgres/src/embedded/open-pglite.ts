import { constants } from "node:fs";
import { access, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { MemoryError } from "@relevo/core";
import { migratePostgres } from "../migrations/migrate-postgres.ts";
import { isUpToDate } from "../migrations/migrations.ts";
import { defaultSchema } from "../options.ts";
import { explainFolder, systemCodeOf } from "./explain-folder.ts";
import { type GuardablePglite, guardPglite, type PgliteGuard } from "./guard-pglite.ts";

interface PgliteOptions {
  readonly dataDir?: string;
  readonly startParams?: string[];
  readonly onStderr?: (line: string) => boolean;
  readonly extensions?: { readonly vector: object };
}

interface PgliteClass {
  readonly defaultStartParams: string[];
  create(options?: PgliteOptions): Promise<GuardablePglite>;
}

/** A database whose guard stops it for good after a crash. */
export interface OpenedPglite extends PgliteGuard {
  readonly pglite: GuardablePglite;
}

const settings: readonly string[] = [
  // Its timer would outlive a start that fails, and keep the process from ending.
  "log_startup_progress_interval=0",
  // Of PostgreSQL's 128 MB all is written at the start, which is a third of opening a folder. What does not fit is in the
  // cache of the operating system.
  "shared_buffers=32MB",
];

const versionFile = "PG_VERSION";
/** What the system says when there is no such file, and not that it cannot be read just now. */
const missing: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR", "EISDIR"]);

/**
 * Opens the database below a folder that is locked, and brings its schema up to date. A new one is made beside its
 * place and moved there when it is whole, so that a crash meanwhile leaves nothing that looks like a database.
 *
 * @throws `corrupt`; `unsupported` for files of another version of PostgreSQL, or without PGlite; `denied`;
 *   `unavailable`.
 */
export async function openPglite(folder: string, vectors: boolean): Promise<OpenedPglite> {
  const data = join(folder, "postgres");
  const draft = join(folder, "postgres.new");
  const { PGlite: pgliteClass } = await importPglite();
  const extensions = vectors ? { extensions: await importVectors() } : {};
  try {
    await requireAccess(folder);
    if (!(await exists(data))) {
      await rm(draft, { recursive: true, force: true });
      try {
        await closePglite(await openMigrated(pgliteClass, draft, extensions));
        await rename(draft, data);
      } catch (error) {
        // Whatever filled the disk is no use to anybody. Should that fail too, the next one removes it.
        await rm(draft, { recursive: true, force: true }).catch(() => undefined);
        throw error;
      }
    }
    await requireAccess(data);
    return await openMigrated(pgliteClass, data, extensions);
  } catch (error) {
    throw explainFolder(error, folder);
  }
}

/** Ends a database. One that has stopped only lets go of its files: to shut down, it would write to them. */
export async function closePglite({ pglite, stopped }: OpenedPglite): Promise<void> {
  if (stopped !== undefined) await pglite.fs?.closeFs();
  else if (!pglite.closed) await pglite.close();
}

async function openMigrated(
  pgliteClass: PgliteClass,
  data: string,
  extensions: Pick<PgliteOptions, "extensions">,
): Promise<OpenedPglite> {
  const opened = await create(pgliteClass, data, extensions);
  try {
    const { pglite } = opened;
    const adds = extensions.extensions !== undefined && (await addsVectors(pglite));
    if (adds || !(await isUpToDate((text) => pglite.query(text, []), defaultSchema)))
      await migratePostgres({ pglite });
    return opened;
  } catch (error) {
    // The first error is the one that says what is wrong.
    await closePglite(opened).catch(() => undefined);
    throw error;
  }
}

/** Creates the extension in a database that is without; true when it was. */
async function addsVectors(pglite: GuardablePglite): Promise<boolean> {
  const { rows } = await pglite.query("select from pg_catalog.pg_extension where extname = 'vector'", []);
  if (rows.length > 0) return false;
  await pglite.query("create extension vector", []);
  return true;
}

async function importVectors(): Promise<{ readonly vector: object }> {
  try {
    const { vector } = await import("@electric-sql/pglite-pgvector");
    return { vector };
  } catch (cause) {
    throw new MemoryError(
      "unsupported",
      "Vectors need the package @electric-sql/pglite-pgvector. Install it beside @relevo/store-postgres.",
      { cause },
    );
  }
}

async function importPglite(): Promise<{ readonly PGlite: PgliteClass }> {
  try {
    return await import("@electric-sql/pglite");
  } catch (cause) {
    throw new MemoryError(
      "unsupported",
      "The embedded database needs the package @electric-sql/pglite. Install it beside @relevo/store-postgres.",
      { cause },
    );
  }
}

async function create(
  pgliteClass: PgliteClass,
  data: string,
  extensions: Pick<PgliteOptions, "extensions">,
): Promise<OpenedPglite> {
  // Asked beforehand, because a folder without it would be taken for an empty one and overwritten.
  const found = await readFile(join(data, versionFile), "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (!missing.has(cause.code)) throw explainFolder(cause, data);
  });
  if (found === undefined && (await exists(data))) throw corrupt(data, undefined);
  // Of the start only: later the messages of failed statements would add up.
  let said: string[] | undefined = [];
  try {
    const pglite = await pgliteClass.create({
      dataDir: data,
      ...extensions,
      startParams: [...pgliteClass.defaultStartParams, ...settings.flatMap((setting) => ["-c", setting])],
      onStderr: (line) => {
        if (/\b(FATAL|PANIC|DETAIL):/.test(line)) said?.push(line);
        return false;
      },
    });
    return Object.assign(guardPglite(pglite), { pglite });
  } catch (error) {
    throw explainStart(error, said.join("\n"), data, found !== undefined);
  } finally {
    said = undefined;
  }
}

/** What PGlite throws does not say what is wrong, but what PostgreSQL has printed does. */
function explainStart(error: unknown, said: string, data: string, existed: boolean): MemoryError {
  // PGlite throws the system's errors as objects that are no errors and say nothing.
  const cause =
    said === "" && error instanceof Error
      ? error
      : new Error(said || "PGlite did not start.", { cause: error });
  const code = systemCodeOf(said, error);
  if (code !== undefined) return explainFolder(cause, data, code);
  const [, found, needed] = /by PostgreSQL version (\d+).* this version (\d+)/.exec(said) ?? [];
  if (found !== undefined && needed !== undefined) {
    return new MemoryError(
      "unsupported",
      `The database in ${data} was made by PostgreSQL ${found}, and this version of PGlite is PostgreSQL ${needed}. Open it with the version that made it, export it, and import it into a new folder.`,
      { details: { folder: data, found, needed }, cause },
    );
  }
  if (existed) return corrupt(data, cause);
  return new MemoryError("unavailable", `No database could be made in ${data}. Is there room on its disk?`, {
    details: { folder: data },
    cause,
  });
}

function corrupt(data: string, cause: unknown): MemoryError {
  return new MemoryError(
    "corrupt",
    `The database in ${data} cannot be opened: its files are damaged or some are missing. Restore the folder from a backup, or move it away to start with an empty one.`,
    { details: { folder: data }, cause },
  );
}

async function requireAccess(path: string): Promise<void> {
  await access(path, constants.R_OK | constants.W_OK | constants.X_OK).catch((cause: unknown) => {
    throw explainFolder(cause, path);
  });
}

async function exists(path: string): Promise<boolean> {
  return await access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}
