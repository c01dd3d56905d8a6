import type { JsonObject, JsonValue } from "../json.ts";
import type { Limits } from "../limits.ts";
import { refuse, tooLarge } from "./refuse.ts";

/** A deeply frozen copy of what a caller passed, and its size. */
export interface AdmittedJson<Value extends JsonValue = JsonValue> {
  readonly value: Value;
  /** Length of `JSON.stringify(value)` in UTF-8. */
  readonly bytes: number;
}

/**
 * The choke point for values. One walk checks, copies, freezes and measures: what a caller changes afterwards
 * changes nothing stored, and a reader cannot change it either.
 *
 * A property that is `undefined` counts as absent, as `JSON.stringify` has it, and -0 is 0. Everything else that
 * JSON cannot carry is refused: NaN, dates, maps, class instances, functions, holes, lone surrogates, NUL (which
 * PostgreSQL's jsonb cannot hold) and the key `__proto__`.
 *
 * @throws `invalid-input` with the path of the culprit; `too-large` past `maxBytes` or `limits.depth`.
 */
export function admitJson(
  input: unknown,
  field: string,
  limits: Limits,
  maxBytes: number = limits.valueBytes,
  limitName = "valueBytes",
): AdmittedJson {
  const walk: Walk = { bytes: 0, maxBytes, maxDepth: limits.depth, field, limitName, path: [] };
  const value = admit(input, walk, 0);
  if (walk.bytes > maxBytes) throw tooLarge(field, limitName, maxBytes, walk.bytes);
  return { value, bytes: walk.bytes };
}

/** As `admitJson`, for a plain object within `limits.metadataBytes`. Absent is empty. */
export function admitMetadata(input: unknown, field: string, limits: Limits): AdmittedJson<JsonObject> {
  if (input === undefined) return emptyMetadata;
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw refuse(field, "must be an object of JSON values.");
  }
  return admitJson(input, field, limits, limits.metadataBytes, "metadataBytes") as AdmittedJson<JsonObject>;
}

const emptyMetadata: AdmittedJson<JsonObject> = Object.freeze({ value: Object.freeze({}), bytes: 2 });

interface Walk {
  bytes: number;
  readonly maxBytes: number;
  readonly maxDepth: number;
  readonly field: string;
  readonly limitName: string;
  readonly path: (string | number)[];
}

function admit(input: unknown, walk: Walk, depth: number): JsonValue {
  switch (typeof input) {
    case "string":
      walk.bytes += admitText(input, walk);
      // Stops the walk of a huge value early, before it is copied whole.
      if (walk.bytes > walk.maxBytes) throw tooLarge(walk.field, walk.limitName, walk.maxBytes);
      return input;
    case "number":
      if (!Number.isFinite(input)) throw refuseAt(walk, `is ${input}, which JSON has no form for.`);
      walk.bytes += String(input).length;
      return input === 0 ? 0 : input;
    case "boolean":
      walk.bytes += input ? 4 : 5;
      return input;
    case "object":
      if (input === null) {
        walk.bytes += 4;
        return null;
      }
      if (depth >= walk.maxDepth) throw tooLarge(walk.field, "depth", walk.maxDepth);
      return Array.isArray(input) ? admitArray(input, walk, depth) : admitObject(input, walk, depth);
    default:
      throw refuseAt(
        walk,
        `is ${input === undefined ? "undefined" : `a ${typeof input}`}; use null or leave it out.`,
      );
  }
}

function admitArray(input: readonly unknown[], walk: Walk, depth: number): JsonValue {
  const length = input.length;
  walk.bytes += 2 + Math.max(0, length - 1);
  // A hostile length would otherwise be allocated before it is refused.
  if (walk.bytes > walk.maxBytes) throw tooLarge(walk.field, walk.limitName, walk.maxBytes);
  const copy = new Array<JsonValue>(length);
  for (let index = 0; index < length; index++) {
    walk.path.push(index);
    copy[index] = admit(input[index], walk, depth + 1);
    walk.path.pop();
  }
  return Object.freeze(copy);
}

function admitObject(input: object, walk: Walk, depth: number): JsonValue {
  const prototype = Object.getPrototypeOf(input);
  if (prototype !== Object.prototype && prototype !== null && !isForeignPlain(prototype)) {
    const name =
      typeof prototype?.constructor?.name === "string" ? prototype.constructor.name : "class instance";
    throw refuseAt(walk, `is a ${name}, not a plain object; convert it to JSON values first.`);
  }
  const copy: Record<string, JsonValue> = {};
  let entries = 0;
  for (const key of Object.keys(input)) {
    const item = (input as Record<string, unknown>)[key];
    if (item === undefined) continue;
    walk.path.push(key);
    if (key === "__proto__") throw refuseAt(walk, "is a key that is not allowed.");
    walk.bytes += admitText(key, walk) + 1;
    copy[key] = admit(item, walk, depth + 1);
    walk.path.pop();
    entries++;
  }
  walk.bytes += 2 + Math.max(0, entries - 1);
  return Object.freeze(copy);
}

/** The `Object.prototype` of another realm (a vm context, a test runner) is as plain as ours. */
function isForeignPlain(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "hasOwnProperty");
}

// Matches what needs a closer look: characters that JSON escapes, and surrogates.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const special = /["\\\u0000-\u001f\ud800-\udfff]/;

/** Bytes of the text as a JSON string in UTF-8, quotes included. */
function admitText(text: string, walk: Walk): number {
  const bytes = Buffer.byteLength(text, "utf8") + 2;
  if (!special.test(text)) return bytes;
  if (!text.isWellFormed()) {
    throw refuseAt(walk, "has half of a surrogate pair, which UTF-8 cannot carry; use toWellFormed().");
  }
  let extra = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit === 0) throw refuseAt(walk, "has a NUL character; remove it.");
    if (unit === 0x22 || unit === 0x5c) extra += 1;
    else if (unit < 0x20)
      extra += unit === 8 || unit === 9 || unit === 10 || unit === 12 || unit === 13 ? 1 : 5;
  }
  return bytes + extra;
}

function refuseAt(walk: Walk, problem: string): Error {
  let path = walk.field;
  for (const step of walk.path) path += typeof step === "number" ? `[${step}]` : `.${step.slice(0, 64)}`;
  return refuse(path.toWellFormed().replaceAll("\0", "\\0"), problem);
}
