import { hash } from "node:crypto";
import type { Document, DocumentInput, FindOptions, JsonObject, JsonValue, Limits } from "@relevo/core";
import {
  admitJson,
  admitMetadata,
  admitOptionalId,
  admitTags,
  refuse,
  resolveLimits,
} from "@relevo/core/input";
import type { Runtime } from "../runtime.ts";

/** Where a memory is kept: `both` is a durable memory with a volatile copy. */
export type Tier = "volatile" | "durable" | "both";

/** What a memory is a summary of, when retention wrote it in the place of others. */
export interface MemorySummary {
  /** The memories, of the same place, that it replaces. Forgetting one of them forgets the summary. */
  readonly of: readonly { readonly key: string; readonly version: number }[];
  /** When the oldest and the newest of them were written, in milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly strategy: string;
  readonly model?: string;
  readonly sourceHash: string;
}

/** A remembered value with its metadata. Frozen, or a copy. */
export interface MemoryEntry {
  readonly key: string;
  readonly value: JsonValue;
  /** Where it was read from; `both` for the volatile copy of a durable memory. */
  readonly tier: Tier;
  /** For `expectedVersion` of a later write to the same tier; for a copy, the version of the durable memory. */
  readonly version: number;
  readonly tags: readonly string[];
  readonly category?: string;
  readonly metadata: JsonObject;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt?: number;
  /** The agent it belongs to; absent in working memory. */
  readonly agent?: string;
  /** The session in which it was made, the last one when several have written it. */
  readonly session?: string;
  /** Why it was written, as the writer gave it. */
  readonly reason?: string;
  readonly summary?: MemorySummary;
}

// What this package notes about a document is kept in its metadata, which needs no extra read, and hidden from callers.
const reserved = "relevo:";
const copyOf = `${reserved}copy-of`;
const madeIn = `${reserved}session`;
const about = `${reserved}user`;
const inCategory = `${reserved}category`;
const writtenBy = `${reserved}by`;
const writtenFor = `${reserved}reason`;
const pastCount = `${reserved}past`;

/** The tag of memories that come from more sessions and people than they can name. */
export const manySourcesTag: string = `${reserved}many-sources`;

/** Where a summary notes who made it, of what and when. */
export const summaryNote: string = `${reserved}summary`;

/** The tag of memories that retention wrote in the place of others. */
export const summaryTag: string = `${reserved}summary`;

/** The most sessions and people that one memory names. Each is a tag, and stores keep an index of those. */
const maxSources = 24;

/**
 * The tag of memories that come from this session, which finds them by an index. A hash, because a session's id may be
 * as long as a tag.
 */
export function madeInTag(session: string): string {
  return `${madeIn}:${hash("sha256", session, "base64url")}`;
}

/** The tag of memories in this category. A hash, because a category may be as long as a tag. */
export function categoryTag(category: string): string {
  return `${inCategory}:${hash("sha256", category, "base64url")}`;
}

/** The tag of memories that come from a session of this person, also when that is gone. */
export function aboutTag(user: string): string {
  return `${about}:${hash("sha256", user, "base64url")}`;
}

/** Where a value was written, if that is known: in this session, which belongs to this person; by whom, and why. */
export interface Origin {
  readonly session?: string;
  readonly user?: string | undefined;
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
}

/** What this package notes about a document. */
export interface Notes {
  /** The version of the durable memory that this volatile document is a copy of. */
  readonly copyOf?: number;
  readonly session?: string;
  /** The tags of the sessions and people that the value may speak of. */
  readonly sources: readonly string[];
  readonly by?: string;
  readonly reason?: string;
  /** How many values were in this place before, since past values are kept. */
  readonly past?: number;
}

/**
 * What is noted about a value that takes the place of another. Nobody knows how much of the old one it repeats, so it comes
 * from wherever that came from, too.
 */
export function notesOn(origin: Origin | undefined, current: Document | undefined, keepsPast = false): Notes {
  const known = current === undefined ? undefined : notesOf(current);
  const { session: made, user, by, reason } = origin ?? {};
  const session = made ?? known?.session;
  return {
    ...(session === undefined ? {} : { session }),
    ...(by === undefined || !keepsPast ? {} : { by }),
    ...(reason === undefined ? {} : { reason }),
    ...(keepsPast ? { past: known === undefined ? 0 : (known.past ?? 0) + 1 } : {}),
    sources: [
      ...(made === undefined ? [] : [madeInTag(made)]),
      ...(user === undefined ? [] : [aboutTag(user)]),
      ...(known?.sources ?? []),
    ],
  };
}

/** The store checks the limits of a value; only values that are not JSON are refused before. */
const unbounded = resolveLimits({ valueBytes: Number.MAX_SAFE_INTEGER, depth: 1000 });

/** What the caller stores with the value. */
export interface RememberFields {
  readonly ttlMs?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly category?: string | undefined;
  readonly metadata?: JsonObject | undefined;
}

/**
 * A copy, because other calls may come before the write, and the caller may change its value meanwhile. `name` is what the
 * names of the fields begin with in errors.
 *
 * @throws `invalid-input` for names in the reserved part; what admission throws, when the caller set limits.
 */
export function documentInput(
  runtime: Runtime,
  value: JsonValue,
  fields: RememberFields,
  name: string = "",
): DocumentInput {
  const { limits, checksValues } = runtime;
  const { value: own } = admitJson(value, `${name}value`, checksValues ? limits : unbounded);
  const { value: metadata } = admitMetadata(fields.metadata, `${name}metadata`, limits);
  refuseReserved(metadata, `${name}metadata`);
  const category = admitOptionalId(fields.category, `${name}category`, limits);
  const noted = category === undefined ? metadata : { ...metadata, [inCategory]: category };
  const tags = fields.tags === undefined ? undefined : admitOwnTags(limits, fields.tags, `${name}tags`);
  const all = category === undefined ? tags : [...(tags ?? []), categoryTag(category)];
  return {
    value: own,
    ...(Object.keys(noted).length === 0 ? {} : { metadata: noted }),
    ...(all === undefined ? {} : { tags: all }),
    ttlMs: fields.ttlMs,
  };
}

/** @throws `invalid-input` when the tags leave no room for one of this package's own. */
export function withNotes(runtime: Runtime, input: DocumentInput, notes: Notes): DocumentInput {
  const { session, sources, by, reason, past } = notes;
  const metadata = {
    ...input.metadata,
    ...(by === undefined ? {} : { [writtenBy]: by }),
    ...(reason === undefined ? {} : { [writtenFor]: reason }),
    ...(past === undefined ? {} : { [pastCount]: past }),
    ...(notes.copyOf === undefined ? {} : { [copyOf]: notes.copyOf }),
    ...(session === undefined ? {} : { [madeIn]: session }),
  };
  const { tags = [] } = input;
  const own = bounded(sources, Math.min(maxSources, runtime.limits.tags - tags.length));
  return {
    ...input,
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    ...(own.length === 0 ? {} : { tags: [...tags, ...own] }),
  };
}

function bounded(sources: readonly string[], room: number): readonly string[] {
  const unique = [...new Set(sources)];
  if (unique.length <= room) return unique;
  if (room < 1)
    throw refuse(
      "tags",
      "are too many. A category is one of the tags that a memory may have, and of one that is made in a session another one names the session: leave room for them.",
    );
  return [...unique.filter((tag) => tag !== manySourcesTag).slice(0, room - 1), manySourcesTag];
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

function admitOwnTags(limits: Limits, given: readonly string[], field: string): readonly string[] {
  const tags = admitTags(given, field, limits);
  const wrong = tags.find((tag) => tag.startsWith(reserved));
  if (wrong !== undefined)
    throw refuse(field, `must not begin with "${reserved}", which is reserved.`, {
      tag: wrong.slice(0, 64),
    });
  return tags;
}

/** The caller's tags, without this package's own. */
export function publicTags(document: Document): readonly string[] {
  const { tags } = document;
  if (!tags.some((tag) => tag.startsWith(reserved))) return tags;
  return Object.freeze(tags.filter((tag) => !tag.startsWith(reserved)));
}

export function notesOf(document: Document): Notes {
  const version = document.metadata[copyOf];
  const { [madeIn]: session, [writtenBy]: by, [writtenFor]: reason, [pastCount]: past } = document.metadata;
  return {
    ...(typeof version === "number" ? { copyOf: version } : {}),
    ...(typeof session === "string" ? { session } : {}),
    ...(typeof by === "string" ? { by } : {}),
    ...(typeof reason === "string" ? { reason } : {}),
    ...(typeof past === "number" ? { past } : {}),
    sources: document.tags.filter(isSourceTag),
  };
}

/** Whether the tag names a session or person that a memory comes from. */
export function isSourceTag(tag: string): boolean {
  return tag.startsWith(reserved) && !tag.startsWith(`${inCategory}:`) && tag !== summaryTag;
}

/** A filter without the category, which is one of its tags. */
export function withoutCategory<
  Filter extends { readonly category?: string; readonly tags?: FindOptions["tags"] },
>(runtime: Runtime, { category: given, ...filter }: Filter): Omit<Filter, "category"> {
  const category = admitOptionalId(given, "category", runtime.limits);
  if (category === undefined) return filter;
  return { ...filter, tags: { ...filter.tags, all: [...(filter.tags?.all ?? []), categoryTag(category)] } };
}

export function categoryOf({ metadata }: Document): string | undefined {
  const category = metadata[inCategory];
  return typeof category === "string" ? category : undefined;
}

/** Whether nothing says that the memory comes from sessions of other people, so that this person may be shown it. */
export function isOnlyAbout({ tags }: Document, user: string): boolean {
  const own = aboutTag(user);
  return !tags.some((tag) => tag === manySourcesTag || (tag.startsWith(`${about}:`) && tag !== own));
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
  const category = categoryOf(document);
  return Object.freeze({
    key: document.key,
    value: document.value,
    tier: notes.copyOf === undefined ? tier : "both",
    version: notes.copyOf ?? document.version,
    tags: publicTags(document),
    ...(category === undefined ? {} : { category }),
    metadata: metadataOf(document),
    createdAt: document.createdAt,
    updatedAt: document.updatedAt,
    ...(document.expiresAt === undefined ? {} : { expiresAt: document.expiresAt }),
    ...(agent === undefined ? {} : { agent }),
    ...(notes.session === undefined ? {} : { session: notes.session }),
    ...(notes.reason === undefined ? {} : { reason: notes.reason }),
    ...(document.tags.includes(summaryTag) ? { summary: summaryIn(document) } : {}),
  });
}

function summaryIn({ derivedFrom, metadata }: Document): MemorySummary {
  const of = (derivedFrom?.documents ?? []).map(({ key, version }) => ({ key, version }));
  return { of, ...(metadata[summaryNote] as unknown as Omit<MemorySummary, "of">) };
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
    category: fields.category ?? categoryOf(current),
    metadata: fields.metadata ?? metadataOf(current),
    ttlMs: fields.ttlMs ?? remaining,
  };
}
