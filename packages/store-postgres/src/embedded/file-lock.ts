import { randomUUID } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { MemoryError } from "@relevo/core";
import { explainFolder } from "./explain-folder.ts";
import { loadSqlite } from "./load-sqlite.ts";

/** An exclusive lock of the operating system on a file. It ends with the process at the latest. */
export interface FileLock {
  /** Takes the lock again without giving it up meanwhile; false when another process has it. */
  renew(): boolean;
  release(): void;
}

/** The result codes of SQLite that are told apart: https://www.sqlite.org/rescode.html. */
const code = { permission: 3, busy: 5, readOnly: 8, corrupt: 11, notADatabase: 26 } as const;
/** Longer paths are refused by SQLite, which works with 512 bytes. */
const maxPathBytes = 500;

/**
 * Locks a file, which is made when it is missing; `undefined` when somebody has it, this process included. Node.js has
 * no call for file locks, but its SQLite takes one for each exclusive transaction. Nothing is ever written.
 *
 * @throws `denied`, `corrupt`, `invalid-input`, `unavailable`; `unsupported` without `node:sqlite`.
 */
export function tryLockFile(path: string): FileLock | undefined {
  const { DatabaseSync } = loadSqlite();
  let database: InstanceType<typeof DatabaseSync> | undefined;
  try {
    database = new DatabaseSync(path);
    // Without it a transaction makes a second file.
    database.exec("pragma journal_mode = memory");
    database.exec("begin exclusive");
    return hold(database);
  } catch (cause) {
    database?.close();
    if (resultOf(cause) === code.busy) return undefined;
    throw explain(cause, path);
  }
}

function hold(database: import("node:sqlite").DatabaseSync): FileLock {
  let exclusive = true;
  // As long as a statement reads, the end of the transaction leaves a shared lock, which keeps others out as well.
  const reading = database
    .prepare(
      "with recursive n (i) as (select count(*) from sqlite_schema union all select i + 1 from n) select i from n",
    )
    .iterate();
  reading.next();

  return {
    // POSIX takes all locks on a file from a process that closes any descriptor of it: when a backup in this process
    // has read the folder, the lock is gone without a word. Giving up a part and taking it back locks the file again.
    renew() {
      try {
        // A commit would write the first page, for which a full disk has no room.
        if (exclusive) database.exec("rollback");
        exclusive = false;
        database.exec("begin exclusive");
        exclusive = true;
      } catch (error) {
        // Somebody tries to take it just now, and will not succeed.
        return resultOf(error) === code.busy;
      }
      return true;
    },
    release() {
      reading.return?.();
      database.close();
    },
  };
}

/** The kind of SQLite's result; the upper bytes say more about it. */
function resultOf(error: unknown): number | undefined {
  const found = (error as { readonly errcode?: unknown } | null | undefined)?.errcode;
  return typeof found === "number" ? found & 0xff : undefined;
}

function explain(cause: unknown, path: string): MemoryError {
  const folder = dirname(path);
  const result = resultOf(cause);
  if (result === code.permission || result === code.readOnly) return explainFolder(cause, folder, "EACCES");
  if (result === code.corrupt || result === code.notADatabase) {
    return new MemoryError(
      "corrupt",
      `The lock file ${path} holds something else. Remove it while no process uses the folder.`,
      { cause, details: { folder } },
    );
  }
  const reason = systemError(folder);
  if (reason !== undefined) return explainFolder(reason, folder);
  if (Buffer.byteLength(path) > maxPathBytes) return explainFolder(cause, folder, "ENAMETOOLONG");
  return new MemoryError("unavailable", `The lock file ${path} cannot be opened. Is it a file?`, {
    cause,
    details: { folder },
  });
}

/** SQLite hides what the system said; it says the same about another file in the folder. */
function systemError(folder: string): unknown {
  const probe = join(folder, `relevo.probe.${randomUUID()}`);
  try {
    writeFileSync(probe, "probe", { flag: "wx" });
    return undefined;
  } catch (error) {
    return error;
  } finally {
    rmSync(probe, { force: true });
  }
}
