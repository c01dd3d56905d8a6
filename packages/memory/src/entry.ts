import { hash } from "node:crypto";
import type { Document, DocumentInput, JsonObject, JsonValue } from "@relevo/core";
import { admitJson, admitMetadata, admitTags, refuse, resolveLimits } from "@relevo/core/input";
import type { Runtime } from "./runtime.ts";

/** Where a memory is kept: `both` is a durable memory with a volatile copy. */
export type Tier = "volatile" | "durable" | "both";

/** A remembered value with its metadata. Frozen, or a copy. */
export interface MemoryEntry {
  readonly key: string;
  readonly value: JsonValue;
  /** Where it was read from; `both` for the volatile copy of a durable memory. */
  readonly tier: Tier;
  /** For `expectedVersion` of a later write to the same tier; for a copy, the version of the durable memory. */
  readonly version: number;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt?: number;
  /** The agent it belongs to; absent in working memory. */
  readonly agent?: string;
  /** The session in which a durable memory was made, when it was made through one. */
  readonly session?: string;
}

// What this package notes about a document is kept in its metadata, which needs no extra read, and hidden from callers.
const reserved = "relevo:";
const copyOf = `${reserved}copy-of`;
const madeIn = `${reserved}session`;

/**
 * The tag of memories that were made in this session, which finds them by an index. A hash, because a session's id may be
 * as long as a tag.
 */
export function madeInTag(session: string): string {
  return `${madeIn}:${hash("sha256", session, "base64url")}`;
}

/** What this package notes about a document. */
export interface Notes {
  /** The version of the durable memory that this volatile document is a copy of. */
  readonly copyOf?: number;
  readonly session?: string;
}

/** The store checks the limits of a value; only values that are not JSON are refused before. */
const unbounded = resolveLimits({ valueBytes: Number.MAX_SAFE_INTEGER, depth: 1000 });

/** What the caller stores with the value. */
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
  refuseReserved(metadata, "metadata");
  const noted = {
    ...metadata,
    ...(notes.copyOf === undefined ? {} : { [copyOf]: notes.copyOf }),
    ...(notes.session === undefined ? {} : { [madeIn]: notes.session }),
  };
  return {
    value: own,
    ...(Object.keys(noted).length === 0 ? {} : { metadata: noted }),
    ...tagsOf(runtime, fields.tags, notes.session),
    ttlMs: fields.ttlMs,
  };
}

/** @throws `invalid-input` for a name that this package keeps for its own notes. */
export function refuseReserved(metadata: object, field: string): void {
  for (const name of Object.keys(metadata))
    if (name.startsWith(reserved))
      throw refuse(
        `${field}.${name.slice(0, 64)}`,
        `is not allowed: names that start with "${reserved}" are reserved.`,
      );
}

function tagsOf(
  { limits }: Runtime,
  given: readonly string[] | undefined,
  session: string | undefined,
): Pick<DocumentInput, "tags"> {
  const tags = admitTags(given, "tags", limits);
  const wrong = tags.find((tag) => tag.startsWith(reserved));
  if (wrong !== undefined)
    throw refuse("tags", `must not begin with "${reserved}", which is reserved.`, {
      tag: wrong.slice(0, 64),
    });
  if (session !== undefined) return { tags: [...tags, madeInTag(session)] };
  return given === undefined ? {} : { tags };
}

/** The caller's tags, without this package's own. */
export function publicTags(document: Document): readonly string[] {
  const { tags } = document;
  if (!tags.some((tag) => tag.startsWith(reserved))) return tags;
  return Object.freeze(tags.filter((tag) => !tag.startsWith(reserved)));
}

export function notesOf(document: Document): Notes {
  const version = document.metadata[copyOf];
  const session = document.metadata[madeIn];
  return {
    ...(typeof version === "number" ? { copyOf: version } : {}),
    ...(typeof session === "string" ? { session } : {}),
  };
}

/** The caller's metadata, without this package's notes. */
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
    tags: publicTags(document),
    metadata: metadataOf(document),
    createdAt: document.createdAt,
    updatedAt: document.updatedAt,
    ...(document.expiresAt === undefined ? {} : { expiresAt: document.expiresAt }),
    ...(agent === undefined ? {} : { agent }),
    ...(notes.session === undefined ? {} : { session: notes.session }),
  });
}

/**
 * What an update keeps of the document: tags, metadata and the time of its expiry, converted to a lifetime by the
 * memory's clock because a put takes lifetimes.
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
    tags: fields.tags ?? publicTags(current),
    metadata: fields.metadata ?? metadataOf(current),
    ttlMs: fields.ttlMs ?? remaining,
  };
}
