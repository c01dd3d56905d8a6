import type { DocumentAddress, DocumentScope, SessionAddress } from "../address.ts";
import type { CallOptions, PageOptions } from "./common.ts";
import type { Document, DocumentStore } from "./document-store.ts";
import type { ImportOptions } from "./event-transfer.ts";

/** A document as its store keeps it: `expiresAt` is its own, whenever its session ends. */
export type TransferredDocument = Omit<Document, "incarnation">;

/** One page of the documents of a session, or of those of a tenant that stand alone, on its way to another store. */
export interface DocumentBatch {
  /** Of the session that the documents belong to. */
  readonly incarnation?: string;
  /** In the order of `find`. */
  readonly documents: readonly TransferredDocument[];
  /** No document of the units in this batch (see `unitOf`), deleted ones included, was given a greater version. */
  readonly version: number;
  /** Of the next page; absent on the last. */
  readonly cursor?: string;
}

/** How many documents of a batch were written, were here already, or had expired. */
export interface ImportDocumentsResult {
  readonly imported: number;
  readonly unchanged: number;
  readonly expired: number;
}

export interface EraseDerivedOptions extends CallOptions {
  /** Of the session that has moved. */
  readonly incarnation: string;
}

/**
 * Moves documents between stores with their versions, times and sources. Operations of documents do not travel.
 *
 * To move a session: seal it, import its events, which makes a sealed copy here, import its documents, unseal the copy,
 * delete the source. Each step can be repeated after a crash.
 */
export interface DocumentTransfer {
  /**
   * A page of all documents of the scope that have not expired; `undefined` when there is no such session. Never more
   * than `limits.batchItems`, and fewer than `limit` when they are big: no more than `limits.batchBytes` together, or a
   * single one, so that an import takes them. The export of a session that is not sealed, and of documents that stand
   * alone, reads each page at another moment. May lag as `find` does.
   */
  exportDocuments(scope: DocumentScope, options?: PageOptions): Promise<DocumentBatch | undefined>;

  /**
   * Takes a batch with its versions, times, expiry and sources, all or nothing within one session or one owner; a batch
   * of several owners owner by owner, in the order of the batch. Can be repeated, and then continues where it ended.
   *
   * - A document that is not here is written as it is, unless it has expired.
   * - One that is here in the same version is left alone, with the expiry it has here. An older version of the same
   *   document is replaced. Anything else here is a conflict: a newer version, or another document.
   * - Later puts get versions greater than `batch.version`, also those of addresses that the source deleted.
   * - A session must be here under `batch.incarnation`, and be sealed as long as there is something to write.
   * - Words that were erased here do not come back: a document is refused when it repeats an event that was erased here
   *   after its `removalRevision`, or after it was written. As for an append, this may refuse too much when there are
   *   very many removals. A source that is not here, or that was retracted or trimmed, refuses nothing. Later erasures
   *   here follow `derivedFrom`.
   *
   * Changes neither the session's version nor its token nor its idle time.
   *
   * @throws `not-found` without such a session. `conflict` with `details.conflict` = `incarnation`; `fence`; `removal`; or
   *   `import`, with `sealed: false` when the session is not sealed, otherwise with the `version` that is here. For a
   *   single document, `details.index` is its place in the batch. `too-large`. What fails behind the first owner has the
   *   outcome `unknown`: owners before it are imported.
   */
  importDocuments(
    scope: DocumentScope,
    batch: DocumentBatch,
    options?: ImportOptions,
  ): Promise<ImportDocumentsResult>;

  /**
   * Removes what is derived from any event of a session that has moved to another store, and what is derived from that;
   * answers which documents. An erasure there does not reach them. Another session that has taken the id here is not
   * touched. While the session itself is here, erase its events instead: a document may be derived from them at any
   * time. Can be repeated.
   *
   * @throws `unavailable` and the like: what is left is removed by another call.
   */
  eraseDerived(address: SessionAddress, options: EraseDerivedOptions): Promise<readonly DocumentAddress[]>;
}

export function isDocumentTransfer(documents: DocumentStore): documents is DocumentStore & DocumentTransfer {
  return "importDocuments" in documents && typeof documents.importDocuments === "function";
}
