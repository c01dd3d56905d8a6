import {
  type CallOptions,
  isConflict,
  MemoryError,
  type SessionAddress,
  type SessionHead,
} from "@relevo/core";
import { conflict, historyLost } from "@relevo/core/input";
import { introduceUser } from "../people/introduce-user.ts";
import { UserGuard } from "../people/user-guard.ts";
import { transferOf } from "../portability/export-lines.ts";
import type { MemoryStore, Runtime } from "../runtime.ts";
import { acquireLease, type HeldLease, keepLease } from "../turns/lease.ts";
import { completeCopy, markComplete, markOf, removeMark, unmark } from "./archive-mark.ts";
import { fromArchived, toArchived } from "./archived-batch.ts";
import { type Copied, copySession } from "./copy-session.ts";
import { deleteCopied } from "./delete-copied.ts";
import type { FencedStore } from "./fenced-store.ts";
import { requireApart } from "./require-apart.ts";

export interface MoveOptions extends CallOptions {
  /** How long to wait for a turn, or for another call that moves the session; 15,000 when left out. */
  readonly waitMs?: number | undefined;
}

/** What was moved. */
export interface MovedSession {
  readonly session: string;
  readonly incarnation: string;
  /** The log's last `seq`. */
  readonly version: number;
  /** False when an earlier call had done it all. */
  readonly moved: boolean;
}

/** @throws `unsupported` without a store to archive in. */
export function archiveOf({ archive }: Runtime): MemoryStore {
  if (archive !== undefined) return archive;
  throw new MemoryError(
    "unsupported",
    'There is no archive: sessions are in the durable store already. Give createMemory({ archive: store }), or keep sessions in "volatile".',
  );
}

/** A move under its two leases. What it writes after a later holder has them is refused by the stores. */
interface Move {
  readonly sessions: FencedStore;
  readonly archive: FencedStore;
  readonly lease: HeldLease;
  readonly options: CallOptions;
}

/**
 * Moves a session into the archive: seal, copy, compare, mark the copy as complete, delete. Each step can be made again,
 * so that after a crash the same call continues. The session is sealed meanwhile, and one call moves it at a time.
 */
export function archiveSession(
  runtime: Runtime,
  address: SessionAddress,
  options: MoveOptions,
): Promise<MovedSession> {
  return underLeases(runtime, address, options, (move) => moveIntoArchive(runtime, address, move));
}

/** Moves a session out of the archive, in the same steps; it takes writes again. */
export function restoreSession(
  runtime: Runtime,
  address: SessionAddress,
  options: MoveOptions,
): Promise<MovedSession> {
  return underLeases(runtime, address, options, (move) => moveOutOfArchive(runtime, address, move));
}

/** Longer than a step takes; a process that was killed keeps others out for so long. */
const leaseTtlMs = 10_000;

/**
 * The lease of the session's turns, so that nobody moves it in the middle of one, and then that of the same id in the archive,
 * which only movers ask for. What carries a fence is refused by the stores once there is a later holder. The mark carries none,
 * so a move asks for its lease after it has read the mark: a later one is then of another version.
 */
async function underLeases(
  runtime: Runtime,
  address: SessionAddress,
  { waitMs = 15_000, signal }: MoveOptions,
  run: (move: Move) => Promise<MovedSession>,
): Promise<MovedSession> {
  const archive = archiveOf(runtime);
  if (archive.leases === undefined)
    throw new MemoryError(
      "unsupported",
      "The archive offers no leases, so moves cannot exclude each other. Use a store that has them.",
    );
  const here = { runtime, store: runtime.sessions, address };
  const lease = keepLease(here, await acquireLease(here, { ttlMs: leaseTtlMs, waitMs, signal }), leaseTtlMs, {
    signal,
  });
  try {
    const there = { runtime, store: archive, address };
    const options = { ttlMs: leaseTtlMs, signal: lease.signal };
    const acquired = await acquireLease(there, { ...options, waitMs: 0 }).catch(async (error: unknown) => {
      if (!isConflict(error, "lease")) throw error;
      // Held by a mover who sleeps, or by this one: when both stores are the same data.
      await requireApart(runtime.sessions.log, archive.log, address, { signal: lease.signal });
      return acquireLease(there, { ...options, waitMs });
    });
    const archiveLease = keepLease(there, acquired, leaseTtlMs, options);
    try {
      return await run({
        sessions: { store: runtime.sessions, fence: lease.fence },
        archive: { store: archive, fence: archiveLease.fence },
        lease,
        options: { signal: archiveLease.signal },
      });
    } finally {
      await archiveLease.release();
    }
  } finally {
    await lease.release();
  }
}

