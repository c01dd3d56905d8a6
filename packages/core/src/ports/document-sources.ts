import type { SeqRange } from "../events.ts";

/** Events of one session that a document repeats, as a reader saw them. */
export interface EventSource {
  readonly session: string;
  readonly incarnation: string;
  /** Of the session, as `read` answered it before or together with the events. */
  readonly removalRevision: number;
  readonly ranges: readonly SeqRange[];
}

/** A document that another one repeats, at the version that was read. */
export interface DocumentSource {
  readonly session?: string;
  readonly namespace: readonly string[];
  readonly key: string;
  readonly version: number;
}

/**
 * What a document repeats, in the same tenant: a fact taken from a conversation, a summary of other documents. Content
 * must not outlive what it is derived from:
 *
 * - A put is `conflict` with `details.conflict` = `removal` when an event that it names was erased, retracted or
 *   trimmed after `removalRevision`, when the incarnation has ended, or when a document that it names is not there at
 *   that version. Read again, and derive again. But a put that expects the version which is there may name the same
 *   sources again, whatever became of them: what it is derived from let that one stand.
 * - `EventLog.erase` removes the documents derived from what it erases, and the delete of a document those derived from
 *   that document, with all that is derived from them in turn, before the call returns. A retraction, a trim, a later
 *   put, an expiry and the delete of a whole session remove no derived document elsewhere.
 * - A writer that a removal overtakes finds that out after its put: the document is removed, and the put is refused. A
 *   process that ends between the two leaves a document that the next erasure of the same events removes, so an erasure
 *   is repeated after a crash.
 */
export interface DocumentSources {
  readonly events?: EventSource | undefined;
  readonly documents?: readonly DocumentSource[] | undefined;
}
