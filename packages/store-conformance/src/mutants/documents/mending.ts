import type { Mutant } from "../../harness.ts";
import { mendMutant } from "./mend-mutant.ts";

/** A mutant that changes each string that it is given. */
function stringMutant(
  name: string,
  target: string,
  defect: string,
  change: (text: string) => string,
): Mutant {
  return mendMutant(name, target, defect, (part) => (typeof part === "string" ? change(part) : part));
}

const misspelt: ReadonlySet<string> = new Set(["tag", "ttl", "expected", "agnet", "contents"]);

/** The value with null for what lies deeper than any value may. */
function flatten(part: unknown, depth: number): unknown {
  if (typeof part !== "object" || part === null) return part;
  if (depth > 30) return null;
  if (Array.isArray(part)) return part.map((item) => flatten(item, depth + 1));
  return Object.fromEntries(Object.entries(part).map(([key, item]) => [key, flatten(item, depth + 1)]));
}

/** Stores that mend hostile input, or cut it down, where they have to refuse it. */
export const mendingMutants: readonly Mutant[] = [
  stringMutant(
    "empty-ids-get-a-name",
    "empty-ids",
    "an empty id is taken for a default",
    (text) => text || "default",
  ),
  mendMutant("long-ids-are-cut", "oversized-ids", "an id beyond the limit is cut", (part, _, { store }) =>
    typeof part === "string" && Buffer.byteLength(part) > store.limits.idBytes ? part.slice(0, 100) : part,
  ),
  stringMutant(
    "nul-is-dropped-from-ids",
    "nul-in-ids",
    "NUL is dropped from ids",
    (text) => text.replaceAll("\0", "") || "x",
  ),
  stringMutant(
    "text-ends-at-nul",
    "nul-in-values",
    "text ends at its first NUL",
    (text) => text.split("\0")[0] ?? "",
  ),
  stringMutant(
    "ids-are-made-well-formed",
    "lone-surrogates-in-ids",
    "half a surrogate pair becomes a replacement character",
    (text) => text.toWellFormed(),
  ),
  stringMutant(
    "values-are-made-well-formed",
    "lone-surrogates-in-values",
    "half a surrogate pair in a value becomes a replacement character",
    (text) => text.toWellFormed(),
  ),
  mendMutant(
    "ids-are-turned-into-strings",
    "ids-of-other-types",
    "an id that is no string is turned into one",
    (part, key) => (key === "tenant" || key === "session" || key === "key" ? String(part) : part),
  ),
  mendMutant(
    "nan-becomes-null",
    "numbers-that-json-lacks",
    "NaN and infinities are stored as null",
    (part) =>
      (typeof part === "number" && !Number.isFinite(part)) || typeof part === "bigint" ? null : part,
  ),
  mendMutant(
    "dates-become-text",
    "objects-that-json-lacks",
    "objects are stored as JSON.stringify shows them",
    (part) =>
      typeof part === "object" &&
      part !== null &&
      ![Object.prototype, Array.prototype].includes(Object.getPrototypeOf(part))
        ? JSON.parse(JSON.stringify(part))
        : part,
  ),
  mendMutant(
    "functions-are-dropped",
    "functions-and-symbols",
    "functions and symbols are stored as null",
    (part) => (typeof part === "function" || typeof part === "symbol" ? null : part),
  ),
  mendMutant("holes-become-null", "holes-in-arrays", "holes of an array are stored as null", (part) =>
    Array.isArray(part) ? Array.from(part, (item: unknown) => item ?? null) : part,
  ),
  mendMutant("missing-value-is-null", "missing-values", "a missing value is stored as null", (part, key) =>
    part === undefined && key === "value" ? null : part,
  ),
  mendMutant("cycles-are-cut", "cycles-and-depth", "what lies too deep is stored as null", (part) =>
    flatten(part, 0),
  ),
  mendMutant("wide-values-are-cut", "width-and-size", "long strings and arrays are cut", (part) => {
    if (typeof part === "string") return part.slice(0, 1000);
    return Array.isArray(part) ? part.slice(0, 10).map((item: unknown) => item ?? null) : part;
  }),
  mendMutant("proto-is-dropped", "proto-keys", "__proto__ is dropped without a word", (part) =>
    typeof part === "object" && part !== null && Object.hasOwn(part, "__proto__")
      ? Object.fromEntries(Object.entries(part).filter(([key]) => key !== "__proto__"))
      : part,
  ),
  mendMutant(
    "unknown-fields-are-dropped",
    "misspelt-fields",
    "unknown fields are dropped without a word",
    (part) =>
      typeof part === "object" && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).filter(([key]) => !misspelt.has(key)))
        : part,
  ),
  mendMutant(
    "numbers-are-clamped",
    "numbers-out-of-range",
    "numbers out of range are brought into it",
    (part) => (typeof part === "number" ? Math.max(1, Math.trunc(part) || 0) : part),
  ),
];
