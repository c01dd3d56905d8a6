import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Limits, MemoryError } from "@relevo/core";
import { admitInteger, admitOptions, fieldTable, refuse, resolveLimits } from "@relevo/core/input";
import type { PGlite } from "kysely";
import {
  createPrivateStore,
  defaultTimeoutMs,
  maxTimeoutMs,
  type PostgresStore,
} from "../create-postgres-store.ts";
import { explainFolder } from "./explain-folder.ts";
import { lockFolder } from "./folder-lock.ts";
import { makeFolder } from "./make-folder.ts";
import { closePglite, type OpenedPglite, openPglite } from "./open-pglite.ts";
import { within } from "./within.ts";

export interface EmbeddedOptions {
  readonly limits?: Partial<Limits> | undefined;
  /** How long a call may take, from its beginning to its end; 30,000 when left out. In milliseconds. */
  readonly timeoutMs?: number | undefined;
  /**
   * Whether the search index takes vectors; not when left out. Needs `@electric-sql/pglite-pgvector` beside this package, each
   * time that the folder is opened once it has some.
   */
  readonly vectors?: boolean | undefined;
  /** What failed where no caller waits for it. Nothing when left out. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

const optionFields = fieldTable<EmbeddedOptions>({
  limits: "refines",
  timeoutMs: "refines",
  vectors: "refines",
  onError: "refines",
});

/** How long making or recovering a database may take. In milliseconds. */
const openMs = 300_000;

/**
 * A store that owns its database: `close` ends both and lets the next process in. It fails with `timeout` while a
 * transaction of your own on `pglite` has not ended; the folder stays taken until that ends.
 */
export interface EmbeddedStore extends PostgresStore {
  /** The folder as an absolute path. */
  readonly folder: string;
  /** The database itself, for queries of your own. It bypasses row-level security. */
  readonly pglite: PGlite;
}

/**
 * A store on a PostgreSQL that runs in this process and keeps its files in a folder, which is made when it is missing.
 * One process at a time: the operating system keeps the folder for its owner, whether that answers or not, and gives it
 * to the next one as soon as the owner has ended. An acknowledged write survives `kill -9`, not the end of the machine.
 *
 * A disk without room ends the database as it would end a server: calls fail with `unavailable`, and the next opening
 * recovers what was acknowledged. When the folder is removed below the store, calls fail with `conflict`.
 *
 * @throws `conflict` when a process has the folder, with `details.pid` and `details.host` where they are known;
 *   `corrupt`; `unsupported` when another version of PostgreSQL made the files, or PGlite or `node:sqlite` is missing;
 *   `denied`; `invalid-input` when it can be no folder; `unavailable` with what the system said as `cause`; `timeout`.
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
  const admitted = admitOptions(options, optionFields);
  const { onError = () => undefined, limits, vectors = false } = admitted;
  if (typeof vectors !== "boolean") throw refuse("options.vectors", "must be true or false.");
  // Before the folder is touched: making a database takes seconds.
  const timeoutMs = admitInteger(admitted.timeoutMs ?? defaultTimeoutMs, "timeoutMs", 1, maxTimeoutMs);
  const opening = openFolder(path, { limits: resolveLimits(limits), timeoutMs, onError }, vectors);
  const { store, pglite, end } = await within(openMs, opening, `${path} could not be opened in time.`).catch(
    (error: unknown) => {
      // Should it open after all, it must not stay so.
      opening.then((late) => late.end().catch(onError)).catch(() => undefined);
      throw error;
    },
  );
  let closed: Promise<void> | undefined;
  function close(): Promise<void> {
    closed ??= store
      .close()
      .then(() => within(timeoutMs, end(), `A transaction on the database in ${path} has not ended.`));
    return closed;
  }
  return { ...store, folder: path, pglite, close, [Symbol.asyncDispose]: close };
}

interface AdmittedOptions {
  readonly limits: Limits;
  readonly timeoutMs: number;
  readonly onError: (error: unknown) => void;
}

interface OpenFolder {
  readonly store: PostgresStore;
  readonly pglite: PGlite;
  /** Ends the database, then lets the next process in. */
  end(): Promise<void>;
}

async function openFolder(path: string, options: AdmittedOptions, vectors: boolean): Promise<OpenFolder> {
  await prepareFolder(path);
  let opened: OpenedPglite | undefined;
  let lost: MemoryError | undefined;
  const lock = await lockFolder(path, {
    onLost(error) {
      lost = error;
      opened?.stop(error);
      options.onError(error);
    },
  });
  async function end(): Promise<void> {
    try {
      // To shut down writes to the files, which may be another's by now.
      await lock.verify();
      if (opened !== undefined) await closePglite(opened);
    } finally {
      lock.release();
    }
  }
  try {
    opened = await openPglite(path, vectors);
    if (!(await lock.verify()) && lost !== undefined) {
      opened.stop(lost);
      throw lost;
    }
    return { store: createPrivateStore({ ...options, pglite: opened.pglite }), pglite: opened.pglite, end };
  } catch (error) {
    // The first error is the one that says what is wrong.
    await end().catch(() => undefined);
    throw error;
  }
}

async function prepareFolder(path: string): Promise<void> {
  try {
    await makeFolder(path);
  } catch (cause) {
    throw explainFolder(cause, path);
  }
  const foreign = await stat(join(path, "PG_VERSION")).catch(() => undefined);
  if (foreign !== undefined) {
    throw refuse(
      "folder",
      `is the data folder of a PostgreSQL itself: ${path}. Open it with PGlite and pass that to createPostgresStore, or choose another folder.`,
    );
  }
}
