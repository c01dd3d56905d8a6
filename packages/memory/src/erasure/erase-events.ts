import {
  type CallOptions,
  type EraseResult,
  MemoryError,
  type SeqRange,
  type SessionAddress,
} from "@relevo/core";
import { normalizeRanges } from "@relevo/core/input";
import { forksOf, placesOf } from "../people/subject-sessions.ts";
import type { MemoryStore } from "../runtime.ts";
import { originOf } from "../session/fork-origin.ts";
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
  { runtime, address, incarnation, store }: SessionHandle,
  seqs: readonly SeqRange[],
  forks: Map<string, ErasedFork>,
  options: CallOptions,
): Promise<void> {
  if (incarnation === undefined) return;
  const { tenant, session } = address;
  const seen = new Set<string>();
  const stack = [{ session, incarnation, seqs: normalizeRanges(seqs), store }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const parent = next;
    // In both places, while it is being moved.
    for (const [index, place] of placesOf(runtime).entries())
      for await (const fork of forksOf(parent.store, tenant, parent, options, place)) {
        const shared = upTo(parent.seqs, originOf(fork)?.at ?? 0);
        const visit = `${index}:${fork.session}`;
        if (shared.length === 0 || seen.has(visit)) continue;
        // Noted first: an import can bring sessions that say to be forks of each other.
        seen.add(visit);
        stack.push({ ...fork, seqs: shared, store: place });
        const erased = await eraseInFork(
          place,
          { tenant, session: fork.session },
          fork.incarnation,
          shared,
          options,
        );
        runtime.cache?.forget({ tenant, session: fork.session });
        // A store names what was erased before, too, so that the last answer is the whole one.
        if (erased.length > 0) forks.set(fork.session, { session: fork.session, erased });
      }
  }
}

async function eraseInFork(
  { log }: MemoryStore,
  address: SessionAddress,
  incarnation: string,
  seqs: readonly SeqRange[],
  options: CallOptions,
): Promise<readonly number[]> {
  try {
    return (await log.erase(address, { seqs, incarnation, ...options })).erased;
  } catch (error) {
    // Ended meanwhile.
    if (MemoryError.isInstance(error, "history-lost")) return [];
    throw error;
  }
}

function upTo(ranges: readonly SeqRange[], last: number): SeqRange[] {
  return ranges.flatMap(({ from, to }) => (from > last ? [] : [{ from, to: Math.min(to, last) }]));
}
