import type { DocumentAddress, DocumentScope } from "../address.ts";
import type { JsonObject, JsonValue } from "../json.ts";
import type { Where } from "../where.ts";
import type { CallOptions, Page, PageOptions } from "./common.ts";
import type { DocumentSources } from "./document-sources.ts";
import type { Operation, SessionGuard } from "./event-log.ts";

/** A JSON value with what the store knows of it. Frozen or a copy. */
export interface Document {
  readonly namespace: readonly string[];
  readonly key: string;
  readonly value: JsonValue;
  /**
   * Grows with every put of this address, also across delete and re-creation, so that a late writer can never
   * mistake a new document for the one it knew. It has no other meaning.
   */
  readonly version: number;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt?: number;
  readonly derivedFrom?: DocumentSources;
  /** Of the session that a session document belongs to; pass it to later writes, so that none can outlive a delete. */
  readonly incarnation?: string;
}

export interface DocumentInput {
  readonly value: JsonValue;
  /** A set: order and repetition do not matter. Stored sorted by UTF-8 bytes. */
  readonly tags?: readonly string[] | undefined;
  readonly metadata?: JsonObject | undefined;
  /** What the value repeats; erasure follows it. */
  readonly derivedFrom?: DocumentSources | undefined;
  /** Time to live from now. Without it the document lives as long as its session, or for ever; never longer than its session. */
  readonly ttlMs?: number | undefined;
}

/** What a write of documents may be given. */
export interface DocumentWriteOptions extends SessionGuard {
  /**
   * Makes a retry safe, as for an append: a write under a known id with the same fingerprint changes nothing and
   * returns what the first call did, with its versions and times and the values of the request, even after later writes
   * and deletes. Another fingerprint is `conflict` with `details.conflict` = `operation`. Known within the unit (see
   * `unitOf`), apart from the operations of a session's log, for at least 24 hours, and as long as the session lives;
   * of a session that has ended it is `history-lost` for at least 24 hours. Operations of documents do not travel with
   * a session.
   */
  readonly operation?: Operation;
}

export interface PutOptions extends DocumentWriteOptions {
  /** The version that the writer saw; 0 for "create only". A stale one is `conflict` and changes nothing. */
  readonly expectedVersion?: number;
}

/** One part of `putMany`: an address, what to store, and the version that the writer saw. */
export interface DocumentWrite extends DocumentInput {
  readonly address: DocumentAddress;
  readonly expectedVersion?: number;
}

export interface DeleteDocumentOptions extends DocumentWriteOptions {
  readonly expectedVersion?: number;
}

export interface TouchDocumentOptions extends SessionGuard {
  readonly ttlMs: number | null;
}

/** One part of `deleteMany`. */
export interface DocumentDelete {
  readonly address: DocumentAddress;
  readonly expectedVersion?: number;
}

export interface FindOptions extends PageOptions {
  /** Only documents of exactly this namespace. */
  readonly namespace?: readonly string[];
  /** Only documents whose namespace begins with these elements. `["a"]` is no prefix of `["ab"]`. */
  readonly namespacePrefix?: readonly string[];
  readonly tags?: { readonly any?: readonly string[]; readonly all?: readonly string[] };
  readonly where?: Where;
  /** Only documents with a string in their value that contains this text, ignoring case (see `searchableText`). */
  readonly text?: string;
  /** Only documents written at or after this time. */
  readonly updatedSince?: number;
  /** Only keys after or before this one, itself excluded, as UTF-8 bytes, whatever their namespace. */
  readonly keyAfter?: string;
  readonly keyBefore?: string;
  readonly direction?: "forward" | "backward" | undefined;
}

export interface NamespacesOptions extends PageOptions {
  /** Elements that the namespace must begin or end with; `*` stands for any one element. */
  readonly prefix?: readonly string[];
  readonly suffix?: readonly string[];
  /** Cut namespaces to this many elements, after matching, and list each once. */
  readonly maxDepth?: number | undefined;
}

/** What is counted: all of the scope without one of these. */
export type CountOptions = CallOptions &
  (
    | {
        /** Only documents of exactly this namespace. */
        readonly namespace?: readonly string[];
      }
    | {
        /** Only documents whose namespace begins with these elements. */
        readonly namespacePrefix: readonly string[];
      }
  );

/**
 * Versioned JSON documents. Those of a session live and die with it and obey its incarnation, fence and seal; a put
 * into a session that does not exist creates it, at version 0. Writing them moves neither the session's version
 * and revision nor its idle time. The others stand alone, and take neither incarnation nor fence.
 *
 * Every method throws `invalid-input` for hostile input, `closed` after `close()`, `aborted`, and by store
 * `unavailable`, `timeout`, `corrupt`.
 */
export interface DocumentStore {
  /** The document, or `undefined` when there is none or it has expired. */
  get(address: DocumentAddress, options?: CallOptions): Promise<Document | undefined>;

  /**
   * One result for each address, in the order asked. All addresses are of one tenant; what belongs to one session
   * or one owner (see `unitOf`) is read at one moment.
   */
  getMany(
    addresses: readonly DocumentAddress[],
    options?: CallOptions,
  ): Promise<readonly (Document | undefined)[]>;

  /**
   * Stores the whole document in place of what was there: value, tags, metadata and expiry. Checked in this order,
   * before anything is written: limits and form, the incarnation, a known operation, the seal, the fence, the version.
   *
   * @throws `conflict` with `details.conflict` = `operation` | `version` | `fence` | `sealed` and the current value;
   *   `history-lost`; `too-large`.
   */
  put(address: DocumentAddress, input: DocumentInput, options?: PutOptions): Promise<Document>;

  /**
   * Stores several documents, all or none. They are of one session, or of one owner (see `unitOf`), so that a
   * value and its history are written together.
   *
   * @throws as `put`, with `details.index` of the first write that was refused; `invalid-input` across sessions or
   *   owners, or when an address is named twice.
   */
  putMany(writes: readonly DocumentWrite[], options?: DocumentWriteOptions): Promise<readonly Document[]>;

  /** Removes the document, and what is derived from it (see `DocumentSources`). False when there was none, whatever version was expected. @throws `conflict`; `history-lost`. */
  delete(address: DocumentAddress, options?: DeleteDocumentOptions): Promise<boolean>;

  /**
   * Removes several documents, all or none, of one session or of one owner. Returns how many there were.
   *
   * @throws as `putMany`.
   */
  deleteMany(deletes: readonly DocumentDelete[], options?: DocumentWriteOptions): Promise<number>;

  /** Sets a new time to live without a new version; `null` for ever. `undefined` when there is no document. */
  touch(address: DocumentAddress, options: TouchDocumentOptions): Promise<Document | undefined>;

  /**
   * Documents in the order namespace elements, then key, as UTF-8 bytes. Namespace and tags are indexed; `where` and
   * `text` may have to read every document that the rest selects.
   */
  find(scope: DocumentScope, options?: FindOptions): Promise<Page<Document>>;

  /** How many documents `find` would return on all of its pages. Reads none of their values. */
  count(scope: DocumentScope, options?: CountOptions): Promise<number>;

  /** The namespaces that hold documents, each once, in the order of their elements as UTF-8 bytes. */
  namespaces(scope: DocumentScope, options?: NamespacesOptions): Promise<Page<readonly string[]>>;
}
