/** An element of a key. Numbers are safe integers. */
export type KeyPart = string | number;

/**
 * What begins an element, and what ends a text. In the order of bytes a text comes before every longer one that it
 * begins, and before every number.
 */
const endOfText = 0x00;
const textTag = 0x02;
const negativeTag = 0x03;
const numberTag = 0x04;
/** Follows a NUL that is part of a text. Greater than every tag, so that the text's end comes first in the order. */
const escapedNul = 0xff;

/**
 * Elements as bytes whose order is that of the elements: texts as UTF-8, numbers by value. No two lists of elements
 * have the same bytes, and the bytes of a list begin those of every list that it begins.
 */
export function encodeKey(...parts: readonly KeyPart[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) => (typeof part === "string" ? encodeText(part) : encodeNumber(part))),
  );
}

/** The key with more bytes behind it. */
export function appendBytes(key: Uint8Array, text: string): Uint8Array {
  return Buffer.concat([key, Buffer.from(text, "utf8")]);
}

/** The prefix that all keys share whose next element is a text that begins with this one. */
export function textPrefix(key: Uint8Array, text: string): Uint8Array {
  return Buffer.concat([key, Buffer.of(textTag), Buffer.from(text, "utf8")]);
}

/** What comes after every key that begins with these bytes, which must not all be 0xff. */
export function afterPrefix(prefix: Uint8Array): Uint8Array {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length--;
  const end = Buffer.from(prefix.subarray(0, length));
  end[length - 1] = (end[length - 1] ?? 0) + 1;
  return end;
}

/** What comes right behind this one key. */
export function afterKey(key: Uint8Array): Uint8Array {
  return Buffer.concat([key, Buffer.of(0)]);
}

/** The number that ends the key. */
export function lastNumber(key: Uint8Array): number {
  return decodeNumber(Buffer.from(key.buffer, key.byteOffset, key.byteLength), key.byteLength - 9);
}

/** The bytes behind a prefix, as text. */
export function textBehind(key: Uint8Array, prefix: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("utf8", prefix.byteLength);
}

/** The elements again, at most so many: behind them may stand bytes that are none. */
export function decodeKey(key: Uint8Array, most: number = Number.POSITIVE_INFINITY): KeyPart[] {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  const parts: KeyPart[] = [];
  let at = 0;
  while (at < bytes.length && parts.length < most) {
    if (bytes[at] !== textTag) {
      parts.push(decodeNumber(bytes, at));
      at += 9;
      continue;
    }
    let end = at + 1;
    while (bytes[end] !== endOfText || bytes[end + 1] === escapedNul) end += bytes[end] === endOfText ? 2 : 1;
    parts.push(bytes.toString("latin1", at + 1, end).replaceAll("\0\xff", "\0"));
    parts.push(Buffer.from(parts.pop() as string, "latin1").toString("utf8"));
    at = end + 1;
  }
  return parts;
}

function encodeText(text: string): Buffer {
  // Admitted ids hold no NUL; event types of the future, or of another store, may.
  const body = text.includes("\0") ? escapeNul(text) : Buffer.from(text, "utf8");
  return Buffer.concat([Buffer.of(textTag), body, Buffer.of(endOfText)]);
}

function escapeNul(text: string): Buffer {
  return Buffer.from(Buffer.from(text, "utf8").toString("latin1").replaceAll("\0", "\0\xff"), "latin1");
}

function encodeNumber(value: number): Buffer {
  const bytes = Buffer.alloc(9);
  const distance = value < 0 ? value + Number.MAX_SAFE_INTEGER : value;
  bytes[0] = value < 0 ? negativeTag : numberTag;
  bytes.writeUInt32BE(Math.floor(distance / 2 ** 32), 1);
  bytes.writeUInt32BE(distance % 2 ** 32, 5);
  return bytes;
}

function decodeNumber(bytes: Buffer, at: number): number {
  const distance = bytes.readUInt32BE(at + 1) * 2 ** 32 + bytes.readUInt32BE(at + 5);
  return bytes[at] === negativeTag ? distance - Number.MAX_SAFE_INTEGER : distance;
}
