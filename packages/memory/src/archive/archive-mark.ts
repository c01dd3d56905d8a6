import {
  type CallOptions,
  type Document,
  type DocumentAddress,
  isConflict,
  type PutOptions,
  type SessionAddress,
  type SessionHead,
} from "@relevo/core";
import { namespaces } from "../namespaces.ts";
import type { MemoryStore } from "../runtime.ts";
import { signalOf } from "../signal.ts";

// Says that the copy of a session in the archive is complete. It is written before the source is deleted and removed
// before the copy is: a copy without it, of a session that is nowhere else, is a remnant of one that was erased or deleted
// while it was moved, and is never shown or restored.

function addressOf({ tenant, session }: SessionAddress): DocumentAddress {
  return { tenant, namespace: [...namespaces.archive, session], key: "complete" };
}

/** The mark that it made. With an expected version of 0 @throws `conflict` when there is one, of another call. */
export function markComplete(
  { documents }: MemoryStore,
  address: SessionAddress,
  incarnation: string,
  options: Pick<PutOptions, "expectedVersion" | "signal">,
): Promise<Document> {
  return documents.put(addressOf(address), { value: { incarnation } }, options);
}

/** The mark of a copy, complete or not there any more. */
export function markOf(
  { documents }: MemoryStore,
  address: SessionAddress,
  options: CallOptions,
): Promise<Document | undefined> {
  return documents.get(addressOf(address), signalOf(options));
}

/** The incarnation whose copy is complete. */
export async function completeCopy(
  store: MemoryStore,
  address: SessionAddress,
  options: CallOptions,
): Promise<string | undefined> {
  const found = await markOf(store, address, options);
  return found && incarnationOf(found);
}

/** Those of these copies that are complete. */
export async function completeAmong(
  { documents }: MemoryStore,
  tenant: string,
  heads: readonly SessionHead[],
  options: CallOptions,
): Promise<readonly SessionHead[]> {
  if (heads.length === 0) return [];
  const addresses = heads.map(({ session }) => addressOf({ tenant, session }));
  const found = await documents.getMany(addresses, signalOf(options));
  return heads.filter(({ incarnation }, index) => {
    const mark = found[index];
    return mark !== undefined && incarnationOf(mark) === incarnation;
  });
}

/** Not the mark of another incarnation, whose copy is all there is of it. */
export async function unmark(
  store: MemoryStore,
  address: SessionAddress,
  incarnation: string,
  options: CallOptions,
): Promise<void> {
  const found = await markOf(store, address, options);
  if (found !== undefined && incarnationOf(found) === incarnation)
    await removeMark(store, address, found, options);
}

/** This mark, and none that was made after it. */
export async function removeMark(
  { documents }: MemoryStore,
  address: SessionAddress,
  { version }: Document,
  options: CallOptions,
): Promise<void> {
  try {
    await documents.delete(addressOf(address), { expectedVersion: version, ...signalOf(options) });
  } catch (error) {
    // Marked again, by a move that came after.
    if (!isConflict(error, "version")) throw error;
  }
}

function incarnationOf({ value }: Document): string | undefined {
  const { incarnation } = (value ?? {}) as { readonly incarnation?: unknown };
  return typeof incarnation === "string" ? incarnation : undefined;
}
