import type { JsonValue } from "@relevo/core";
import { searchableText } from "@relevo/core/store";
import type { Mutant } from "../../harness.ts";
import { sharedState, without } from "../log-mutant.ts";
import { addressIn, documentMutant, filterMutant, placeKey } from "./document-mutant.ts";

function stringsOf(value: JsonValue): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsOf) : [];
}

/** As `LIKE` reads a pattern. */
function like(pattern: string): RegExp {
  const source = pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(source.replaceAll("%", ".*").replaceAll(/\\?_/g, "."), "is");
}

/** Stores whose `text` finds something else. */
export const textMutants: readonly Mutant[] = [
  filterMutant("text-observes-case", "text-ignores-case", "text observes case", "text", ({ value }, text) =>
    stringsOf(value).some((string) => string.includes(text)),
  ),
  filterMutant(
    "text-folds-ascii-only",
    "text-ignores-case",
    "text ignores the case of ASCII letters only",
    "text",
    ({ value }, text) => {
      const fold = (string: string): string => string.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
      return stringsOf(value).some((string) => fold(string).includes(fold(text)));
    },
  ),
  filterMutant(
    "text-looks-in-json",
    "text-looks-in-every-string",
    "text looks in the JSON of the value, keys included",
    "text",
    ({ value }, text) => JSON.stringify(value).toLowerCase().includes(text.toLowerCase()),
  ),
  filterMutant(
    "text-looks-on-top-only",
    "text-looks-in-every-string",
    "text looks in a string and in the strings of an object, no deeper",
    "text",
    ({ value }, text) =>
      (typeof value === "object" && value !== null ? Object.values(value) : [value]).some(
        (item) => typeof item === "string" && item.toLowerCase().includes(text.toLowerCase()),
      ),
  ),
  filterMutant(
    "text-joins-strings",
    "text-stays-in-one-string",
    "text matches across strings joined by a space",
    "text",
    ({ value }, text) => stringsOf(value).join(" ").toLowerCase().includes(text.toLowerCase()),
  ),
  filterMutant(
    "text-is-like",
    "text-is-literal",
    "% and _ of a text are wildcards",
    "text",
    ({ value }, text) => stringsOf(value).some((string) => like(text).test(string)),
  ),
  filterMutant(
    "text-drops-backslashes",
    "text-is-literal",
    "a backslash in a text escapes what follows",
    "text",
    ({ value }, text) => searchableText(value).includes(text.toLowerCase().replaceAll("\\", "")),
  ),
  documentMutant(
    "text-index-only-grows",
    "text-follows-replacement",
    "the text of a document before stays in the index",
    (documents, parts) => {
      const texts = sharedState(parts, "texts", () => new Map<string, string>());
      return {
        async put(address, input, options) {
          const place = placeKey(address);
          texts.set(place, `${texts.get(place) ?? ""}\n${searchableText(input.value)}`);
          return await documents.put(address, input, options);
        },
        async find(scope, options = {}) {
          const { text = "" } = options;
          const page = await documents.find(scope, without(options, "text"));
          const says = (place: string): boolean => texts.get(place)?.includes(text.toLowerCase()) ?? false;
          return { ...page, items: page.items.filter((found) => says(placeKey(addressIn(scope, found)))) };
        },
      };
    },
  ),
];
