import {
  type Document,
  type DocumentAddress,
  type DocumentSources,
  type JsonObject,
  type JsonValue,
  MemoryError,
} from "@relevo/core";
import type { AdmittedDocument } from "@relevo/core/store";

/** What a script keeps of a document without looking inside: namespace, key, metadata, value, and its sources, if any. */
export function encodeDocument({
  address,
  metadata,
  value,
  derivedFrom,
}: Pick<AdmittedDocument, "address" | "metadata" | "value" | "derivedFrom">): string {
  const parts = [address.namespace, address.key, metadata, value];
  return JSON.stringify(derivedFrom === undefined ? parts : [...parts, derivedFrom]);
}

/** Tags as scripts cut them; no encoded tag holds a comma, and none a bar. */
export function encodeTags(tags: readonly string[]): string {
  return tags.map(encodeURIComponent).join(",");
}

/** What a unit adds to its documents. */
export interface UnitState {
  readonly incarnation: string | undefined;
  /** 0 for a session that lives for ever, and for documents that stand alone. */
  readonly expiresAt: number;
}

const pattern = /^(\d+)\|(-?\d+)\|(-?\d+)\|(\d+)\|([^|;]*)[^|]*\|/u;

/** @throws `corrupt` */
export function decodeDocument(record: string, unit: UnitState): Document {
  const parts = pattern.exec(record);
  if (parts === null) throw corrupt();
  const [whole, version, created, updated, expires, tags = ""] = parts;
  const number = (text: string | undefined): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value)) throw corrupt();
    return value;
  };
  let namespace: string[];
  let key: string;
  let metadata: JsonObject;
  let value: JsonValue;
  let derivedFrom: DocumentSources | undefined;
  let decodedTags: string[];
  try {
    // What is no list, or too short a one, fails here or at the look at its parts.
    [namespace, key, metadata, value, derivedFrom] = JSON.parse(record.slice(whole.length)) as [
      string[],
      string,
      JsonObject,
      JsonValue,
      DocumentSources | undefined,
    ];
    decodedTags = tags === "" ? [] : tags.split(",").map(decodeURIComponent);
  } catch (cause) {
    throw corrupt(cause);
  }
  const isWhole = Array.isArray(namespace) && typeof key === "string" && typeof metadata === "object";
  if (!isWhole || value === undefined) throw corrupt();
  return documentOf(
    { namespace, key },
    { value, metadata, tags: decodedTags, derivedFrom },
    {
      version: number(version),
      createdAt: number(created),
      updatedAt: number(updated),
      expiresAt: number(expires),
    },
    unit,
  );
}

function corrupt(cause?: unknown): MemoryError {
  return new MemoryError("corrupt", "A document does not have the form that was written.", { cause });
}

/** Whether the record has an expiry, which only the server's clock can say has come. */
export function mayExpire(record: string): boolean {
  return !/^\d+\|-?\d+\|-?\d+\|0\|/u.test(record);
}

/** The earlier of two ends, each 0 for none. */
export function endOf(one: number, other: number): number | undefined {
  const end = Math.min(one || Number.POSITIVE_INFINITY, other || Number.POSITIVE_INFINITY);
  return end === Number.POSITIVE_INFINITY ? undefined : end;
}

/** The document as callers see it: one of a session never lives longer than the session. */
export function documentOf(
  { namespace, key }: Pick<DocumentAddress, "namespace" | "key">,
  {
    value,
    metadata,
    tags,
    derivedFrom,
  }: Pick<Document, "value" | "metadata" | "tags"> & {
    readonly derivedFrom?: DocumentSources | undefined;
  },
  state: {
    readonly version: number;
    readonly createdAt: number;
    readonly updatedAt: number;
    readonly expiresAt: number;
  },
  unit: UnitState,
): Document {
  const { version, createdAt, updatedAt } = state;
  const expiresAt = endOf(state.expiresAt, unit.expiresAt);
  return {
    namespace,
    key,
    value,
    version,
    tags,
    metadata,
    ...(derivedFrom === undefined ? {} : { derivedFrom }),
    createdAt,
    updatedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(unit.incarnation === undefined ? {} : { incarnation: unit.incarnation }),
  };
}
