import type { JsonObject, JsonValue } from "@relevo/core";

/** What filters see of one text, over all of its pieces, in characters of JSON. */
const mostFiltered = 4_000_000;
/** Of a longer string filters see the beginning, where the whole is too much. */
const mostOfString = 200;

/**
 * What filters see of a value that stands with each piece of a text. A long text has thousands of pieces, so a large value is
 * cut there, and a very large one left out: its copies would be larger than all else of the index.
 */
export function filteredValue<Value extends JsonValue | JsonObject>(
  value: Value,
  pieces: number,
): Value | undefined {
  const fits = (one: Value): boolean => JSON.stringify(one).length * pieces <= mostFiltered;
  if (fits(value)) return value;
  const cut = withShortStrings(value) as Value;
  return fits(cut) ? cut : undefined;
}

function withShortStrings(value: JsonValue): JsonValue {
  if (typeof value === "string") return value.slice(0, mostOfString).toWellFormed();
  if (Array.isArray(value)) return value.map(withShortStrings);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withShortStrings(one)]));
}
