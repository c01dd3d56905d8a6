import type { JsonValue } from "@relevo/core";
import { jsonEquals } from "@relevo/core/input";

/** What is different at one place of a value. Without `before` it is new, without `after` it is gone. */
export interface ValueChange {
  /** Names of fields, and indexes in arrays; empty for the whole value. */
  readonly path: readonly (string | number)[];
  readonly before?: JsonValue;
  readonly after?: JsonValue;
}

/**
 * The changes between two values, in the order of the places: field by field and element by element, as deep as both are
 * objects, or both arrays. Linear in the values; admission bounds how deep they are.
 */
export function diffValues(before: JsonValue, after: JsonValue): readonly ValueChange[] {
  const changes: ValueChange[] = [];
  collect(before, after, [], changes);
  return changes;
}

function collect(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  path: readonly (string | number)[],
  changes: ValueChange[],
): void {
  if (before !== undefined && after !== undefined) {
    if (Array.isArray(before) && Array.isArray(after)) {
      for (let index = 0; index < Math.max(before.length, after.length); index++)
        collect(before[index], after[index], [...path, index], changes);
      return;
    }
    if (isObject(before) && isObject(after)) {
      for (const name of new Set([...Object.keys(before), ...Object.keys(after)]))
        collect(own(before, name), own(after, name), [...path, name], changes);
      return;
    }
    if (jsonEquals(before, after)) return;
  }
  changes.push({
    path,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  });
}

function isObject(value: JsonValue): value is { readonly [name: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function own(value: { readonly [name: string]: JsonValue }, name: string): JsonValue | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}
