import type { JsonValue } from "@relevo/core";
import type { Media } from "./media-of.ts";
import { replaceMedia } from "./replace-media.ts";

const scheme = "data:";
/** The longest media type, with parameters, between the scheme and the data. */
const header = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,/;
const longestHeader = 256;
/** Shorter data may be an example in a text. */
const shortestData = 64;
/** Longer than any word, address or key that a reader needs. */
const shortestRun = 1024;

/**
 * The text with each long data URL replaced by a description: `[image/png, 12 kB]`. Linear. The data is scanned
 * character by character: a regular expression over megabytes would exhaust the stack.
 */
export function describeDataUrls(text: string): string {
  let described = "";
  let copied = 0;
  for (let at = text.indexOf(scheme); at !== -1; ) {
    const head = header.exec(text.slice(at, at + longestHeader));
    const begin = at + (head?.[0].length ?? scheme.length);
    const end = head === null ? begin : endOfRun(text, begin);
    if (end - begin >= shortestData) {
      described += text.slice(copied, at) + description(head?.[1] ?? "data", end - begin);
      copied = endOfPadding(text, end);
    }
    at = text.indexOf(scheme, end);
  }
  return copied === 0 ? text : described + text.slice(copied);
}

/** The text with long runs of base64 described. */
function describeRuns(text: string): string {
  let described = "";
  let copied = 0;
  for (let at = 0; at < text.length; ) {
    const end = endOfRun(text, at);
    if (end - at >= shortestRun) {
      described += text.slice(copied, at) + description("encoded data", end - at);
      copied = endOfPadding(text, end);
    }
    at = end + 1;
  }
  return copied === 0 ? text : described + text.slice(copied);
}

/** The end of the run of base64 characters that starts here. */
function endOfRun(text: string, begin: number): number {
  let at = begin;
  while (at < text.length && isBase64(text.charCodeAt(at))) at += 1;
  return at;
}

function endOfPadding(text: string, end: number): number {
  let at = end;
  while (at < end + 2 && text.charCodeAt(at) === 0x3d) at += 1;
  return at;
}

/** Letters and digits of ASCII, and the signs of both alphabets of base64. */
function isBase64(unit: number): boolean {
  const letter = unit | 0x20;
  if ((letter >= 0x61 && letter <= 0x7a) || (unit >= 0x2f && unit <= 0x39)) return true;
  return unit === 0x2b || unit === 0x2d || unit === 0x5f;
}

/** The value with images and files, data URLs and long runs of base64 described in a few words. Linear. */
export function describeMedia(value: JsonValue): JsonValue {
  return replaceMedia(value, {
    media: ({ kind, mediaType, data }: Media) => description(mediaType ?? kind, data?.length),
    text: describeText,
  });
}

/** A text with data URLs and long runs of base64 described in a few words. Linear. */
export function describeText(text: string): string {
  if (text.length < 64) return text;
  return describeRuns(describeDataUrls(text));
}

function description(what: string, base64Length: number | undefined): string {
  if (base64Length === undefined) return `[${what}]`;
  const bytes = Math.floor((base64Length * 3) / 4);
  return `[${what}, ${bytes < 1000 ? `${bytes} bytes` : `${Math.round(bytes / 1000)} kB`}]`;
}
