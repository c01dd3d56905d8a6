import {
  type CallOptions,
  type Document,
  type EventTransfer,
  isConflict,
  isEventTransfer,
  type JsonObject,
  MemoryError,
  type Page,
  type PageOptions,
  type SessionAddress,
  type SessionHead,
  type StoredEvent,
  type TransferBatch,
} from "@relevo/core";
import { admitId, admitMetadata, maxPageSize, rangesOf, refuse } from "@relevo/core/input";
import { refuseReserved } from "../entries/entry.ts";
import { namespaces } from "../namespaces.ts";
import { introduceUser } from "../people/introduce-user.ts";
import { placesOf } from "../people/subject-sessions.ts";
import { signalOf } from "../signal.ts";
import { isForkOf, originName, originOf } from "./fork-origin.ts";
import { SessionHandle } from "./session-handle.ts";
import { admitPlace, messageAt } from "./session-message.ts";
import type { ForkOptions, ForkOrigin } from "./session-options.ts";
import { requireGroupEnd } from "./tool-groups.ts";

const attempts = 5;

/** The log of a store that can copy sessions. */
type CopyingLog = SessionHandle["store"]["log"] & EventTransfer;

/** Makes the new session. */
export async function forkSession(handle: SessionHandle, options: ForkOptions): Promise<SessionHandle> {
  const { runtime, address } = handle;
  const { log } = handle.store;
  const signal = signalOf(options);
  if (!isEventTransfer(log))
    throw new MemoryError(
      "unsupported",
      "The store of the sessions cannot copy a session, so it has no forks.",
    );
  const id = options.id === undefined ? runtime.ids.next() : admitId(options.id, "id", runtime.limits);
  if (id === address.session) throw refuse("id", "is that of the session itself.");
  const given = options.metadata && admitMetadata(options.metadata, "metadata", runtime.limits).value;
  if (given !== undefined) refuseReserved(given, "metadata");
  for (let attempt = 1; ; attempt++) {
    const head = await handle.head(signal);
    if (head === undefined || head.firstSeq > head.version)
      throw new MemoryError("not-found", "The session has no events, so there is nothing to fork.");
    const at = await placeOf(handle, head, options);
    const origin: ForkOrigin = { session: address.session, incarnation: head.incarnation, at };
    const child = { tenant: address.tenant, session: id };
    const opened = (incarnation: string): SessionHandle =>
      new SessionHandle(runtime, child, { init: {}, ttlMs: handle.ttlMs, incarnation });
    const made = await earlierFork(log, child, origin, signal);
    if (made !== undefined) return opened(made);
    await requireGroupEnd(handle, at, signal);
    // Before there is anything to find: an erasure finds every fork, and sometimes one that was never made.
    await handle.store.documents.put(
      { ...address, namespace: namespaces.forks, key: id },
      { value: { at } },
      { incarnation: head.incarnation, ...signal },
    );
    const incarnation = await copy(handle, log, child, head, { origin, metadata: given }, signal);
    const now = await handle.head(signal);
    if (now?.removalRevision === head.removalRevision) {
      await log.unseal(child, { incarnation, ...signal });
      if (head.subject !== undefined) await introduceUser(runtime, child, head.subject, incarnation);
      return opened(incarnation);
    }
    // Something was removed here while it was copied.
    await log.delete(child, { incarnation, ...signal });
    if (attempt >= attempts)
      throw new MemoryError(
        "conflict",
        `Something was removed from the session during all ${attempts} tries.`,
        {
          retryable: true,
          details: { conflict: "removal", attempts },
        },
      );
  }
}

/** The `seq` to fork at. */
async function placeOf(handle: SessionHandle, head: SessionHead, options: ForkOptions): Promise<number> {
  const { at } = options;
  if (at === undefined) return requireInLog(head, head.version);
  const place = admitPlace(handle.runtime, at, "at");
  if (typeof place === "number") return requireInLog(head, place);
  return (await messageAt(handle, place, options)).event.seq;
}

function requireInLog({ version, firstSeq }: SessionHead, at: number): number {
  if (at < firstSeq || at > version)
    throw refuse("at", `is seq ${at}, and the log holds ${firstSeq} to ${version}.`, { version, firstSeq });
  return at;
}

