import { type JsonObject, MemoryError, type SessionHead } from "@relevo/core";

/** The head as it stands behind the newest event. */
export interface StoredHead {
  readonly incarnation: string;
  readonly version: number;
  readonly revision: number;
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

export const headMark = "H|";

/** @throws `corrupt` */
export function decodeHead(text: string): StoredHead {
  let from = 2;
  const next = (): string => {
    const end = text.indexOf("|", from);
    const part = text.slice(from, end);
    from = end + 1;
    return part;
  };
  const number = (): number => Number(next());
  const [version, revision, bytes] = [number(), number(), number()];
  const [updatedAt, expires, _operations] = [number(), number(), number()];
  const incarnation = decodeURIComponent(next());
  const [firstSeq, createdAt, ttl] = [number(), number(), number()];
  const [_fixed, sealed] = [next(), next() === "1"];
  const [_older, _rotation, _beside, expiresBeside] = [number(), number(), next(), number()];
  if (!text.startsWith(headMark) || !Number.isSafeInteger(expiresBeside)) {
    throw new MemoryError("corrupt", "The head of the session does not have the form that was written.");
  }
  return {
    incarnation,
    version,
    revision,
    firstSeq,
    bytes,
    createdAt,
    updatedAt,
    ttlMs: ttl === 0 ? undefined : ttl,
    expiresAt: expires === 0 ? undefined : expires,
    sealed,
    rest: text.slice(from),
  };
}

/** What scripts keep of subject and metadata; they never look into the metadata. */
export function restOf(subject: string | undefined, metadata: JsonObject): string {
  return `${subject === undefined ? "" : encodeURIComponent(subject)}|${JSON.stringify(metadata)}`;
}

export function headOf(session: string, head: StoredHead): SessionHead {
  const bar = head.rest.indexOf("|");
  const subject = decodeURIComponent(head.rest.slice(0, bar));
  const metadata = JSON.parse(head.rest.slice(bar + 1)) as JsonObject;
  const { incarnation, version, revision, firstSeq, bytes, createdAt, updatedAt, expiresAt } = head;
  return {
    session,
    incarnation,
    version,
    revision,
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
