import { randomInt } from "node:crypto";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { MemoryError, printable, systemClock } from "@relevo/core";
import { sleep } from "@relevo/core/input";
import { explainFolder } from "./explain-folder.ts";
import { type FileLock, tryLockFile } from "./file-lock.ts";

/** The sole right of this process to a folder, until it gives it back or ends. */
export interface FolderLock {
  /** Whether the lock is still there, which its owner also looks at by itself from time to time. */
  verify(): Promise<boolean>;
  /** Lets the next one in. Idempotent, and never fails: what happens to the folder cannot make it keep the lock. */
  release(): void;
}

export interface FolderLockOptions {
  /** Told once when the lock is gone although nobody gave it back: somebody removed its file. */
  readonly onLost: (error: MemoryError) => void;
  /** How often the owner renews its lock and looks whether it is still there; 1,000 when left out. In milliseconds. */
  readonly renewMs?: number;
}

/** Who has the folder, for people. Nothing is decided by it. */
interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly openedAt: string;
  /** When the process started, which tells it from another one of the same id and host name. */
  readonly startedAt: number;
}

export const lockName = "relevo.lock";
export const ownerName = "relevo.owner.json";
/** Of several who try at the same moment all may fail once, because trying holds a part of the lock. */
const attempts = 8;
const maxOwnerBytes = 4096;

/**
 * Takes the folder for this process, by an operating system's lock on a file in it. The system releases it when the
 * process ends, however that happens, and not before: it does not matter whether the owner answers, is paused, runs
 * in another container, or which id its process has. A copy of the folder is a folder of its own.
 *
 * @throws `conflict` when another has the folder; `denied`; `unavailable`; `corrupt`; `unsupported`.
 */
export async function lockFolder(folder: string, options: FolderLockOptions): Promise<FolderLock> {
  const path = join(folder, lockName);
  for (let attempt = 1; ; attempt++) {
    const lock = tryLockFile(path);
    if (lock !== undefined) return hold(folder, path, lock, options);
    if (attempt === attempts) throw refusal(folder);
    await sleep(randomInt(5, 25));
  }
}

function hold(
  folder: string,
  path: string,
  lock: FileLock,
  { onLost, renewMs = 1000 }: FolderLockOptions,
): FolderLock {
  const owner: Owner = { ...thisProcess(), openedAt: new Date(systemClock.now()).toISOString() };
  let file: bigint;
  try {
    // Created again, because opening what is there may wait forever: it could be a pipe.
    rmSync(join(folder, ownerName), { force: true });
    writeFileSync(join(folder, ownerName), `${JSON.stringify(owner)}\n`, { flag: "wx" });
    file = statSync(path, { bigint: true }).ino;
  } catch (cause) {
    lock.release();
    throw explainFolder(cause, folder);
  }
  let held = true;

  async function verify(): Promise<boolean> {
    const found = await stat(path, { bigint: true }).catch((error: NodeJS.ErrnoException) => error.code);
    const there = typeof found === "object" ? found.ino === file : found !== "ENOENT" && found !== "ENOTDIR";
    if (!held || (there && lock.renew())) return held;
    stop();
    onLost(lost(folder));
    return false;
  }

  // Also what keeps the lock from being collected while a part of the store is still in use.
  const timer = setInterval(() => void verify(), renewMs).unref();

  function stop(): void {
    held = false;
    clearInterval(timer);
    lock.release();
  }

  return {
    verify,
    release() {
      if (!held) return;
      try {
        // Before the lock goes: afterwards it may be the next owner's.
        rmSync(join(folder, ownerName), { force: true });
      } catch {
        // What it says is for people, and the next owner overwrites it.
      }
      stop();
    },
  };
}

function thisProcess(): Omit<Owner, "openedAt"> {
  return { pid: process.pid, host: hostname(), startedAt: performance.timeOrigin };
}

function refusal(folder: string): MemoryError {
  const owner = readOwner(folder);
  if (owner === undefined) {
    return new MemoryError(
      "conflict",
      `The folder ${folder} is in use by another process, or its file system has no locks. An embedded database has one process at a time. Stop that process, or give this one a folder of its own on a local disk.`,
      { details: { conflict: "folder", folder }, retryable: true },
    );
  }
  const { pid, host, openedAt, startedAt } = owner;
  const here = thisProcess();
  const elsewhere = host === here.host ? "" : ` on ${printable(host)}`;
  const own = elsewhere === "" && pid === here.pid && startedAt === here.startedAt;
  return new MemoryError(
    "conflict",
    `The folder ${folder} is in use by ${own ? `this process (${pid})` : `process ${pid}${elsewhere}`} since ${printable(openedAt)}. An embedded database has one process at a time. ${own ? "Close the store that has it" : "Stop that process"}, or give this one a folder of its own.`,
    { details: { conflict: "folder", folder, pid, host, openedAt }, retryable: true },
  );
}

/** `undefined` when nobody can tell: its owner has only just come or gone, or the file says something else. */
function readOwner(folder: string): Owner | undefined {
  const path = join(folder, ownerName);
  try {
    const found = statSync(path);
    if (!found.isFile() || found.size > maxOwnerBytes) return undefined;
    const { pid, host, openedAt, startedAt } = JSON.parse(readFileSync(path, "utf8"));
    if (!Number.isSafeInteger(pid) || typeof host !== "string" || typeof openedAt !== "string")
      return undefined;
    return { pid, host, openedAt, startedAt: Number(startedAt) };
  } catch {
    return undefined;
  }
}

function lost(folder: string): MemoryError {
  return new MemoryError(
    "conflict",
    `The lock of this process (${process.pid}) on ${folder} is gone: somebody removed its file or the folder. The store takes no more calls, as another process may have the folder now.`,
    { details: { conflict: "folder", folder, pid: process.pid } },
  );
}
