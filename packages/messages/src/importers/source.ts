import type { JsonObject, JsonValue, MemoryError } from "@relevo/core";
import { refuse } from "@relevo/core/input";

/** An object inside one item of a foreign history, with its place for errors and notes. */
export class Source {
  readonly index: number;
  /** From the item, such as `content[1]`; empty for the item itself. */
  readonly path: string;
  readonly value: JsonObject;

  /** @throws `invalid-input` for what is not an object. */
  constructor(value: JsonValue | undefined, index: number, path = "") {
    if (!isObject(value)) throw refuse(fieldOf(index, path), "must be an object.");
    this.value = value;
    this.index = index;
    this.path = path;
  }

  /** The field; `undefined` also for `null`, which providers write where there is no value. */
  get(name: string): JsonValue | undefined {
    const value = Object.hasOwn(this.value, name) ? this.value[name] : undefined;
    return value === null ? undefined : value;
  }

  /** @throws `invalid-input` for a field that is present and no string. */
  text(name: string): string | undefined {
    const value = this.get(name);
    if (value !== undefined && typeof value !== "string") throw this.refuse(name, "must be a string.");
    return value;
  }

  requireText(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw this.refuse(name, "must be a string.");
    return value;
  }

  /** An id, or a name of a tool. */
  requireId(name: string): string {
    const value = this.requireText(name);
    if (value === "") throw this.refuse(name, "must not be empty.");
    return value;
  }

  object(name: string): Source | undefined {
    const value = this.get(name);
    return value === undefined ? undefined : new Source(value, this.index, this.place(name));
  }

  requireObject(name: string): Source {
    return new Source(this.get(name), this.index, this.place(name));
  }

  /** The objects of an array; none when it is absent. @throws `invalid-input` for anything else. */
  objects(name: string): Source[] {
    const value = this.get(name);
    if (value === undefined) return [];
    if (!isArray(value)) throw this.refuse(name, "must be an array.");
    return value.map((one, at) => new Source(one, this.index, this.place(`${name}[${at}]`)));
  }

  /** The fields that are not known and have a value: what a conversion would drop. */
  others(known: ReadonlySet<string>): Record<string, JsonValue> | undefined {
    let others: Record<string, JsonValue> | undefined;
    for (const name of Object.keys(this.value)) {
      const value = this.value[name];
      if (value === undefined || known.has(name) || isEmpty(value)) continue;
      others ??= {};
      others[name] = value;
    }
    return others;
  }

  place(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  refuse(name: string, problem: string): MemoryError {
    return refuse(fieldOf(this.index, this.place(name)), problem);
  }
}

export function fieldOf(index: number, path: string): string {
  return path === "" ? `items[${index}]` : `items[${index}].${path}`;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !isArray(value);
}

export function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** What says nothing: null, and an array or an object without content. */
function isEmpty(value: JsonValue): boolean {
  if (typeof value !== "object") return false;
  return value === null || (isArray(value) ? value.length === 0 : Object.keys(value).length === 0);
}
