import type { JsonArray, JsonObject, JsonValue } from "@relevo/core";
import { type Media, mediaOf } from "./media-of.ts";

/** Functions that return the replacement of an image or file, and of a text. */
export interface Replacement {
  /** Left out, images and files are not replaced. */
  media?(media: Media): JsonValue;
  text?(text: string): string;
}

/** Deeper than any value in a log; anything below is not changed. */
const deepest = 1000;

/** The value with its images and files replaced, itself when nothing is. Linear. */
export function replaceMedia(value: JsonValue, by: Replacement, depth = 0): JsonValue {
  if (typeof value === "string") return by.text?.(value) ?? value;
  if (typeof value !== "object" || value === null || depth > deepest) return value;
  if (isArray(value)) {
    let changed = false;
    const copy = value.map((item) => {
      const replaced = replaceMedia(item, by, depth + 1);
      if (replaced !== item) changed = true;
      return replaced;
    });
    return changed ? copy : value;
  }
  const media = mediaOf(value);
  if (media !== undefined) return by.media?.(media) ?? value;
  return replaceInObject(value, by, depth);
}

function replaceInObject(value: JsonObject, by: Replacement, depth: number): JsonObject {
  let copy: { [name: string]: JsonValue } | undefined;
  for (const name of Object.keys(value)) {
    const field = value[name];
    // Values that are not JSON are not changed; serialising them reports the problem.
    if (field === undefined) continue;
    const replaced = replaceMedia(field, by, depth + 1);
    if (replaced === field) continue;
    copy ??= { ...value };
    copy[name] = replaced;
  }
  return copy ?? value;
}

function isArray(value: JsonValue): value is JsonArray {
  return Array.isArray(value);
}
