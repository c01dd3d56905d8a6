import {
  allPages,
  type CallOptions,
  type DocumentAddress,
  isConflict,
  isEventTransfer,
  MemoryError,
  type SessionAddress,
  type SessionHead,
} from "@relevo/core";
import type { MemoryStore } from "../runtime.ts";

/** Events that one call erases. */
const eventsAtOnce = 1000;
/** Values can be large, and a page holds them all. */
export const documentsAtOnce = 100;
/** How often a session is tried that others go on writing to. */
const attempts = 20;

export interface ErasedSession {
  readonly documents: number;
  /** Documents elsewhere that were derived from its events. */
  readonly derived: number;
}

/** What else goes with the session. */
export interface SessionErasure {
  /** When it has another version, it stays. A write that comes too late for that keeps what it wrote. */
  readonly onlyVersion?: number | undefined;
  readonly eraseForks: () => Promise<void>;
  /** Receives the documents that were derived from its events, once they are removed. */
  readonly forget: (documents: readonly DocumentAddress[]) => Promise<void>;
}

type Total = { -readonly [Name in keyof ErasedSession]: number };

/**
 * Ends the session with all that it holds. First its words, one by one: what was derived from them elsewhere goes with them,
 * and a store that removes an ended session later has none left. Then, by `eraseForks`, the forks that were completed
 * until then, as long as a document of the session names them; a later fork finds no words. Can be repeated after a
 * crash between any two steps.
 *
 * @throws `conflict` when others wrote to it during every try; what the store throws.
 */
export async function eraseSession(
  store: MemoryStore,
  address: SessionAddress,
  incarnation: string,
  { eraseForks, forget, onlyVersion, ...options }: CallOptions & SessionErasure,
): Promise<ErasedSession> {
  const total: Total = { documents: 0, derived: 0 };
  for (let attempt = 1; ; attempt++) {
    try {
      await eraseOnce(store, address, incarnation, options, { total, eraseForks, forget, onlyVersion });
      return total;
    } catch (error) {
      // Another caller has ended it.
      if (MemoryError.isInstance(error, "history-lost")) return total;
      if (onlyVersion !== undefined && isConflict(error, "version")) return total;
      if (attempt >= attempts || !(isConflict(error, "version") || isConflict(error, "sealed"))) throw error;
    }
  }
}

async function eraseOnce(
  { log, documents, limits }: MemoryStore,
  address: SessionAddress,
  incarnation: string,
  { signal }: CallOptions,
  { total, eraseForks, forget, onlyVersion }: SessionErasure & { readonly total: Total },
): Promise<void> {
  const guard = { incarnation, signal };
  const head = await log.head(address, { signal });
  if (head?.incarnation !== incarnation) return;
  if (onlyVersion !== undefined && onlyVersion !== head.version) return;
  let { sealed } = head;
  // From the first event that ever was: what was derived from a trimmed one is still there.
  for (let from = 1; from <= head.version; ) {
    const to = Math.min(head.version, Math.max(from, head.firstSeq) + eventsAtOnce - 1);
    const erased = await log.erase(address, { seqs: [{ from, to }], ...guard });
    total.derived += erased.documents?.length ?? 0;
    if (erased.documents !== undefined) await forget(erased.documents);
    from = to + 1;
  }
  await eraseForks();
  const limit = Math.min(documentsAtOnce, limits.batchItems);
  for (let isMore = true; isMore; ) {
    const page = await documents.find(address, { limit, signal });
    const deletes = page.items.map(({ namespace, key }) => ({ address: { ...address, namespace, key } }));
    // What is sealed keeps its documents. When it is being moved, the copy is found where it is.
    if (deletes.length > 0 && sealed === true && isEventTransfer(log)) {
      await log.unseal(address, guard);
      sealed = undefined;
    }
    if (deletes.length > 0) total.documents += await documents.deleteMany(deletes, guard);
    isMore = deletes.length > 0 || page.cursor !== undefined;
  }
  await log.delete(address, { ...guard, expectedVersion: head.version });
}

/** What `eraseSession` would count. */
export async function countSession(
  { documents }: MemoryStore,
  tenant: string,
  { session }: SessionHead,
  { signal }: CallOptions,
): Promise<ErasedSession> {
  let count = 0;
  const find = (cursor: { readonly cursor?: string }) =>
    documents.find({ tenant, session }, { ...cursor, limit: documentsAtOnce, signal });
  for await (const _ of allPages(find)) count++;
  return { documents: count, derived: 0 };
}
