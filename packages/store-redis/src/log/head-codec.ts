import type { ChangedHead, JsonObject, SessionHead } from "@relevo/core";
import { corruptHead, type Reply, unreadable } from "../answers.ts";
import { formatVersion } from "../scripts/scripts.generated.ts";

/** The head as it stands behind the newest event. */
export interface StoredHead {
  readonly incarnation: string;
  readonly version: number;
  readonly revision: number;
  readonly removalRevision: number;
  readonly token: string;
  readonly firstSeq: number;
  readonly bytes: number;
  /** How many effective pinned messages and summaries there are. */
  readonly landmarks: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly ttlMs: number | undefined;
  readonly expiresAt: number | undefined;
  readonly sealed: boolean;
  /** Subject, percent-encoded, and metadata as JSON. */
  readonly rest: string;
}

/** As `headText` in the scripts writes it, behind the format. */
const pattern =
  /^H(\d+)\|(\d+)\|(\d+)\|(\d+)\|(-?\d+)\|(\d+)\|\d+\|([^|]*)\|([^|]*)\|(\d+)\|(-?\d+)\|(\d+)\|[01]\|([01])\|\d+\|\d+\|\d+\.\d+\.(\d+)\|\d+\|(\d+)\|(.*)$/su;

/** @throws `corrupt`; `unsupported` for a newer format. */
export function decodeHead(text: string): StoredHead {
  const [format, ...parts] = pattern.exec(text)?.slice(1) ?? [];
  if (Number(format) !== formatVersion) throw unreadable(text);
  const number = (place: number): number => {
    const value = Number(parts[place]);
    if (!Number.isSafeInteger(value)) throw corruptHead();
    return value;
  };
  const [expires, ttl] = [number(4), number(9)];
  return {
    incarnation: decodeText(parts[6] ?? ""),
    version: number(0),
    revision: number(1),
    removalRevision: number(12),
    token: parts[5] ?? "",
    firstSeq: number(7),
    bytes: number(2),
    landmarks: number(11),
    createdAt: number(8),
    updatedAt: number(3),
    ttlMs: ttl === 0 ? undefined : ttl,
    expiresAt: expires === 0 ? undefined : expires,
    sealed: parts[10] === "1",
    rest: parts[13] ?? "",
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

/** An id as scripts keep it, where there is one. */
export function encoded(id: string | undefined): string | undefined {
  return id === undefined ? undefined : encodeURIComponent(id);
}

/** What scripts keep of subject and metadata; they never look into the metadata. */
export function restOf(subject: string | undefined, metadata: JsonObject): string {
  return `${encoded(subject) ?? ""}|${JSON.stringify(metadata)}`;
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
    token,
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
    token,
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

/** The head after a call that may write, as scripts answer it with the token found. */
export function changedHeadOf(session: string, [, text, found]: Reply): ChangedHead {
  return { ...headOf(session, decodeHead(String(text))), ...previousTokenOf(found) };
}

/** The token that a write found; nothing when it created the session. */
export function previousTokenOf(found: unknown): { readonly previousToken?: string } {
  return found === "" ? {} : { previousToken: String(found).slice(1) };
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