async function moveIntoArchive(runtime: Runtime, address: SessionAddress, move: Move): Promise<MovedSession> {
  const { archive, lease, options } = move;
  const { fence } = move.sessions;
  const source = transferOf(runtime.sessions);
  const head = await source.log.head(address, options);
  if (head === undefined) return alreadyArchived(archive.store, address, options);
  const { incarnation } = head;
  const guard = await enterGuard(runtime, address, head, options);
  const found = await archive.store.log.head(address, options);
  const mark = await markOf(archive.store, address, options);
  if (found !== undefined && found.incarnation !== incarnation)
    throw conflict("incarnation", { incarnation: found.incarnation });
  const leftover = head.sealed === true ? found : undefined;
  await lease.requireHeld(options);
  if (mark !== undefined) await removeMark(archive.store, address, mark, options);
  // Of an earlier time in the archive, when the session here is in use: what was removed from this since is in it yet.
  if (found !== undefined && leftover === undefined) await drop(archive, address, incarnation, options);
  await source.log.seal(address, { incarnation, fence, ...options });
  let isComplete = false;
  try {
    const at = runtime.clock.now();
    const copied = await copyTwice(
      runtime.sessions,
      archive,
      address,
      (batch) => toArchived(batch, at),
      options,
    );
    if (copied === undefined) return await othersDone(archive, address, incarnation, options);
    await guard?.settle(runtime.durable.documents, () => drop(archive, address, incarnation));
    // The mark carries no fence: one of a mover who slept is in the way of the next.
    await lease.requireHeld(options);
    isComplete = true;
    const own = await markComplete(archive.store, address, incarnation, { expectedVersion: 0, ...options });
    try {
      await deleteCopied(source.log, address, copied, fence, options);
    } catch (error) {
      // Others have moved it since, and said so themselves.
      if (isConflict(error)) await removeMark(archive.store, address, own, options);
      throw error;
    }
    runtime.cache?.forget(address);
    if ((await archive.store.log.head(address, options)) === undefined) {
      // Erased in both places.
      await removeMark(archive.store, address, own, options);
      throw historyLost("ended");
    }
    return movedOf(address, copied);
  } catch (error) {
    // A delete that was not answered may be made yet: then the copy is all there is.
    if (!isComplete && leftover === undefined && head.sealed !== true)
      await giveBack(runtime, move, address, incarnation);
    throw error;
  }
}

async function moveOutOfArchive(
  runtime: Runtime,
  address: SessionAddress,
  { sessions, archive, lease, options }: Move,
): Promise<MovedSession> {
  const { fence } = sessions;
  const target = transferOf(runtime.sessions);
  const here = await target.log.head(address, options);
  const head = await archive.store.log.head(address, options);
  const mark = await markOf(archive.store, address, options);
  await lease.requireHeld(options);
  if (head === undefined) {
    if (here === undefined) throw nowhere();
    // Sealed by an archiving that ended before it copied anything.
    if (here.sealed === true)
      await target.log.unseal(address, { incarnation: here.incarnation, fence, ...options });
    return { ...movedOf(address, here), moved: false };
  }
  const { incarnation, subject } = head;
  if (here !== undefined && here.incarnation !== incarnation)
    throw conflict("incarnation", { incarnation: here.incarnation });
  if (here === undefined) await requireComplete(archive.store, address, incarnation, options);
  let { version } = here ?? head;
  // Open and whole when it is not sealed: only the copy in the archive is left to be removed.
  if (here === undefined || here.sealed === true) {
    const guard = await enterGuard(runtime, address, head, options);
    const copied = await copyTwice(archive.store, sessions, address, fromArchived, options);
    if (copied === undefined) {
      await drop(sessions, address, incarnation);
      throw historyLost("ended");
    }
    await guard?.settle(runtime.durable.documents, () => drop(sessions, address, incarnation));
    version = (await target.log.unseal(address, { incarnation, fence, ...options })).version;
    if (subject !== undefined) await introduceUser(runtime, address, subject, incarnation);
  }
  if (mark !== undefined) await removeMark(archive.store, address, mark, options);
  await deleteCopied(archive.store.log, address, head, archive.fence, options);
  runtime.cache?.forget(address);
  return { session: address.session, incarnation, version, moved: true };
}

