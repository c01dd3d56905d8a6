import { createHash } from "node:crypto";
import type { JsonValue } from "@relevo/core";
import { isObject } from "../../messages/message-item.ts";

/** What a serializer made of a value: the name of a format, and bytes in it. */
export type Serialized = readonly [type: string, bytes: Uint8Array];

/** A document to be written, by its key. */
export interface BlobWrite {
  readonly key: string;
  readonly value: JsonValue;
}

/** A value inside a document, or the key of the document that it is in, with the number of further pieces. */
export type StoredValue = JsonValue;

/** Larger values are cut into pieces: a store limits a document. */
const pieceBytes = 1024 * 1024;
const inlineBytes = 1024;

/** A value that is small enough stands in the document itself. What `write` is given has to be stored with it. */
export function storeValue(serialized: Serialized, write: (blob: BlobWrite) => void): StoredValue {
  return serialized[1].length <= inlineBytes ? inlineValue(serialized) : storeBlob(serialized, write);
}

/** About how many bytes the document takes. */
export function lengthOf(value: JsonValue): number {
  if (!isObject(value)) return 1;
  return (
    1 +
    [value.text, value.base64].reduce(
      (sum: number, part) => sum + (typeof part === "string" ? part.length : 0),
      0,
    )
  );
}

function inlineValue([type, bytes]: Serialized): JsonValue {
  const text = textOfBytes(bytes);
  return text === undefined ? { type, base64: Buffer.from(bytes).toString("base64") } : { type, text };
}

/** Stores the value under the hash of its content, so that the same content is stored once. Returns its key. */
export function storeBlob(serialized: Serialized, write: (blob: BlobWrite) => void): string {
  const [type, bytes] = serialized;
  const key = createHash("sha256").update(type).update("\0").update(bytes).digest("base64url");
  if (bytes.length <= pieceBytes) {
    write({ key, value: inlineValue(serialized) });
    return key;
  }
  const pieces = Math.ceil(bytes.length / pieceBytes);
  for (let piece = 1; piece < pieces; piece++) {
    const part = bytes.subarray(piece * pieceBytes, (piece + 1) * pieceBytes);
    write({ key: `${key}.${piece}`, value: { type, base64: Buffer.from(part).toString("base64") } });
  }
  const first = Buffer.from(bytes.subarray(0, pieceBytes)).toString("base64");
  const whole = `${key}.${pieces}`;
  write({ key: whole, value: { type, base64: first } });
  return whole;
}

/** The keys of all documents that hold the blob. The last piece's number is the number of pieces. */
export function keysOfBlob(key: string): readonly string[] {
  const [hash = "", pieces] = key.split(".");
  if (pieces === undefined) return [key];
  return [key, ...Array.from({ length: Number(pieces) - 1 }, (_, index) => `${hash}.${index + 1}`)];
}

/** The keys of the documents in which the value is. */
export function keysOfValue(stored: StoredValue): readonly string[] {
  return typeof stored === "string" ? keysOfBlob(stored) : [];
}

/** `undefined` when one of its documents is missing or is none of ours. */
export function readValue(
  stored: StoredValue,
  blobs: ReadonlyMap<string, JsonValue>,
): Serialized | undefined {
  if (typeof stored !== "string") return readInline(stored);
  const parts: Serialized[] = [];
  for (const key of keysOfBlob(stored)) {
    const part = readInline(blobs.get(key));
    if (part === undefined) return undefined;
    parts.push(part);
  }
  const [first] = parts;
  if (first === undefined) return undefined;
  return parts.length === 1 ? first : [first[0], plain(Buffer.concat(parts.map(([, bytes]) => bytes)))];
}

function readInline(value: JsonValue | undefined): Serialized | undefined {
  if (!isObject(value) || typeof value.type !== "string") return undefined;
  if (typeof value.text === "string") return [value.type, plain(Buffer.from(value.text, "utf8"))];
  if (typeof value.base64 === "string") return [value.type, plain(Buffer.from(value.base64, "base64"))];
  return undefined;
}

/** Serializers pass bytes on as they are, and a `Buffer` is not what was stored. */
function plain({ buffer, byteOffset, byteLength }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** As text it takes a third less room, and can be read by a person; `undefined` for bytes that are no text. */
function textOfBytes(bytes: Uint8Array): string | undefined {
  try {
    const text = decoder.decode(bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}
