import type { JsonValue } from "@relevo/core";
import type { Media } from "./media-of.ts";
import { replaceMedia } from "./replace-media.ts";

const dataUrl = /data:([\w.+-]+\/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,([A-Za-z0-9+/_-]{64,}={0,2})/g;
/** Longer than any word, address or key that somebody would want to read. */
const encoded = /[A-Za-z0-9+/_-]{1024,}={0,2}/g;

/** A text in which each data URL of some length is replaced by what it holds: `[image/png, 12 kB]`. Linear. */
export function describeDataUrls(text: string): string {
  if (!text.includes("data:")) return text;
  return text.replaceAll(dataUrl, (_url, mediaType: string | undefined, data: string) =>
    described(mediaType ?? "data", data.length),
  );
}

/** The value with images and files, data URLs and long runs of base64 described in a few words. Linear. */
export function describeMedia(value: JsonValue): JsonValue {
  return replaceMedia(value, {
    media: ({ kind, mediaType, data }: Media) => described(mediaType ?? kind, data?.length),
    text: describeText,
  });
}

/** A text with data URLs and long runs of base64 described in a few words. Linear. */
export function describeText(text: string): string {
  if (text.length < 64) return text;
  return describeDataUrls(text).replaceAll(encoded, (run) => described("encoded data", run.length));
}

function described(what: string, base64Length: number | undefined): string {
  if (base64Length === undefined) return `[${what}]`;
  const bytes = Math.floor((base64Length * 3) / 4);
  return `[${what}, ${bytes < 1000 ? `${bytes} bytes` : `${Math.round(bytes / 1000)} kB`}]`;
}
