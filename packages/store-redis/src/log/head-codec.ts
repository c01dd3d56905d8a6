import type { JsonObject, SessionHead } from "@relevo/core";
import { corruptHead } from "./status.ts";

/** The head as it stands behind the newest event. */
export interface StoredHead {
  readonly incarnation: string;
  readonly version: number;
  readonly revision: number;
  readonly removalRevision: number;
  readonly firstSeq: number;
  readonly bytes: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly ttlMs: number | undefined;
  readonly expiresAt: number | undefined;
  readonly sealed: boolean;
  /** Subject, percent-encoded, and metadata as JSON. */
  readonly rest: string;
}

/** As `headText` in the scripts writes it. */
const pattern =
  /^H\|(\d+)\|(\d+)\|(\d+)\|(-?\d+)\|(\d+)\|\d+\|([^|]*)\|(\d+)\|(-?\d+)\|(\d+)\|[01]\|([01])\|\d+\|\d+\|\d+\.\d+\|\d+\|(\d+)\|(.*)$/su;

/** @throws `corrupt` */
export function decodeHead(text: string): StoredHead {
  const parts = pattern.exec(text);
  if (parts === null) throw corruptHead();
  const number = (place: number): number => {
    const value = Number(parts[place]);
    if (!Number.isSafeInteger(value)) throw corruptHead();
    return value;
  };
  const [expires, ttl] = [number(5), number(9)];
  return {
    incarnation: decodeText(parts[6] ?? ""),
    version: number(1),
    revision: number(2),
    removalRevision: number(11),
    firstSeq: number(7),
    bytes: number(3),
    createdAt: number(8),
    updatedAt: number(4),
    ttlMs: ttl === 0 ? undefined : ttl,
    expiresAt: expires === 0 ? undefined : expires,
    sealed: parts[10] === "1",
    rest: parts[12] ?? "",
  };
}

/** An id as scripts keep it. @throws `corrupt` */
export function decodeText(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch (cause) {
    throw corruptHead(cause);
  }
}

/** What scripts keep of subject and metadata; they never look into the metadata. */
export function restOf(subject: string | undefined, metadata: JsonObject): string {
  return `${subject === undefined ? "" : encodeURIComponent(subject)}|${JSON.stringify(metadata)}`;
}

export function headOf(session: string, head: StoredHead): SessionHead {
  const bar = head.rest.indexOf("|");
  const subject = decodeText(head.rest.slice(0, bar));
  const metadata = decodeMetadata(head.rest.slice(bar + 1));
  const {
    incarnation,
    version,
    revision,
    removalRevision,
    firstSeq,
    bytes,
    createdAt,
    updatedAt,
    expiresAt,
  } = head;
  return {
    session,
    incarnation,
    version,
    revision,
    removalRevision,
    token: "",
    firstSeq,
    events: version - firstSeq + 1,
    bytes,
    ...(subject === "" ? {} : { subject }),
    metadata,
    createdAt,
    updatedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(head.sealed ? { sealed: true as const } : {}),
  };
}

function decodeMetadata(json: string): JsonObject {
  try {
    const metadata: unknown = JSON.parse(json);
    if (typeof metadata === "object" && metadata !== null && !Array.isArray(metadata))
      return metadata as JsonObject;
  } catch (cause) {
    throw corruptHead(cause);
  }
  throw corruptHead();
}
