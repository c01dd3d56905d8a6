import { type ChangedHead, type JsonObject, MemoryError, type SessionHead } from "@relevo/core";
import type { Refusable } from "../call-function.ts";
import { exactNumber } from "../database/exact-number.ts";
import { asJson, asTexts, nowMs } from "../schema/sql-text.ts";

/** A session as the columns of `headColumns` give it. */
export interface HeadRow {
  /** These three as JSON strings, and numbers as `asText` gives them. */
  readonly session: string;
  readonly incarnation: string;
  readonly version: string;
  readonly revision: string;
  readonly removal_revision: string;
  readonly token: string;
  readonly first_seq: string;
  readonly events: string;
  readonly bytes: string;
  readonly subject: string | null;
  readonly metadata: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly ttl_ms: string | null;
  readonly expires_at: string | null;
  readonly sealed: boolean;
}

/** The columns of a head, of a row or of a composite value. Numbers as every client reads them alike. */
export function headColumns(of: string): string {
  const numbers = [
    "version",
    "revision",
    "removal_revision",
    "first_seq",
    "events",
    "bytes",
    "created_at",
    "updated_at",
    "ttl_ms",
    "expires_at",
  ];
  const texts = ["session", "incarnation", "subject"];
  return [
    ...texts.map((name) => `${asJson(`${of}.${name}`)} as ${name}`),
    `${of}.metadata, ${of}.sealed, ${of}.token`,
    asTexts(of, numbers),
  ].join(", ");
}

/** Whether the session of a slot is there: it has begun, and has not expired. */
export function isLive(slot: string): string {
  return `${slot}.incarnation is not null and (${slot}.expires_at is null or ${slot}.expires_at > ${nowMs})`;
}

/**
 * The slot of the session `$2` when it is there, for a lateral join with `scope`, which sets the tenant. `offset 0` keeps
 * it behind `scope`: merged into the query, it may be joined in any order, and before the tenant is set row-level
 * security shows no row.
 */
export function liveSession(schema: string): string {
  return `
  select * from ${schema}.sessions as s
  where s.tenant = scope.tenant and s.session = $2 and ${isLive("s")}
  offset 0
`;
}

export function headOf(row: HeadRow): SessionHead {
  return Object.freeze({
    session: parseText(row.session),
    incarnation: parseText(row.incarnation),
    version: exactNumber(row.version),
    revision: exactNumber(row.revision),
    token: row.token,
    removalRevision: exactNumber(row.removal_revision),
    firstSeq: exactNumber(row.first_seq),
    events: exactNumber(row.events),
    bytes: exactNumber(row.bytes),
    ...(row.subject === null ? {} : { subject: parseText(row.subject) }),
    metadata: parseObject(row.metadata),
    createdAt: exactNumber(row.created_at),
    updatedAt: exactNumber(row.updated_at),
    ...(row.expires_at === null ? {} : { expiresAt: exactNumber(row.expires_at) }),
    ...(row.sealed ? { sealed: true as const } : {}),
  });
}

export interface ChangedRow extends HeadRow, Refusable {
  readonly r_previous: string;
}

/** The head after a call that may have written, with the token that it found. */
export function changedHeadOf(row: ChangedRow): ChangedHead {
  return Object.freeze({ ...headOf(row), previousToken: row.r_previous });
}

/** @throws `corrupt` when a text that the store wrote as JSON is none. */
export function parseStored(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MemoryError("corrupt", "A stored value is no JSON. Somebody has changed the table.", { cause });
  }
}

/** @throws `corrupt` when a text that the store wrote as an object is none. */
export function parseObject(text: string): JsonObject {
  const value = parseStored(text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new MemoryError("corrupt", "A stored value is no object. Somebody has changed the table.");
}

/** What `asJson` sent. */
export function parseText(json: string): string {
  return parseStored(json) as string;
}
