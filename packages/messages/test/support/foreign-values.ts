import type { JsonObject, JsonValue } from "@relevo/core";

interface Leaf {
  readonly path: string;
  readonly value: string;
}

/** Values that say what kind of thing they stand in. A message says it by its role and the types of its parts. */
const kinds = new Set([
  "type",
  "role",
  "state",
  "status",
  "object",
  "lc",
  "index",
  "detail",
  "step",
  "source_type",
]);

/** The texts in a value, data URLs without their head and JSON texts by what is in them. */
export function* leavesOf(value: JsonValue, path = ""): Generator<Leaf> {
  if (typeof value === "string") {
    const text = value.startsWith("data:") ? value.slice(value.indexOf(",") + 1) : value;
    const parsed = text.startsWith("{") && text.endsWith("}") ? (JSON.parse(text) as JsonValue) : undefined;
    if (parsed === undefined) yield { path, value: text };
    else yield* leavesOf(parsed, path);
  } else if (typeof value === "object" && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      const isTime = /^(created|createTime|timestamp)/.test(name);
      if (!kinds.has(name) && !isTime) yield* leavesOf(inner, `${path}.${name}`);
    }
  }
}

/** The value, once for each object in it, with a field in that object that no format has. */
export function* withCanaries(
  value: JsonValue,
): Generator<{ readonly changed: JsonValue; readonly place: string }> {
  for (const path of objectsIn(value, [])) {
    const changed = structuredClone(value);
    let place = changed as Record<string, JsonValue>;
    for (const step of path) place = place[step] as Record<string, JsonValue>;
    place.unheardOf = "canary";
    yield { changed, place: path.join(".") };
  }
}

function* objectsIn(value: JsonValue, path: readonly string[]): Generator<readonly string[]> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield path;
  for (const [name, inner] of Object.entries(value as JsonObject)) yield* objectsIn(inner, [...path, name]);
}

export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !(value instanceof Date)) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
