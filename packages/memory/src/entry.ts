import type { Document, DocumentInput, JsonObject, JsonValue } from "@relevo/core";
import { admitJson, admitMetadata, admitTags, refuse, resolveLimits } from "@relevo/core/input";
import type { Runtime } from "./runtime.ts";

/** Where a memory lives: `both` is a durable memory with a volatile copy. */
export type Tier = "volatile" | "durable" | "both";

/** A remembered value with what is known of it. Frozen or a copy. */
export interface MemoryEntry {
  readonly key: string;
  readonly value: JsonValue;
  /** Where it was read from; `both` for the volatile copy of a durable memory. */
  readonly tier: Tier;
  /** For `expectedVersion` of a later write to the same tier; of a copy, the durable memory's. */
  readonly version: number;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt?: number;
  /** The agent that remembers it; absent in working memory. */
  readonly agent?: string;
  /** The session in which a durable memory was made, when it was made through one. */
  readonly session?: string;
}

// The facade's own notes stand in the metadata of the document, where they cost no extra read, and never reach users.
const reserved = "relevo:";
const copyOf = `${reserved}copy-of`;
const madeIn = `${reserved}session`;

/** The path of the note that names the session a durable memory was made in. */
export const madeInPath: readonly ["metadata", string] = ["metadata", madeIn];

/** The facade's notes on a document. */
export interface Notes {
  /** The version of the durable memory that this volatile document is a copy of. */
  readonly copyOf?: number;
  readonly session?: string;
}

/** The bounds of a value are the store's to check; only what is not JSON is refused before. */
const unbounded = resolveLimits({ valueBytes: Number.MAX_SAFE_INTEGER, depth: 1000 });

/** What the caller wants stored beside the value. */
export interface RememberFields {
  readonly ttlMs?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly metadata?: JsonObject | undefined;
}

/** @throws `invalid-input` for metadata in the reserved part; what admission throws, when the caller set limits. */
export function documentInput(
  runtime: Runtime,
  value: JsonValue,
  fields: RememberFields,
  notes: Notes = {},
): DocumentInput {
  // A copy, because other calls may come before the write, and the caller may change its value meanwhile.
  const { value: own } = admitJson(value, "value", runtime.checksValues ? runtime.limits : unbounded);
  const { value: metadata } = admitMetadata(fields.metadata, "metadata", runtime.limits);
  for (const name of Object.keys(metadata)) {
    if (name.startsWith(reserved))
      throw refuse(
        `metadata.${name.slice(0, 64)}`,
        `is not allowed: names that begin with "${reserved}" are reserved.`,
      );
  }
  const noted = {
    ...metadata,
    ...(notes.copyOf === undefined ? {} : { [copyOf]: notes.copyOf }),
    ...(notes.session === undefined ? {} : { [madeIn]: notes.session }),
  };
  return {
    value: own,
    ...(Object.keys(noted).length === 0 ? {} : { metadata: noted }),
    ...(fields.tags === undefined ? {} : { tags: admitTags(fields.tags, "tags", runtime.limits) }),
    ttlMs: fields.ttlMs,
  };
}

export function notesOf(document: Document): Notes {
  const version = document.metadata[copyOf];
  const session = document.metadata[madeIn];
  return {
    ...(typeof version === "number" ? { copyOf: version } : {}),
    ...(typeof session === "string" ? { session } : {}),
  };
}

/** The caller's own metadata, without the facade's notes. */
export function metadataOf(document: Document): JsonObject {
  const names = Object.keys(document.metadata);
  if (!names.some((name) => name.startsWith(reserved))) return document.metadata;
  return Object.freeze(
    Object.fromEntries(Object.entries(document.metadata).filter(([name]) => !name.startsWith(reserved))),
  );
}

export function entryOf(document: Document, tier: "volatile" | "durable", agent?: string): MemoryEntry {
  const notes = notesOf(document);
  return Object.freeze({
    key: document.key,
    value: document.value,
    tier: notes.copyOf === undefined ? tier : "both",
    version: notes.copyOf ?? document.version,
    tags: document.tags,
    metadata: metadataOf(document),
    createdAt: document.createdAt,
    updatedAt: document.updatedAt,
    ...(document.expiresAt === undefined ? {} : { expiresAt: document.expiresAt }),
    ...(agent === undefined ? {} : { agent }),
    ...(notes.session === undefined ? {} : { session: notes.session }),
  });
}

/**
 * What an update keeps of the document it changes: tags, metadata and the moment it expires, which is taken by the
 * memory's clock because a put counts lifetimes from now.
 */
export function keptFields(
  runtime: Runtime,
  current: Document | undefined,
  fields: RememberFields,
): RememberFields {
  if (current === undefined) return fields;
  const remaining =
    current.expiresAt === undefined
      ? undefined
      : Math.max(1, Math.ceil(current.expiresAt - runtime.clock.now()));
  return {
    tags: fields.tags ?? current.tags,
    metadata: fields.metadata ?? metadataOf(current),
    ttlMs: fields.ttlMs ?? remaining,
  };
}
