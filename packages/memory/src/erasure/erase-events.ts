import {
  allPages,
  type CallOptions,
  type EraseResult,
  type SeqRange,
  type SessionAddress,
} from "@relevo/core";
import { normalizeRanges } from "@relevo/core/input";
import { namespaces } from "../namespaces.ts";
import type { SessionHandle } from "../session/session-handle.ts";
import type { EraseEventsResult } from "../session/session-options.ts";
import { signalOf } from "../signal.ts";

interface ErasedFork {
  readonly session: string;
  readonly erased: readonly number[];
}

/**
 * Erases the events, in the sessions that were forked from this one first: whoever is interrupted erases again, and finds
 * them by what is still here. All forks are gone through again in the end: a fork may have been completed meanwhile.
 * One that is completed later sees that events were erased, and starts over.
 */
export async function eraseEvents(
  handle: SessionHandle,
  seqs: readonly SeqRange[],
  options: CallOptions,
): Promise<EraseEventsResult> {
  const signal = signalOf(options);
  if (handle.incarnation === undefined) await handle.head(signal);
  const forks = new Map<string, ErasedFork>();
  await eraseInForks(handle, seqs, forks, signal);
  const result: EraseResult = await handle.remove(() =>
    handle.store.log.erase(handle.address, { seqs, ...handle.guard(), ...signal }),
  );
  await eraseInArchive(handle, seqs, signal);
  await eraseInForks(handle, seqs, forks, signal);
  return forks.size === 0 ? result : { ...result, forks: [...forks.values()] };
}

/** A copy that is being made in the archive: what is copied later brings the erasure along. */
async function eraseInArchive(
  { runtime: { archive }, address, incarnation }: SessionHandle,
  seqs: readonly SeqRange[],
  options: CallOptions,
): Promise<void> {
  if (archive === undefined || incarnation === undefined) return;
  const copy = await archive.log.head(address, options);
  if (copy?.incarnation === incarnation) await archive.log.erase(address, { seqs, incarnation, ...options });
}

/** Erases in all forks, and in their forks, what they have in common with this session, and notes what was erased. */
async function eraseInForks(
  handle: SessionHandle,
  seqs: readonly SeqRange[],
  forks: Map<string, ErasedFork>,
  options: CallOptions,
): Promise<void> {
  const { archive } = handle.runtime;
  const places = archive === undefined ? [handle.store] : [handle.store, archive];
  const { tenant } = handle.address;
  const seen = new Set<string>();
  const stack = [{ session: handle.address.session, seqs: normalizeRanges(seqs), store: handle.store }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const parent = next;
    const find = (cursor: { readonly cursor?: string }) =>
      parent.store.documents.find(
        { tenant, session: parent.session },
        { ...cursor, namespace: namespaces.forks, ...options },
      );
    for await (const { key, value } of allPages(find)) {
      const shared = upTo(parent.seqs, (value as { readonly at: number }).at);
      if (seen.has(key) || shared.length === 0) continue;
      const address: SessionAddress = { tenant, session: key };
      // Noted first, so that a session that was forked in a circle of ids ends it.
      seen.add(key);
      // In both, while it is being moved.
      for (const store of places) {
        stack.push({ session: key, seqs: shared, store });
        if ((await store.log.head(address, options)) === undefined) continue;
        const { erased } = await store.log.erase(address, { seqs: shared, ...options });
        handle.runtime.cache?.forget(address);
        // A store names what was erased before, too, so that the last answer is the whole one.
        if (erased.length > 0) forks.set(key, { session: key, erased });
      }
    }
  }
}

function upTo(ranges: readonly SeqRange[], last: number): SeqRange[] {
  return ranges.flatMap(({ from, to }) => (from > last ? [] : [{ from, to: Math.min(to, last) }]));
}
