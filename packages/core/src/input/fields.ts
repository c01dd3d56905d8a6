import { MemoryError } from "../memory-error.ts";
import { nearestName } from "./nearest-name.ts";
import { refuse, shown } from "./refuse.ts";

/**
 * What a field that is present and `undefined` means.
 *
 * - `selects`: the field decides what a call is about or guards it (an owner, a filter, an expected version).
 *   `undefined` is `invalid-input`: a variable that was never set would widen the call to everything, or switch
 *   the guard off.
 * - `refines`: the field changes how the call is done (a signal, a limit, a lifetime), or is content that may be
 *   absent. `undefined` is the same as leaving it out.
 */
export type FieldKind = "selects" | "refines";

/** The fields that a call knows, by name. */
export type FieldTable = ReadonlyMap<string, FieldKind>;

type NameOf<Fields> = Fields extends unknown ? keyof Fields & string : never;
type ValueOf<Fields, Name> = Fields extends unknown
  ? Name extends keyof Fields
    ? Required<Fields>[Name]
    : never
  : never;

/**
 * The kind of every field of a type, no more and no less. A field whose type admits `undefined` refines, any other
 * selects, so the compiler holds the types and the checks together (under `exactOptionalPropertyTypes`).
 */
export type FieldKinds<Fields> = {
  readonly [Name in NameOf<Fields>]: undefined extends ValueOf<Fields, Name> ? "refines" : "selects";
};

export function fieldTable<Fields>(kinds: FieldKinds<Fields>): FieldTable {
  return new Map(Object.entries<FieldKind>(kinds));
}

/**
 * A copy of the options, or of another object of named fields, in which each field was read once: a getter or a
 * proxy cannot show the check one value and the call another. An unknown field is refused with the nearest known
 * name, because a misspelt option would do something else than asked without a word.
 *
 * @throws `invalid-input` for what is not a plain object, an unknown field, a selecting field that is `undefined`,
 *   and a field that throws when it is read.
 */
export function admitFields<Fields extends object>(
  input: Fields,
  field: string,
  table: FieldTable,
): { [Name in keyof Fields]: Fields[Name] } {
  requirePlainObject(input, field);
  let copy: { [Name in keyof Fields]: Fields[Name] };
  try {
    // Takes own fields only, so that a polluted prototype adds none.
    copy = { ...input };
  } catch (cause) {
    throw unreadable(field, cause);
  }
  for (const name in copy) {
    const kind = table.get(name);
    if (kind === undefined) {
      if (Object.hasOwn(copy, name)) throw unknownField(name, field, table.keys());
    } else if (kind === "selects" && copy[name] === undefined && Object.hasOwn(copy, name)) {
      throw undefinedSelector(`${field}.${name}`);
    }
  }
  return copy;
}

/** As `admitFields`, for options that may be left out as a whole. */
export function admitOptions<Options extends object>(
  input: Options | undefined,
  table: FieldTable,
): Partial<Options> {
  return input === undefined ? (none as Partial<Options>) : admitFields(input, "options", table);
}

const none: object = Object.freeze({});

/** Checks the names of the fields alone. @throws `invalid-input` for an unknown one. */
export function requireKnownFields(input: object, field: string, known: ReadonlySet<string>): void {
  for (const name in input) {
    if (!known.has(name) && Object.hasOwn(input, name)) throw unknownField(name, field, known);
  }
}

export function requireObject(input: unknown, field: string): asserts input is object {
  if (typeof input !== "object" || input === null || isArray(input, field))
    throw refuse(field, "must be an object.");
}

/**
 * An instance of a class may keep its fields where a copy does not see them, and is most likely something else: a
 * signal passed in place of `{ signal }`, a store in place of its options.
 */
export function requirePlainObject(input: unknown, field: string): asserts input is object {
  if (typeof input !== "object" || input === null) throw refuse(field, "must be an object.");
  let plain: boolean;
  try {
    plain = isPlainObject(input);
  } catch (cause) {
    throw unreadable(field, cause);
  }
  if (!plain) throw refuse(field, "must be a plain object.");
}

/** `Array.isArray` throws for a revoked proxy. */
export function isArray(input: unknown, field: string): input is readonly unknown[] {
  try {
    return Array.isArray(input);
  } catch (cause) {
    throw unreadable(field, cause);
  }
}

/** True for `{}` and `Object.create(null)`, of any realm; false for arrays, dates, maps and instances of classes. */
export function isPlainObject(input: object): boolean {
  return isPlainPrototype(Object.getPrototypeOf(input));
}

/** The `Object.prototype` of another realm (a vm context, a test runner) is as plain as ours. */
export function isPlainPrototype(prototype: object | null): boolean {
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "hasOwnProperty");
}

/** What the work reads of a caller's object. @throws `invalid-input` when a getter or a proxy throws. */
export function readInput<Read>(field: string, read: () => Read): Read {
  try {
    return read();
  } catch (cause) {
    throw unreadable(field, cause);
  }
}

/** A getter or a proxy threw. */
export function unreadable(field: string, cause: unknown): MemoryError {
  return MemoryError.isInstance(cause) ? cause : refuse(field, "could not be read.", undefined, cause);
}

export function undefinedSelector(field: string): MemoryError {
  return refuse(
    field,
    "is undefined. It decides what the call is about or guards it, so give it a value or leave it out.",
  );
}

export function unknownField(name: string, field: string, known: Iterable<string>): MemoryError {
  const names = [...known];
  const nearest = nearestName(name, names);
  return refuse(
    `${field}.${shown(name)}`,
    `is not a field of ${field}.${nearest === undefined ? "" : ` Did you mean ${nearest}?`} Known: ${names.join(", ")}.`,
    nearest === undefined ? {} : { nearest },
  );
}
