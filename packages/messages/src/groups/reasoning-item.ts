import type { ContentPart, JsonObject, JsonValue } from "@relevo/core";

/**
 * The id of the provider's item that a reasoning part belongs to, if its `native` contains one. Providers with such ids
 * require each item directly before the one that it led to.
 */
export function reasoningItemOf(part: ContentPart): string | undefined {
  return part.type === "reasoning" ? itemIdOf(part.native, 0) : undefined;
}

/** Frameworks nest the provider's fields: `{ id }`, `{ openai: { itemId } }`. */
const deepest = 3;

function itemIdOf(native: JsonValue | undefined, depth: number): string | undefined {
  if (!isObject(native) || depth > deepest) return undefined;
  for (const name of ["id", "itemId"]) {
    const id = native[name];
    if (typeof id === "string") return id;
  }
  for (const value of Object.values(native)) {
    const id = itemIdOf(value, depth + 1);
    if (id !== undefined) return id;
  }
  return undefined;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