/** Whoever ends a session for good ends its copy in the archive too, which another call may be making. */
export async function dropArchived(
  { archive }: Runtime,
  address: SessionAddress,
  incarnation: string,
  options: CallOptions,
): Promise<boolean> {
  if (archive === undefined) return false;
  await unmark(archive, address, incarnation, options);
  return archive.log.delete(address, { incarnation, ...options });
}

/**
 * Copies twice: the second time everything has to be there, and what was erased meanwhile is erased in the copy. Whoever
 * erases looks into the archive afterwards, and so one of the two sees the other. `undefined` when the source has gone.
 */
async function copyTwice(
  from: MemoryStore,
  to: FencedStore,
  address: SessionAddress,
  change: Parameters<typeof copySession>[3],
  options: CallOptions,
): Promise<Copied | undefined> {
  const first = await copySession(from, to, address, change, options);
  const second = first && (await copySession(from, to, address, change, options));
  if (second === undefined) return undefined;
  const copy = await to.store.log.head(address, options);
  if (second.added > 0 || copy?.incarnation !== second.incarnation || copy.version < second.version)
    throw new MemoryError("conflict", "The copy is not what was copied. The session stays as it was.", {
      retryable: true,
      details: { conflict: "import", session: address.session },
    });
  return second;
}

/** @throws `conflict` while the person that the session belongs to is being erased. */
async function enterGuard(
  runtime: Runtime,
  { tenant }: SessionAddress,
  { subject }: SessionHead,
  options: CallOptions,
): Promise<UserGuard | undefined> {
  if (subject === undefined) return undefined;
  const guard = new UserGuard(tenant, subject);
  await guard.enter(runtime.durable.documents, options);
  return guard;
}

/**
 * After a failure that is not the end of the process: without a copy, the session takes writes again. When that fails too
 * the session stays sealed, and another call continues.
 */
async function giveBack(
  runtime: Runtime,
  { sessions, archive }: Move,
  address: SessionAddress,
  incarnation: string,
): Promise<void> {
  const { log } = transferOf(runtime.sessions);
  try {
    if ((await log.head(address))?.incarnation !== incarnation) return;
    await drop(archive, address, incarnation);
    await log.unseal(address, { incarnation, fence: sessions.fence });
  } catch (error) {
    runtime.onError(error);
  }
}

function drop(
  { store, fence }: FencedStore,
  address: SessionAddress,
  incarnation: string,
  options: CallOptions = {},
): Promise<boolean> {
  return store.log.delete(address, { incarnation, fence, ...options });
}

/** The session is not where sessions are. */
async function alreadyArchived(
  archive: MemoryStore,
  address: SessionAddress,
  options: CallOptions,
): Promise<MovedSession> {
  const head = await archive.log.head(address, options);
  if (head === undefined) throw nowhere();
  await requireComplete(archive, address, head.incarnation, options);
  return { ...movedOf(address, head), moved: false };
}

/** The session was ended while it was copied: by another call that moved it, or for good. */
async function othersDone(
  archive: FencedStore,
  address: SessionAddress,
  incarnation: string,
  options: CallOptions,
): Promise<MovedSession> {
  if ((await completeCopy(archive.store, address, options)) === incarnation)
    return alreadyArchived(archive.store, address, options);
  await drop(archive, address, incarnation);
  throw historyLost("ended");
}

/** @throws `not-found` for a remnant. */
async function requireComplete(
  archive: MemoryStore,
  address: SessionAddress,
  incarnation: string,
  options: CallOptions,
): Promise<void> {
  if ((await completeCopy(archive, address, options)) !== incarnation) throw nowhere();
}

function nowhere(): MemoryError {
  return new MemoryError("not-found", "There is no such session, neither here nor in the archive.");
}

function movedOf(
  { session }: SessionAddress,
  { incarnation, version }: Pick<SessionHead, "incarnation" | "version">,
): MovedSession {
  return { session, incarnation, version, moved: true };
}
