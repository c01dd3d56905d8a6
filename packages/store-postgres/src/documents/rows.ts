import type { Document, JsonObject, JsonValue } from "@relevo/core";
import { parseStored } from "../log/head.ts";

/** A stored document as the columns of `documentColumns` give it. */
export interface DocumentRow {
  readonly value: string;
  readonly metadata: string;
  readonly tags: string;
  readonly version: number;
  readonly created_at: number;
  readonly updated_at: number;
  /** Of its own or of its session, whichever is first. */
  readonly expires_at: number | null;
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
    `${document}.value, ${document}.metadata, array_to_json(${document}.tags)::text as tags`,
    ...["version", "created_at", "updated_at"].map(
      (name) => `${document}.${name}::double precision as ${name}`,
    ),
    `${expiry}::double precision as expires_at`,
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
    version: row.version,
    tags: parseStored(row.tags) as readonly string[],
    metadata: parseStored(row.metadata) as JsonObject,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
    ...(row.incarnation === null ? {} : { incarnation: row.incarnation }),
  });
}
