import type { JsonObject, JsonValue } from "../json.ts";
import type { Limits } from "../limits.ts";
import type { MemoryError } from "../memory-error.ts";
import { isArray, isPlainPrototype, unreadable } from "./fields.ts";
import { isLength, notLength } from "./read-array.ts";
import { refuse, shown, tooLarge } from "./refuse.ts";
import { brokenText, nulText, numberBytes, textBytes } from "./text-bytes.ts";

/** A deeply frozen copy of what a caller passed, and its size. */
export interface AdmittedJson<Value extends JsonValue = JsonValue> {
  readonly value: Value;
  /** Length of `JSON.stringify(value)` in UTF-8. */
  readonly bytes: number;
}

/**
 * The choke point for values. One walk checks, copies, freezes and measures: what a caller changes afterwards changes
 * nothing stored, and a reader cannot change it either. Each property is read once, so a getter or a proxy cannot show
 * the check one value and the store another.
 *
 * A property that is `undefined` counts as absent, as `JSON.stringify` has it, unless it is to be refused; -0 is 0.
 * Symbol keys and extra properties of arrays are left out, as there. Everything else that JSON cannot carry is refused:
 * NaN, dates, maps, class instances, functions, holes, lone surrogates, NUL (which PostgreSQL's jsonb cannot hold) and
 * the key `__proto__`.
 *
 * @throws `invalid-input` with the path of the culprit, also when reading a property throws; `too-large` past
 *   `maxBytes` or `limits.depth`.
 */
export function admitJson(
  input: unknown,
  field: string,
  limits: Limits,
  maxBytes: number = limits.valueBytes,
  limitName = "valueBytes",
  undefinedIs: "absent" | "refused" = "absent",
): AdmittedJson {
  return startWalk(input, {
    bytes: 0,
    maxBytes,
    limit: maxBytes,
    maxDepth: limits.depth,
    field,
    limitName,
    refusesUndefined: undefinedIs === "refused",
    remembers: false,
    path: [],
  });
}

/**
 * As `admitJson`, for what an operation's fingerprint covers, such as `{ append: [message] }`. The contents of messages
 * in the copy are taken as they are when they are admitted again within an event: a walk through the result of a tool
 * takes a tenth to a fifth of its append.
 */
export function admitRequest(input: unknown, limits: Limits): AdmittedJson {
  return startWalk(input, {
    bytes: 0,
    maxBytes: limits.batchBytes,
    limit: limits.batchBytes,
    maxDepth: limits.depth,
    field: "request",
    limitName: "batchBytes",
    refusesUndefined: false,
    remembers: true,
    path: [],
  });
}

/** Where the contents of messages are in a request, and where in an event. */
const depthInRequest = 3;
const depthInEvent = 2;

interface KnownPart {
  readonly bytes: number;
  readonly maxDepth: number;
}

/**
 * Parts of requests: frozen copies of our own making, so that nothing can have changed in them. What another copy of
 * this module made, and a proxy of a part, is not in it and is walked through.
 */
const knownParts = new WeakMap<object, KnownPart>();

function startWalk(input: unknown, walk: Walk): AdmittedJson {
  const { field, maxBytes, limit, limitName } = walk;
  let value: JsonValue;
  try {
    value = admit(input, walk, 0);
  } catch (cause) {
    throw unreadable(field, cause);
  }
  if (walk.bytes > maxBytes) throw tooLarge(field, limitName, limit, walk.bytes);
  return { value, bytes: walk.bytes };
}

/** What names in metadata begin with that features keep for their own notes, such as the turn of an event. */
const noteNames = "relevo:";

/** The most bytes of such notes: some ids, each of which JSON may escape. */
const noteBytes = 64 * 1024;

/**
 * As `admitJson`, for a plain object within `limits.metadataBytes`. Absent is empty. Notes of features have room of their
 * own: what is stored with metadata of the full size can be moved, forked and written in a turn all the same.
 */
export function admitMetadata(input: unknown, field: string, limits: Limits): AdmittedJson<JsonObject> {
  if (input === undefined) return emptyMetadata;
  if (typeof input !== "object" || input === null || isArray(input, field))
    throw refuse(field, "must be an object of JSON values.");
  const limit = limits.metadataBytes;
  const admitted = startWalk(input, {
    bytes: 0,
    maxBytes: limit + noteBytes,
    limit,
    maxDepth: limits.depth,
    field,
    limitName: "metadataBytes",
    refusesUndefined: false,
    remembers: false,
    path: [],
  }) as AdmittedJson<JsonObject>;
  if (admitted.bytes > limit) {
    const own = Object.entries(admitted.value).filter(([name]) => !name.startsWith(noteNames));
    admitJson(Object.fromEntries(own), field, limits, limit, "metadataBytes");
  }
  return admitted;
}

const emptyMetadata: AdmittedJson<JsonObject> = Object.freeze({ value: Object.freeze({}), bytes: 2 });

