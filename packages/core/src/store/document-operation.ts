import type { Document } from "../ports/document-store.ts";
import type { Answer } from "./answer.ts";
import type { AdmittedDelete, AdmittedPut } from "./document-calls.ts";

/** What one write of an operation gave its document. */
export interface RecordedWrite extends Pick<Document, "version" | "createdAt" | "updatedAt" | "expiresAt"> {}

/**
 * An operation of document writes as a driver remembers it: what a replay needs beside the request, and no content, so
 * that nothing which is erased later stays here.
 */
export interface DocumentOperationRecord {
  readonly fingerprint: string;
  /** Of a put: one for each write. */
  readonly writes?: readonly RecordedWrite[];
  /** Of the session that the documents belong to. */
  readonly incarnation?: string;
  /** Of a delete: how many documents there were. */
  readonly deleted?: number;
}

/** What is remembered of a put that stored these documents. */
export function recordPut(fingerprint: string, documents: readonly Document[]): DocumentOperationRecord {
  const incarnation = documents[0]?.incarnation;
  return {
    fingerprint,
    ...(incarnation === undefined ? {} : { incarnation }),
    writes: documents.map(({ version, createdAt, updatedAt, expiresAt }) =>
      expiresAt === undefined
        ? { version, createdAt, updatedAt }
        : { version, createdAt, updatedAt, expiresAt },
    ),
  };
}

/** The documents as a put under a known operation stored them first. Refuses `operation` for another request. */
export function replayPut(
  { operation, writes }: AdmittedPut,
  known: DocumentOperationRecord,
): Answer<readonly Document[]> {
  const { incarnation } = known;
  if (known.fingerprint !== operation?.fingerprint || known.writes?.length !== writes.length)
    return { refused: "operation" };
  return {
    ok: known.writes.map((recorded, index) => {
      const { address, value, tags, metadata, derivedFrom } = writes[index] as (typeof writes)[number];
      return Object.freeze({
        namespace: address.namespace,
        key: address.key,
        value,
        tags,
        metadata,
        ...(derivedFrom === undefined ? {} : { derivedFrom }),
        ...recorded,
        ...(incarnation === undefined ? {} : { incarnation }),
      });
    }),
  };
}

/** How many documents a delete under a known operation removed first. Refuses `operation` for another request. */
export function replayDelete(
  { operation }: AdmittedDelete,
  { fingerprint, deleted }: DocumentOperationRecord,
): Answer<number> {
  if (fingerprint !== operation?.fingerprint || deleted === undefined) return { refused: "operation" };
  return { ok: deleted };
}
