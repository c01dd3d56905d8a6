import type { JsonValue } from "../json.ts";
import { compareUtf8 } from "../order.ts";
import { valueAt, type Where, type WhereCondition, type WherePath, type WhereSubject } from "../where.ts";
import { createTextSearch, type TextSearch } from "./text-search.ts";

/**
 * The filter as a function. Its operands are indexed once, and each place of a document is looked at once however
 * many conditions name it, so that the work for a document is linear in the document and the filter.
 */
export function whereMatcher(where: Where): (subject: WhereSubject) => boolean {
  const places = new Map<string, Place>();
  const test = compile(where, places);
  const known = [...places.values()];
  return (subject) => {
    for (const place of known) place.found = undefined;
    return test(subject);
  };
}

type Test = (subject: WhereSubject) => boolean;
type Primitive = string | number | boolean | null;

/** What the conditions of a filter ask of one path. */
class Place {
  readonly path: WherePath;
  /** Operands of `$contains`. */
  readonly contained: Set<Primitive> = new Set();
  /** Length of the longest operand that is an array or an object, as `textOf` writes it. */
  longest = 0;
  found: Found | undefined;
  #search: TextSearch | undefined;

  constructor(path: WherePath) {
    this.path = path;
  }

  at(subject: WhereSubject): Found {
    this.found ??= new Found(this, valueAt(this.path, subject));
    return this.found;
  }

  get search(): TextSearch {
    this.#search ??= createTextSearch([...this.contained].filter((operand) => typeof operand === "string"));
    return this.#search;
  }
}

/** What stands at a path of one document, and what was found out about it. */
class Found {
  readonly value: JsonValue | undefined;
  readonly #place: Place;
  #text: { readonly text: string | undefined } | undefined;
  #contained: ReadonlySet<Primitive> | undefined;

  constructor(place: Place, value: JsonValue | undefined) {
    this.#place = place;
    this.value = value;
  }

  /** For an array or an object; `undefined` when it is longer than any operand, and so equal to none. */
  get text(): string | undefined {
    this.#text ??= { text: this.value === undefined ? undefined : textOf(this.value, this.#place.longest) };
    return this.#text.text;
  }

  contains(operand: Primitive): boolean {
    this.#contained ??= containedIn(this.value, this.#place);
    return this.#contained.has(operand);
  }
}

function containedIn(value: JsonValue | undefined, place: Place): ReadonlySet<Primitive> {
  if (typeof value === "string") return place.search.containedIn(value);
  const contained = new Set<Primitive>();
  if (!Array.isArray(value)) return contained;
  for (const item of value as readonly JsonValue[]) {
    if (!isStructure(item) && place.contained.has(item)) contained.add(item);
  }
  return contained;
}

function compile(where: Where, places: Map<string, Place>): Test {
  if ("and" in where) {
    const tests = where.and.map((part) => compile(part, places));
    return (subject) => tests.every((test) => test(subject));
  }
  if ("or" in where) {
    const tests = where.or.map((part) => compile(part, places));
    return (subject) => tests.some((test) => test(subject));
  }
  if ("not" in where) {
    const test = compile(where.not, places);
    return (subject) => !test(subject);
  }
  const key = JSON.stringify(where.path);
  const place = places.get(key) ?? new Place(where.path);
  places.set(key, place);
  const tests: ((found: Found) => boolean)[] = [];
  for (const [operator, operand] of Object.entries(where)) {
    if (operator === "path" || operand === undefined) continue;
    tests.push(operators[operator as keyof WhereCondition](operand as JsonValue, place));
  }
  return (subject) => {
    const found = place.at(subject);
    return tests.every((test) => test(found));
  };
}

const operators = {
  $eq: (operand, place) => equalTo(operand, place),
  $ne: (operand, place) => {
    const equals = equalTo(operand, place);
    return (found) => !equals(found);
  },
  $in: (operand, place) => amongst(Array.isArray(operand) ? operand : [], place),
  $gt: (operand) => ordered(operand, (order) => order > 0),
  $gte: (operand) => ordered(operand, (order) => order >= 0),
  $lt: (operand) => ordered(operand, (order) => order < 0),
  $lte: (operand) => ordered(operand, (order) => order <= 0),
  $exists: (operand) => (found) => (found.value !== undefined) === operand,
  $contains: (operand, place) => {
    if (isStructure(operand)) return () => false;
    place.contained.add(operand);
    return (found) => found.contains(operand);
  },
} as const satisfies {
  [Operator in keyof WhereCondition]-?: (operand: JsonValue, place: Place) => (found: Found) => boolean;
};

/** The operators, for validation and for stores that translate them. */
export const whereOperators: readonly (keyof WhereCondition)[] = Object.freeze(
  Object.keys(operators) as (keyof WhereCondition)[],
);

function equalTo(operand: JsonValue, place: Place): (found: Found) => boolean {
  return isStructure(operand) ? amongst([operand], place) : (found) => found.value === operand;
}

function amongst(operands: readonly JsonValue[], place: Place): (found: Found) => boolean {
  const primitives = new Set<JsonValue>();
  const texts = new Set<string>();
  for (const operand of operands) {
    if (!isStructure(operand)) {
      primitives.add(operand);
      continue;
    }
    const text = textOf(operand, Number.POSITIVE_INFINITY) ?? "";
    texts.add(text);
    place.longest = Math.max(place.longest, text.length);
  }
  return (found) => {
    const { value } = found;
    if (value === undefined) return false;
    if (!isStructure(value)) return primitives.has(value);
    return texts.size > 0 && found.text !== undefined && texts.has(found.text);
  };
}

function ordered(operand: JsonValue, test: (order: number) => boolean): (found: Found) => boolean {
  return ({ value }) => {
    if (typeof value === "number" && typeof operand === "number") return test(value - operand);
    if (typeof value === "string" && typeof operand === "string") return test(compareUtf8(value, operand));
    return false;
  };
}

function isStructure(value: JsonValue): value is Exclude<JsonValue, Primitive> {
  return typeof value === "object" && value !== null;
}

/** The text that equal values share, `undefined` when it would be longer than this: the rest is not looked at. */
function textOf(value: JsonValue, maxLength: number): string | undefined {
  const parts: string[] = [];
  let left = maxLength;
  const add = (text: string): boolean => {
    parts.push(text);
    left -= text.length;
    return left >= 0;
  };
  const write = (part: JsonValue): boolean => {
    if (typeof part === "string") return part.length <= left && add(JSON.stringify(part));
    if (!isStructure(part)) return add(JSON.stringify(part));
    if (Array.isArray(part)) {
      const items = part as readonly JsonValue[];
      return items.length <= left && add("[") && items.every((item) => write(item) && add(",")) && add("]");
    }
    const record = part as { readonly [key: string]: JsonValue };
    const keys = Object.keys(record);
    if (keys.length > left) return false;
    return (
      add("{") &&
      keys.sort().every((key) => write(key) && add(":") && write(record[key] ?? null) && add(",")) &&
      add("}")
    );
  };
  return write(value) ? parts.join("") : undefined;
}
