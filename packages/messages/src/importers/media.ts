import type { FilePart, ImagePart } from "@relevo/core";

/** An image or a file: exactly one of `url`, `data` and `fileId`. */
export interface Media {
  /** May be a data URL. */
  readonly url?: string | undefined;
  /** Base64, or a data URL. */
  readonly data?: string | undefined;
  readonly fileId?: string | undefined;
  readonly mediaType?: string | undefined;
  readonly name?: string | undefined;
  /** For an image whose media type is not known. */
  readonly isImage?: boolean | undefined;
}

/** A part with what is known. An image that only a provider's file id names is a file part, which has such ids. */
export function mediaPart(media: Media): ImagePart | FilePart {
  const source = media.url ?? media.data;
  const inline = source === undefined ? undefined : parseDataUrl(source);
  const mediaType = media.mediaType ?? inline?.mediaType;
  const typed = mediaType === undefined ? {} : { mediaType };
  const where = inline === undefined ? { url: media.url, data: media.data } : { data: inline.data };
  const placed = where.data === undefined ? { url: where.url ?? "" } : { data: where.data };
  const isImage = media.isImage ?? mediaType?.startsWith("image/") ?? false;
  if (isImage && source !== undefined) return { type: "image", ...placed, ...typed };
  const named = media.name === undefined ? {} : { name: media.name };
  if (source === undefined && media.fileId !== undefined)
    return { type: "file", fileId: media.fileId, ...typed, ...named };
  return { type: "file", ...placed, ...typed, ...named };
}

/** Base64 data of a data URL; `undefined` for other URLs, and for data URLs with text in them. */
function parseDataUrl(url: string): { readonly data: string; readonly mediaType?: string } | undefined {
  if (!url.startsWith("data:")) return undefined;
  const comma = url.indexOf(",");
  const head = url.slice("data:".length, Math.max(comma, 0));
  if (comma === -1 || !head.endsWith(";base64")) return undefined;
  const mediaType = head.slice(0, head.indexOf(";"));
  return { data: url.slice(comma + 1), ...(mediaType === "" ? {} : { mediaType }) };
}
