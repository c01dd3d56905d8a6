import { randomUUID } from "node:crypto";
import { link, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MemoryError, systemClock } from "@relevo/core";
import { isRunning, type ProcessIdentity, thisProcess } from "./process-identity.ts";

/** The sole right of this process to a folder, until it gives it back or ends. */
export interface FolderLock {
  /** Lets the next one in. Idempotent. */
  release(): Promise<void>;
}

export interface FolderLockOptions {
  /** What keeps the owner from showing that it lives. */
  readonly onError: (error: unknown) => void;
  /**
   * How long an owner that cannot be looked up, because it runs on another host or in another container, may show no
   * sign of life before its lock is taken over; 20,000 when left out. In milliseconds.
   */
  readonly silenceMs?: number;
}

interface Owner extends ProcessIdentity {
  readonly openedAt: string;
  readonly released: boolean;
}

const defaultSilenceMs = 20_000;
/** How often an owner shows that it lives, by the time of its lock file. In milliseconds. */
const beatMs = 1000;
const pollMs = 200;
const staleDraftMs = 60_000;

/**
 * Takes the folder for this process. Locks are files with ascending numbers, and the greatest counts. Whoever finds its
 * owner gone or done makes the next one, complete from its first moment because it is linked into place; of several
 * who try, one succeeds. A number that was ever the greatest is never free again, so that somebody who decided long
 * ago cannot take what another has taken since; who comes so late finds a greater number and begins anew. Replacing
 * or removing the lock of a dead owner would leave a gap in which two processes can succeed.
 *
 * @throws `conflict` when a running process has the folder; `unsupported` when its file system knows no hard links.
 */
export async function lockFolder(folder: string, options: FolderLockOptions): Promise<FolderLock> {
  const here = await thisProcess();
  const draft = join(folder, `lock-${randomUUID()}.draft`);
  const owner: Owner = { ...here, openedAt: new Date(systemClock.now()).toISOString(), released: false };
  await writeFile(draft, recordOf(owner), { flag: "wx" });
  try {
    for (;;) {
      const newest = await newestLock(folder);
      if (newest > 0) {
        const before = await readOwner(folder, newest);
        if (before === undefined) continue;
        if (!before.released && !(await isGone(folder, newest, before, here, options)))
          throw refusal(folder, newest, before, here);
      }
      const number = newest + 1;
      if (!(await linkInto(draft, lockPath(folder, number), folder))) continue;
      if ((await newestLock(folder)) === number) {
        await removeOlder(folder, number);
        return hold(folder, number, owner, options);
      }
      await rm(lockPath(folder, number), { force: true });
    }
  } finally {
    await rm(draft, { force: true });
  }
}

function hold(folder: string, number: number, owner: Owner, { onError }: FolderLockOptions): FolderLock {
  const path = lockPath(folder, number);
  let released: Promise<void> | undefined;
  const beat = setInterval(() => {
    const now = new Date(systemClock.now());
    utimes(path, now, now).catch((cause: NodeJS.ErrnoException) => {
      if (released !== undefined) return;
      if (cause.code !== "ENOENT") return onError(cause);
      clearInterval(beat);
      onError(
        new MemoryError(
          "conflict",
          `The lock of this process (${process.pid}) on ${folder} is gone: somebody removed it, or took it for the lock of a dead process. End this process before two write to the folder.`,
          { details: { conflict: "folder", folder, pid: process.pid }, cause },
        ),
      );
    });
  }, beatMs);
  beat.unref();
  return {
    release() {
      released ??= (async () => {
        clearInterval(beat);
        const draft = join(folder, `lock-${randomUUID()}.draft`);
        await writeFile(draft, recordOf({ ...owner, released: true }));
        await rename(draft, path);
      })();
      return released;
    },
  };
}

/** Whether an owner has ended without giving its lock back. */
async function isGone(
  folder: string,
  number: number,
  owner: Owner,
  here: ProcessIdentity,
  { silenceMs = defaultSilenceMs }: FolderLockOptions,
): Promise<boolean> {
  const running = await isRunning(owner, here);
  if (running !== undefined) return !running;
  // Its signs are only compared with each other: its clock need not be ours.
  const first = await signOf(folder, number);
  const end = performance.now() + silenceMs;
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    if ((await signOf(folder, number)) !== first) return false;
  }
  return true;
}

async function signOf(folder: string, number: number): Promise<string> {
  // One that is not there any more was followed by another, which is a sign of life too.
  return await stat(lockPath(folder, number)).then(
    ({ mtimeMs, ino }) => `${mtimeMs} ${ino}`,
    () => "gone",
  );
}

function refusal(folder: string, number: number, owner: Owner, here: ProcessIdentity): MemoryError {
  const { pid, host, openedAt } = owner;
  const own = pid === here.pid && owner.place === here.place;
  const who = own ? `this process (${pid})` : `process ${pid}${host === here.host ? "" : ` on ${host}`}`;
  const advice = own
    ? "Use the store that it has, or close it first."
    : owner.place === here.place
      ? "Stop that process, or give this one a folder of its own."
      : `Stop that process, or give this one a folder of its own. Should it be gone for certain, remove ${lockPath(folder, number)}.`;
  return new MemoryError(
    "conflict",
    `The folder ${folder} is in use by ${who} since ${openedAt}. An embedded database has one process at a time. ${advice}`,
    { details: { conflict: "folder", folder, pid, host, openedAt }, retryable: true },
  );
}

function lockPath(folder: string, number: number): string {
  return join(folder, `lock-${number}.json`);
}

/** The greatest number of a lock; 0 for none. */
async function newestLock(folder: string): Promise<number> {
  return Math.max(0, ...(await readdir(folder)).map(numberOf));
}

function numberOf(name: string): number {
  const digits = /^lock-([1-9]\d{0,14})\.json$/.exec(name)?.[1];
  return digits === undefined ? 0 : Number(digits);
}

/** `undefined` when the lock went meanwhile. One that nobody can read had its writer's machine go down under it. */
async function readOwner(folder: string, number: number): Promise<Owner | undefined> {
  let text: string;
  try {
    text = await readFile(lockPath(folder, number), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { pid, startedAt, host, place, openedAt, released } = JSON.parse(text);
    if (Number.isSafeInteger(pid) && pid > 0 && typeof place === "string") {
      return {
        pid,
        startedAt: typeof startedAt === "string" ? startedAt : null,
        host: String(host),
        place,
        openedAt: String(openedAt),
        released: released === true,
      };
    }
  } catch {
    // Falls through: what it says counts for nothing.
  }
  return {
    pid: 0,
    startedAt: null,
    host: "an unknown host",
    place: "",
    openedAt: "unknown",
    released: false,
  };
}

function recordOf(owner: Owner): string {
  return `${JSON.stringify(owner)}\n`;
}

/** False when another was faster. */
async function linkInto(draft: string, path: string, folder: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EOPNOTSUPP" && code !== "ENOSYS") throw cause;
    throw new MemoryError(
      "unsupported",
      `The file system of ${folder} knows no hard links, which the lock is made with. Choose a folder on another disk.`,
      { cause },
    );
  }
}

/** Locks that no longer count, and drafts of processes that died over them. */
async function removeOlder(folder: string, number: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const old = numberOf(name);
    if (old > 0 && old < number) await rm(path, { force: true });
    if (!/^lock-[0-9a-f-]{36}\.draft$/.test(name)) continue;
    const written = await stat(path).catch(() => undefined);
    if (written !== undefined && systemClock.now() - written.mtimeMs > staleDraftMs)
      await rm(path, { force: true });
  }
}
