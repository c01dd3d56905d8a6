import type { JsonObject, JsonValue } from "@relevo/core";

/** An image, audio or file inside a JSON value, which providers handle separately from the text around it. */
export interface Media {
  readonly kind: "image" | "file";
  readonly mediaType: string | undefined;
  /** Its base64 data; `undefined` when it is stored elsewhere. */
  readonly data: string | undefined;
  readonly width: JsonValue | undefined;
  readonly height: JsonValue | undefined;
}

const images: ReadonlySet<string> = new Set([
  "image",
  "image-data",
  "image-url",
  "image-file-id",
  "image_url",
  "input_image",
  "computer_screenshot",
]);
const files: ReadonlySet<string> = new Set([
  "file",
  "file-data",
  "file-url",
  "file-id",
  "media",
  "audio",
  "video",
  "document",
  "resource",
  "input_file",
  "input_audio",
]);
/** Fields that may contain the data or a reference to it, besides the value itself. */
const holders = [
  "source",
  "resource",
  "image_url",
  "input_audio",
  "file",
  "image",
  "data",
  "inlineData",
  "inline_data",
] as const;
const bytes = ["data", "blob", "file_data", "image", "base64", "bytes"] as const;
/** Bedrock names the kind by the only field of the object. */
const kinds = ["image", "document", "video"] as const;
const places = ["url", "uri", "image_url", "file_url", "fileId", "file_id"] as const;
const types = ["mediaType", "media_type", "mimeType", "mime_type", "contentType"] as const;

/**
 * The image or file that this object is, in the shapes of messages here, of Anthropic, OpenAI and Gemini, of the AI
 * SDK's content, of OpenAI's Agents SDK, of Bedrock, of LangChain, and of MCP's content; `undefined` for anything else.
 * A text that is labelled as a document or a resource is text.
 */
export function mediaOf(value: JsonObject): Media | undefined {
  const type = typeof value.type === "string" ? value.type : undefined;
  if (type === undefined) {
    const named = kindOf(value);
    if (named !== undefined) return mediaOf(named);
  }
  const { result } = value;
  if (type === "image_generation_call" && typeof result === "string")
    return mediaOf({ type: "image", data: result });
  const isImage = type !== undefined && images.has(type);
  const isInline = isObject(value.inlineData) || isObject(value.inline_data);
  if (!isImage && !isInline && (type === undefined || !files.has(type))) return undefined;
  const records = [value, ...holders.map((name) => value[name]).filter(isObject)];
  if (records.some((record) => typeof record.text === "string" || record.type === "text")) return undefined;
  const found = firstString(records, bytes);
  const place = firstString(records, places);
  const inUrl = place === undefined ? undefined : dataOfUrl(place);
  const data = found === undefined ? inUrl?.data : (dataOfUrl(found)?.data ?? found);
  // A file that is only named, as in a directory listing, is text.
  if (data === undefined && (place === undefined || (!isImage && !isPart(value, type)))) return undefined;
  const mediaType = firstString(records, types) ?? inUrl?.mediaType;
  return {
    kind: isImage || mediaType?.startsWith("image/") === true ? "image" : "file",
    mediaType,
    data,
    width: value.width,
    height: value.height,
  };
}

/** `{ image: { format, source: { bytes } } }` as an object that says its type. */
function kindOf(value: JsonObject): JsonObject | undefined {
  if (Object.keys(value).length !== 1) return undefined;
  for (const type of kinds) {
    const inner = value[type];
    if (isObject(inner) && isObject(inner.source) && typeof inner.source.bytes === "string")
      return { ...inner, type };
  }
  return undefined;
}

/** Types that occur only in message content. */
function isPart(value: JsonObject, type: string | undefined): boolean {
  return type !== "file" || (value.url === undefined) !== (value.fileId === undefined);
}

/** The media type and the data of a data URL; `undefined` for other URLs. */
function dataOfUrl(
  url: string,
): { readonly mediaType: string | undefined; readonly data: string } | undefined {
  if (!url.startsWith("data:")) return undefined;
  const comma = url.indexOf(",");
  if (comma === -1) return undefined;
  const mediaType = url.slice("data:".length, comma).split(";", 1)[0];
  return { mediaType: mediaType === "" ? undefined : mediaType, data: url.slice(comma + 1) };
}

function firstString(records: readonly JsonObject[], names: readonly string[]): string | undefined {
  for (const record of records) {
    for (const name of names) {
      const value = record[name];
      if (typeof value === "string") return value;
    }
  }
  return undefined;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
