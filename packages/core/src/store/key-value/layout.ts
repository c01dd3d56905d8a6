import { afterPrefix, appendBytes, encodeKey, type KeyPart } from "./space/encode-key.ts";
import type { KeyRange } from "./space/key-value-space.ts";

/**
 * Where everything stands. What belongs to a tenant begins with it, and what ends with an incarnation begins with its
 * generation: an id of the store's own, because an incarnation may come back by an import.
 */
const data = (tenant: string, kind: string, ...parts: readonly KeyPart[]): Uint8Array =>
  encodeKey("data", tenant, kind, ...parts);
const dataPrefix: Uint8Array = encodeKey("data");

/** Keys of one tenant. */
export const tenantKeys: {
  readonly [Name in "all" | "sessions" | "floor" | "feed" | "changes"]: (tenant: string) => Uint8Array;
} & {
  readonly [Name in "session" | "lease"]: (tenant: string, session: string) => Uint8Array;
} & {
  readonly [Name in "byTime" | "chunk" | "updated" | "derivedFrom"]: (
    tenant: string,
    ...place: readonly KeyPart[]
  ) => Uint8Array;
} & {
  readonly any: Uint8Array;
  readonly bySubject: (tenant: string, subject: string, ...session: readonly string[]) => Uint8Array;
  readonly bySubjectUpdated: (tenant: string, subject: string, ...place: readonly KeyPart[]) => Uint8Array;
  readonly operation: (tenant: string, session: string, id: string) => Uint8Array;
  readonly documentOperation: (tenant: string, session: string, id: string) => Uint8Array;
  readonly ownerOperation: (tenant: string, owner: readonly string[], id: string) => Uint8Array;
  readonly owner: (tenant: string, owner: readonly string[]) => Uint8Array;
} = {
  all: (tenant: string): Uint8Array => encodeKey("data", tenant),
  any: dataPrefix,
  /** The unit record of a session. */
  session: (tenant: string, session: string): Uint8Array => data(tenant, "session", session),
  sessions: (tenant: string): Uint8Array => data(tenant, "session"),
  bySubject: (tenant: string, subject: string, ...session: readonly string[]): Uint8Array =>
    data(tenant, "subject", subject, ...session),
  /** Sessions by the time of their last write, then id. */
  updated: (tenant, ...place) => data(tenant, "updated", ...place),
  bySubjectUpdated: (tenant, subject, ...place) => data(tenant, "subject-updated", subject, ...place),
  operation: (tenant: string, session: string, id: string): Uint8Array => data(tenant, "op", session, id),
  documentOperation: (tenant, session, id) => data(tenant, "document-op", session, id),
  /** The id first: owners have one element or two. */
  ownerOperation: (tenant, owner, id) => data(tenant, "owner-op", id, ...owner),
  lease: (tenant: string, session: string): Uint8Array => data(tenant, "lease", session),
  /** The unit record of the documents that stand alone and whose namespaces share these first elements. */
  owner: (tenant: string, owner: readonly string[]): Uint8Array => data(tenant, "owner", ...owner),
  /** What no fence and no version of a document may be below, when the record that knew it is gone. */
  floor: (tenant: string): Uint8Array => data(tenant, "floor"),
  /** The epoch of the feed, and the units in the order of their newest changes. */
  feed: (tenant) => data(tenant, "feed"),
  changes: (tenant) => data(tenant, "changed"),
  /** Documents by what they are derived from. */
  derivedFrom: (tenant, ...source) => data(tenant, "derived-from", ...source),
  /** Events in the order of time, session and place. */
  byTime: (tenant: string, ...place: readonly KeyPart[]): Uint8Array => data(tenant, "time", ...place),
  chunk: (tenant: string, ...place: readonly KeyPart[]): Uint8Array => data(tenant, "chunk", ...place),
};

type KeyOf<Part extends KeyPart> = (...parts: readonly Part[]) => Uint8Array;

/** Keys of what ends with one incarnation. Without a `seq`, the prefix of all of the kind. */
export interface GenerationKeys {
  /** Everything but the list of operations, which is remembered for longer. */
  readonly content: Uint8Array;
  /** The lists by type, of all types. */
  readonly types: Uint8Array;
  readonly effective: KeyOf<number>;
  readonly retracted: KeyOf<number>;
  readonly byType: (type: string, ...seq: readonly number[]) => Uint8Array;
  readonly byAgent: (agent: string, ...seq: readonly number[]) => Uint8Array;
  readonly pinned: KeyOf<number>;
  readonly derived: KeyOf<number>;
  /** Those of the log by the version that they led to, then id; those of documents by id, apart from them. */
  readonly operations: KeyOf<KeyPart>;
}

export function generationKeys(tenant: string, generation: string): GenerationKeys {
  const key =
    (kind: string): KeyOf<KeyPart> =>
    (...parts) =>
      data(tenant, "of", generation, "in", kind, ...parts);
  return {
    content: data(tenant, "of", generation, "in"),
    types: key("type")(),
    effective: key("event"),
    retracted: key("gone"),
    byType: key("type"),
    byAgent: key("agent"),
    pinned: key("pinned"),
    derived: key("derived"),
    operations: (...place) => data(tenant, "of", generation, "ops", ...place),
  };
}

/** Keys of the documents of one session, or of those of a tenant that stand alone. */
export interface DocumentKeys {
  readonly documents: Uint8Array;
  readonly document: (sortKey: string) => Uint8Array;
  readonly tag: (tag: string) => Uint8Array;
  readonly tagged: (tag: string, sortKey: string) => Uint8Array;
  /** Of documents of a session: where they stand elsewhere, so that it is found when the session ends. */
  readonly elsewhere: (...place: readonly KeyPart[]) => Uint8Array;
}

export function documentKeys(tenant: string, generation: string | undefined): DocumentKeys {
  const prefix = (kind: string, ...parts: readonly KeyPart[]): Uint8Array =>
    generation === undefined
      ? data(tenant, kind, ...parts)
      : data(tenant, "of", generation, "in", kind, ...parts);
  const documents = prefix("document");
  const tag = (name: string): Uint8Array => prefix("tag", name);
  return {
    documents,
    document: (sortKey) => appendBytes(documents, sortKey),
    tag,
    tagged: (name, sortKey) => appendBytes(tag(name), sortKey),
    elsewhere: (...place) => prefix("elsewhere", ...place),
  };
}

/** What is to be done at a time, over all tenants. */
export function dueKey(time: number, kind: string, ...what: readonly KeyPart[]): Uint8Array {
  return encodeKey("due", time, kind, ...what);
}

export function dueBefore(time: number, limit: number): KeyRange {
  return { from: encodeKey("due"), to: encodeKey("due", time + 1), limit };
}

/** Everything that begins with these bytes. */
export function under(prefix: Uint8Array, limit: number, reverse = false): KeyRange {
  return { from: prefix, to: afterPrefix(prefix), limit, reverse };
}
