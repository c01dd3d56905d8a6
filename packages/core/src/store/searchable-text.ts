import type { JsonValue } from "../json.ts";

/**
 * The text that `find({ text })` looks in: every string of the value in lower case, keys left out, each on its own
 * line so that a match without a line feed never runs from one into the next. Stores keep it beside the value, or
 * make it when asked.
 */
export function searchableText(value: JsonValue): string {
  const strings: string[] = [];
  collect(value, strings);
  return strings.join("\n").toLowerCase();
}

function collect(value: JsonValue, strings: string[]): void {
  if (typeof value === "string") strings.push(value);
  else if (typeof value === "object" && value !== null) {
    for (const item of Object.values(value)) collect(item, strings);
  }
}
