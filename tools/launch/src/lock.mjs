import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A holder that has not shown itself for so long is gone, on whatever machine it ran. */
const staleAfterMs = 30_000;

/**
 * Waits until no other process holds the lock file, then holds it. Two launches in one folder take turns this way,
 * and a launch that was killed does not block the next one.
 *
 * @param {string} path
 * @param {{ onWait?: (holder: string) => void }} [options]
 * @returns {Promise<() => void>} Releases the lock.
 */
export async function acquireLock(path, options = {}) {
  mkdirSync(dirname(path), { recursive: true });
  const token = JSON.stringify({ pid: process.pid, host: hostname(), at: performance.timeOrigin });
  let announced = false;
  while (!tryCreate(path, token)) {
    const holder = presentHolder(path);
    if (holder === undefined) continue;
    if (!announced) options.onWait?.(holder);
    announced = true;
    await sleep(200);
  }
  const heartbeat = setInterval(() => touch(path, token), staleAfterMs / 6);
  heartbeat.unref();
  return () => {
    clearInterval(heartbeat);
    if (read(path) === token) rmSync(path, { force: true });
  };
}

/**
 * @param {string} path
 * @param {string} token
 */
function tryCreate(path, token) {
  try {
    writeFileSync(path, token, { flag: "wx" });
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  }
}

/**
 * Who holds the lock, after removing one whose holder is gone.
 *
 * @param {string} path
 * @returns {string | undefined}
 */
function presentHolder(path) {
  const token = read(path);
  if (token === undefined) return undefined;
  if (isAlive(path, token)) return token;
  // Renamed before it is removed: of two processes that find the lock stale, one wins the rename. What the other
  // may then move aside is a fresh lock, and goes back.
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
  if (read(aside) === token) rmSync(aside, { force: true });
  else renameSync(aside, path);
  return undefined;
}

/**
 * @param {string} path
 * @param {string} token
 */
function isAlive(path, token) {
  try {
    if (Date.now() - statSync(path).mtimeMs > staleAfterMs) return false;
    // A holder between creating the file and writing into it: not stale yet.
    if (token === "") return true;
    const { pid, host } = JSON.parse(token);
    if (host === hostname()) process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process is there, of another user.
    return isCode(error, "EPERM");
  }
}

/**
 * @param {string} path
 * @param {string} token
 */
function touch(path, token) {
  const now = new Date();
  if (read(path) === token) utimesSync(path, now, now);
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/**
 * @param {unknown} error
 * @param {string} code
 */
function isCode(error, code) {
  return error instanceof Error && "code" in error && error.code === code;
}
