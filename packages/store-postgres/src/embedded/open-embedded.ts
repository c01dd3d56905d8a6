import { mkdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Limits, MemoryError, refuse, type Store } from "@relevo/core";
import type { PGlite } from "kysely";
import { createPostgresStore } from "../create-postgres-store.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";
import { openPglite } from "./open-pglite.ts";

export interface EmbeddedOptions {
  readonly limits?: Partial<Limits>;
  /** How long a call may take, from its beginning to its end; 30,000 when left out. In milliseconds. */
  readonly timeoutMs?: number;
  /** What failed where no caller waits for it. Nothing when left out. */
  readonly onError?: (error: unknown) => void;
}

/** A store that owns its database: `close` ends both and lets the next process in. */
export interface EmbeddedStore extends Store {
  /** The folder as an absolute path. */
  readonly folder: string;
  /** The database itself, for queries of your own. It bypasses row-level security. */
  readonly pglite: PGlite;
}

/**
 * A store on a PostgreSQL that runs in this process and keeps its files in a folder, which is made when it is missing.
 * One process at a time: a second one is refused with the owner's process id, and the folder of a process that died is
 * taken over. An acknowledged write survives `kill -9`, not the end of the machine.
 *
 * Whose owner runs on another host or in another container cannot be looked up: it counts as dead after 20 seconds
 * without a sign of life, so opening takes that long then. An owner that blocks its event loop for so long looks dead.
 *
 * @throws `conflict` when a running process has the folder, with `details.pid`; `corrupt`; `unsupported` when another
 *   version of PostgreSQL made the files, or PGlite is not installed; `denied`; `invalid-input` when it is no folder.
 *
 * @example
 * ```ts
 * import { openEmbedded } from "@relevo/store-postgres";
 *
 * await using store = await openEmbedded("./data");
 * ```
 */
export async function openEmbedded(folder: string, options: EmbeddedOptions = {}): Promise<EmbeddedStore> {
  if (typeof folder !== "string" || folder === "" || folder.includes("\0"))
    throw refuse("folder", "must be the path of a folder.");
  const path = resolve(folder);
  const { onError = () => undefined } = options;
  await makeFolder(path);
  const lock = await lockOrExplain(path, onError);
  let pglite: PGlite;
  try {
    pglite = await openPglite(path);
  } catch (error) {
    await lock.release();
    throw error;
  }
  const store = createPostgresStore({ ...options, pglite });
  let closed: Promise<void> | undefined;
  function close(): Promise<void> {
    closed ??= (async () => {
      await store.close();
      try {
        await pglite.close();
      } finally {
        await lock.release();
      }
    })();
    return closed;
  }
  return { ...store, folder: path, pglite, close, [Symbol.asyncDispose]: close };
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw explain(cause, path);
  }
  const foreign = await stat(join(path, "PG_VERSION")).catch(() => undefined);
  if (foreign !== undefined) {
    throw refuse(
      "folder",
      `is the data folder of a PostgreSQL itself: ${path}. Open it with PGlite and pass that to createPostgresStore, or choose another folder.`,
    );
  }
}

async function lockOrExplain(path: string, onError: (error: unknown) => void): Promise<FolderLock> {
  try {
    return await lockFolder(path, { onError });
  } catch (cause) {
    throw MemoryError.isInstance(cause) ? cause : explain(cause, path);
  }
}

/** What the operating system says about a folder, in plain words. */
function explain(cause: unknown, path: string): MemoryError {
  const { code = "unknown" } = cause as NodeJS.ErrnoException;
  const options = { cause, details: { folder: path, code } };
  switch (code) {
    case "EEXIST":
    case "ENOTDIR":
      return new MemoryError(
        "invalid-input",
        `${path} is no folder: a file of that name stands in the way.`,
        options,
      );
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new MemoryError(
        "denied",
        `This process may not write in ${path}. Give its user the right to, or choose another folder.`,
        options,
      );
    case "ENOSPC":
    case "EDQUOT":
      return new MemoryError("unavailable", `There is no room left on the disk of ${path}.`, options);
    default:
      return new MemoryError("unavailable", `The folder ${path} cannot be used (${code}).`, options);
  }
}
