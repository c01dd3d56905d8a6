import type { JsonObject, SessionHead, TransferBatch } from "@relevo/core";

/** In the metadata of an archived session: what it has to get back, and when it was archived. */
const archivedName = "relevo:archived";

interface ArchivedNote {
  readonly at: number;
  /** An archive keeps what it has: there the session has no idle lifetime. */
  readonly ttlMs?: number;
}

/** The batch as an archive holds it. */
export function toArchived(batch: TransferBatch, at: number): TransferBatch {
  const { ttlMs, ...rest } = batch;
  const note: ArchivedNote = { at, ...(ttlMs === undefined ? {} : { ttlMs }) };
  const metadata: JsonObject = { ...batch.head.metadata, [archivedName]: { ...note } };
  return { ...rest, head: { ...batch.head, metadata } };
}

/** The batch as it was before the session was archived; the same one when it was not. */
export function fromArchived(batch: TransferBatch): TransferBatch {
  const note = noteOf(batch.head);
  if (note === undefined) return batch;
  const { [archivedName]: _, ...metadata } = batch.head.metadata;
  return { ...batch, head: { ...batch.head, metadata }, ttlMs: note.ttlMs };
}

/** When the session was archived, by the memory's clock. */
export function archivedAt(head: SessionHead): number | undefined {
  return noteOf(head)?.at;
}

function noteOf({ metadata }: SessionHead): ArchivedNote | undefined {
  const note = metadata[archivedName] as Partial<ArchivedNote> | undefined;
  return typeof note?.at === "number" ? { ...note, at: note.at } : undefined;
}

/** The head without what this package notes in it. */
export function withoutNote(head: SessionHead): SessionHead {
  const { [archivedName]: _, ...metadata } = head.metadata;
  return { ...head, metadata };
}
