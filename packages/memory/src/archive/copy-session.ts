import { type CallOptions, MemoryError, type SessionAddress, type TransferBatch } from "@relevo/core";
import { maxPageSize } from "@relevo/core/input";
import { transferOf } from "../portability/export-lines.ts";
import type { MemoryStore } from "../runtime.ts";
import type { FencedStore } from "./fenced-store.ts";

/** What a copy has, or what was new in it. */
export interface Copied {
  readonly incarnation: string;
  readonly version: number;
  /** Of the source, as of the last events that were read. */
  readonly token: string;
  readonly documents: number;
  /** Documents that were not in the copy before. */
  readonly added: number;
}

/**
 * Copies a sealed session with its operations and documents; what is in the copy is compared and left alone, and what was
 * erased in either is erased in the copy. `undefined` when the session is not there, or not any more.
 *
 * @throws `conflict` when what is in the copy is something else; what the stores throw.
 */
export async function copySession(
  from: MemoryStore,
  { store: to, fence }: FencedStore,
  address: SessionAddress,
  change: (batch: TransferBatch) => TransferBatch,
  { signal }: CallOptions,
): Promise<Copied | undefined> {
  const source = transferOf(from);
  const target = transferOf(to);
  const limit = Math.min(maxPageSize, to.limits.batchItems);
  let incarnation: string | undefined;
  let version = 0;
  let token = "";
  for (let after = 0, more = true; more; ) {
    const batch = await source.log.exportEvents(address, { after, limit, signal });
    if (batch === undefined || batch.head.incarnation !== (incarnation ?? batch.head.incarnation))
      return undefined;
    ({ incarnation, version, token } = batch.head);
    if (batch.head.sealed !== true) throw unsealedMeanwhile(address);
    await target.log.importEvents(address, change(batch), { fence, signal });
    after = batch.events.at(-1)?.seq ?? version;
    more = after < version;
  }
  if (incarnation === undefined) return undefined;
  let documents = 0;
  let added = 0;
  for (let cursor: string | undefined; ; ) {
    const batch = await source.documents.exportDocuments(address, { cursor, limit, signal });
    if (batch === undefined || batch.incarnation !== incarnation) return undefined;
    const { cursor: next, ...page } = batch;
    const result = await target.documents.importDocuments(address, page, { fence, signal });
    documents += page.documents.length;
    added += result.imported;
    if (next === undefined) return { incarnation, version, token, documents, added };
    cursor = next;
  }
}

function unsealedMeanwhile({ session }: SessionAddress): MemoryError {
  return new MemoryError(
    "conflict",
    `Session ${session} was unsealed while it was copied, by another call or an erasure. Try again.`,
    { retryable: true, details: { conflict: "sealed", session } },
  );
}