interface Walk {
  bytes: number;
  readonly maxBytes: number;
  /** What an error calls the limit. */
  readonly limit: number;
  readonly maxDepth: number;
  readonly field: string;
  readonly limitName: string;
  readonly refusesUndefined: boolean;
  /** Whether the parts at `depthInRequest` are remembered. */
  readonly remembers: boolean;
  /** The step taken at each depth; only those above the present depth are current. */
  readonly path: (string | number)[];
}

function admit(input: unknown, walk: Walk, depth: number): JsonValue {
  switch (typeof input) {
    case "string":
      addText(input, walk, depth);
      return input;
    case "number":
      if (!Number.isFinite(input)) throw refuseAt(walk, depth, `is ${input}, which JSON has no form for.`);
      walk.bytes += numberBytes(input);
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
      if (depth === depthInEvent) {
        const known = knownParts.get(input);
        // What fitted into a request fits into an event, where it is less deep.
        if (known !== undefined && known.maxDepth <= walk.maxDepth) {
          walk.bytes += known.bytes;
          return input as JsonValue;
        }
      }
      if (walk.remembers && depth === depthInRequest) return admitPart(input, walk, depth);
      return Array.isArray(input) ? admitArray(input, walk, depth) : admitObject(input, walk, depth);
    default:
      throw refuseAt(
        walk,
        depth,
        `is ${input === undefined ? "undefined" : `a ${typeof input}`}; use null or leave it out.`,
      );
  }
}

function admitPart(input: object, walk: Walk, depth: number): JsonValue {
  const before = walk.bytes;
  const part = Array.isArray(input) ? admitArray(input, walk, depth) : admitObject(input, walk, depth);
  knownParts.set(part as object, { bytes: walk.bytes - before, maxDepth: walk.maxDepth });
  return part;
}

function admitArray(input: readonly unknown[], walk: Walk, depth: number): JsonValue {
  const length: unknown = input.length;
  if (!isLength(length)) throw refuseAt(walk, depth, notLength);
  walk.bytes += length === 0 ? 2 : length + 1;
  // Each element takes a byte at least, so a hostile length is refused before anything is allocated for it.
  if (walk.bytes > walk.maxBytes) throw tooLarge(walk.field, walk.limitName, walk.limit);
  const copy: JsonValue[] = [];
  for (let index = 0; index < length; index++) {
    walk.path[depth] = index;
    copy.push(admit(input[index], walk, depth + 1));
  }
  return Object.freeze(copy);
}

function admitObject(input: object, walk: Walk, depth: number): JsonValue {
  const prototype: object | null = Object.getPrototypeOf(input);
  if (!isPlainPrototype(prototype)) {
    const name: unknown = prototype?.constructor?.name;
    throw refuseAt(
      walk,
      depth,
      `is a ${typeof name === "string" ? shown(name) : "class instance"}, not a plain object; convert it to JSON values first.`,
    );
  }
  const copy: Record<string, JsonValue> = {};
  const inherits = prototype !== null && !isBare(prototype);
  let empty = true;
  // `for in` takes half the time of `Object.keys`. It shows inherited keys too, which only a polluted prototype has.
  for (const key in input) {
    if (inherits && !Object.hasOwn(input, key)) continue;
    const item = (input as Record<string, unknown>)[key];
    if (item === undefined && !walk.refusesUndefined) continue;
    walk.path[depth] = key;
    if (key === "__proto__") throw refuseAt(walk, depth + 1, "is a key that is not allowed.");
    addText(key, walk, depth + 1);
    // The colon, and the comma before the next entry or the brace.
    walk.bytes += 2;
    copy[key] = admit(item, walk, depth + 1);
    empty = false;
  }
  walk.bytes += empty ? 2 : 1;
  return Object.freeze(copy);
}

function isBare(prototype: object): boolean {
  for (const _ in prototype) return false;
  return true;
}

function addText(text: string, walk: Walk, depth: number): void {
  // A string of n units has at least n bytes, so a huge one is refused before it is measured.
  if (walk.bytes + text.length > walk.maxBytes) throw tooLarge(walk.field, walk.limitName, walk.limit);
  const bytes = textBytes(text);
  if (bytes === nulText) throw refuseAt(walk, depth, "has a NUL character; remove it.");
  if (bytes === brokenText) {
    throw refuseAt(
      walk,
      depth,
      "has half of a surrogate pair, which UTF-8 cannot carry; use toWellFormed().",
    );
  }
  walk.bytes += bytes;
}

function refuseAt(walk: Walk, depth: number, problem: string): MemoryError {
  let path = walk.field;
  for (let step = 0; step < depth; step++) {
    const key = walk.path[step] ?? "";
    path += typeof key === "number" ? `[${key}]` : `.${shown(key)}`;
  }
  return refuse(path, problem);
}
