import type { Document, DocumentSources, JsonValue } from "@relevo/core";
import { exactNumber } from "../database/exact-number.ts";
import { parseObject, parseStored } from "../log/head.ts";
import { asText, asTexts } from "../schema/sql-text.ts";

/** A stored document as the columns of `documentColumns` give it. */
export interface DocumentRow {
  readonly value: string;
  readonly metadata: string;
  readonly tags: string;
  readonly derived_from: string | null;
  /** Numbers as `asText` gives them. */
  readonly version: string;
  readonly created_at: string;
  readonly updated_at: string;
  /** Of its own or of its session, whichever is first. */
  readonly expires_at: string | null;
  readonly incarnation: string | null;
}

/**
 * The columns of a document as every client reads them alike. `session` is where the end and the incarnation of its
 * session stand; without it, `incarnation` is to be added.
 */
export function documentColumns(document: string, session?: string): string {
  const expiry =
    session === undefined ? `${document}.expires_at` : `least(${document}.expires_at, ${session}.expires_at)`;
  return [
    `${document}.value, ${document}.metadata, array_to_json(${document}.tags)::text as tags, ${document}.derived_from`,
    asTexts(document, ["version", "created_at", "updated_at"]),
    `${asText(expiry)} as expires_at`,
    ...(session === undefined ? [] : [`${session}.incarnation`]),
  ].join(", ");
}

export function documentOf(
  { namespace, key }: { readonly namespace: readonly string[]; readonly key: string },
  row: DocumentRow,
): Document {
  return Object.freeze({
    namespace,
    key,
    value: parseStored(row.value) as JsonValue,
    version: exactNumber(row.version),
    tags: parseStored(row.tags) as readonly string[],
    metadata: parseObject(row.metadata),
    ...(row.derived_from === null ? {} : { derivedFrom: parseStored(row.derived_from) as DocumentSources }),
    createdAt: exactNumber(row.created_at),
    updatedAt: exactNumber(row.updated_at),
    ...(row.expires_at === null ? {} : { expiresAt: exactNumber(row.expires_at) }),
    ...(row.incarnation === null ? {} : { incarnation: row.incarnation }),
  });
}
