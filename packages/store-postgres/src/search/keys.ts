import { createHash } from "node:crypto";
import { similarPrefixLength } from "@relevo/core/store";

/** Longer terms are found by what they begin with and a hash. An index entry ends at 2,704 bytes, with the tenant. */
const longestKey = 200;
const beginningOfLong = 192;
/** No unit is encoded with this byte. */
const surrogates = /[\ud800-\udfff]/;

/**
 * A text as bytes that sort, and begin alike, as its UTF-16 units do: each unit as UTF-8 encodes it (CESU-8, Unicode
 * Technical Report 26). The server compares `bytea` by these; text would be compared by code points.
 */
export function unitBytes(text: string): Buffer {
  if (!surrogates.test(text)) return Buffer.from(text, "utf8");
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) bytes.push(unit);
    else if (unit < 0x800) bytes.push(0xc0 | (unit >> 6), 0x80 | (unit & 63));
    else bytes.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 63), 0x80 | (unit & 63));
  }
  return Buffer.from(bytes);
}

/** The text of `unitBytes`. */
export function textOfUnits(bytes: Buffer): string {
  // Of what UTF-8 itself writes, only surrogates have these two bytes.
  if (!bytes.some((byte, at) => byte === 0xed && (bytes[at + 1] ?? 0) >= 0xa0)) return bytes.toString("utf8");
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at] ?? 0;
    const [second = 0, third = 0] = [bytes[at + 1], bytes[at + 2]].map((byte) => (byte ?? 0) & 63);
    if (first < 0x80) text += String.fromCharCode(first);
    else if (first < 0xe0) text += String.fromCharCode(((first & 31) << 6) | second);
    else text += String.fromCharCode(((first & 15) << 12) | (second << 6) | third);
    at += first < 0x80 ? 1 : first < 0xe0 ? 2 : 3;
  }
  return text;
}

/** What the index finds a term by, as hexadecimal digits. */
export function termKey(term: string): string {
  const bytes = unitBytes(term);
  if (bytes.length <= longestKey) return bytes.toString("hex");
  return bytes.subarray(0, beginningOfLong).toString("hex") + hashOf(bytes);
}

/** A row of `search_terms`. */
export function termRow(term: string, key: string): object {
  const bytes = unitBytes(term);
  return {
    term: key,
    backwards: clipped(unitBytes(reversed(term))),
    units: term.length,
    whole: bytes.length > longestKey ? bytes.toString("hex") : null,
  };
}

/**
 * A word that is looked up. One edit leaves the first half of the word as it is, or what is behind the unit after it: an
 * insertion, deletion or substitution changes one place, a swap two that stand side by side.
 */
export function wordRow(word: string): object {
  const middle = word.length >> 1;
  const { length } = word;
  const head = length < 3 ? null : clipped(unitBytes(word.slice(0, middle)));
  const tail = length < 3 ? null : clipped(unitBytes(reversed(word.slice(middle + 1))));
  const begins = length < similarPrefixLength ? null : clipped(unitBytes(word.slice(0, similarPrefixLength)));
  return { key: termKey(word), units: length, begins, head, tail };
}

/** What the index finds a name by: names are not kept. */
export function nameKey(name: string): string {
  return hashOf(unitBytes(name));
}

/** Where a stream stands in the order, see core's `searchStreamKey`. Sorts by code points. */
export function placeOfKey(key: string): string {
  return Buffer.from(key, "utf8").toString("hex");
}

function clipped(bytes: Buffer): string {
  return bytes.subarray(0, beginningOfLong).toString("hex");
}

function reversed(text: string): string {
  let result = "";
  for (let at = text.length - 1; at >= 0; at--) result += text[at];
  return result;
}

function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