/**
 * The incarnation of the same fork, made before. What is left of one that was not completed is removed.
 *
 * @throws `conflict` when another session has the id.
 */
async function earlierFork(
  log: CopyingLog,
  child: SessionAddress,
  origin: ForkOrigin,
  options: CallOptions,
): Promise<string | undefined> {
  const head = await log.head(child, options);
  if (head === undefined) return undefined;
  const from = originOf(head);
  const isSame =
    from?.session === origin.session && from.incarnation === origin.incarnation && from.at === origin.at;
  if (!isSame)
    throw new MemoryError("conflict", "Another session has the id of the fork. Choose another one.", {
      details: { conflict: "incarnation", session: child.session },
    });
  const { incarnation, token } = head;
  if (head.sealed !== true) return incarnation;
  try {
    await log.delete(child, { incarnation, expectedToken: token, ...options });
    return undefined;
  } catch (error) {
    // Completed meanwhile, or copied further by a call that is still at work.
    if (isConflict(error, "token")) return earlierFork(log, child, origin, options);
    throw error;
  }
}

/** Copies the prefix into a session that stays sealed. */
async function copy(
  handle: SessionHandle,
  log: CopyingLog,
  child: SessionAddress,
  head: SessionHead,
  { origin, metadata }: { readonly origin: ForkOrigin; readonly metadata: JsonObject | undefined },
  options: CallOptions,
): Promise<string> {
  const { runtime, address } = handle;
  const { at } = origin;
  const now = runtime.clock.now();
  const { [originName]: _own, ...inherited } = head.metadata;
  const incarnation = runtime.ids.next();
  const copied = (version: number): SessionHead => ({
    ...head,
    session: child.session,
    incarnation,
    version,
    removalRevision: 0,
    metadata: { ...(metadata ?? inherited), [originName]: { ...origin } },
    createdAt: now,
    updatedAt: now,
  });
  const retracted: number[] = [];
  for (let after = 0; ; ) {
    const batch = await log.exportEvents(address, { after, limit: maxPageSize, ...options });
    if (batch === undefined || batch.head.incarnation !== head.incarnation) return incarnation;
    const events: StoredEvent[] = [];
    for (const event of batch.events) {
      if (event.seq > at) break;
      const { retractedBy = 0 } = event;
      // What was retracted later than the fork begins is retracted in it too, by an event of its own.
      if (retractedBy > at) retracted.push(event.seq);
      events.push(retractedBy > at ? { ...event, retractedBy: at + 1 } : event);
    }
    const last = batch.events.at(-1)?.seq;
    const isLast = last === undefined || last >= at;
    if (isLast) events.push(...retractionsOf(retracted, at, now));
    const version = isLast ? (events.at(-1)?.seq ?? at) : at + 1;
    const part: TransferBatch = { ...batch, head: copied(version), events, operations: [], removed: [] };
    await log.importEvents(child, part, options);
    if (isLast) return incarnation;
    after = last;
  }
}

function retractionsOf(seqs: readonly number[], at: number, now: number): readonly StoredEvent[] {
  const ranges = rangesOf(seqs);
  const events: StoredEvent[] = [];
  for (let start = 0; start < ranges.length; start += maxPageSize)
    events.push({
      type: "retraction",
      body: { ranges: ranges.slice(start, start + maxPageSize), reason: "fork" },
      seq: at + 1 + events.length,
      at: now,
      recordedAt: now,
    });
  return events;
}

/** The ids of the forks of a session, one page: those that are in use, or in the archive. */
export async function listForks(handle: SessionHandle, options: PageOptions): Promise<Page<string>> {
  const { runtime, store, address } = handle;
  const parent = await handle.head(signalOf(options));
  if (parent === undefined) return { items: [] };
  const { items: found, cursor } = await store.documents.find(address, {
    ...options,
    namespace: namespaces.forks,
  });
  const isThere = async ({ key }: Document): Promise<boolean> => {
    for (const { log } of placesOf(runtime)) {
      const head = await log.head({ tenant: address.tenant, session: key }, signalOf(options));
      if (head !== undefined && isForkOf(head, parent)) return true;
    }
    return false;
  };
  const there = await Promise.all(found.map(isThere));
  const items = found.filter((_, index) => there[index]).map(({ key }) => key);
  return cursor === undefined ? { items } : { items, cursor };
}
