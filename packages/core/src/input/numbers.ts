import type { SeqRange } from "../events.ts";
import { MemoryError } from "../memory-error.ts";
import { readInput, requireObject } from "./fields.ts";
import { readArray } from "./read-array.ts";
import { refuse } from "./refuse.ts";

/** The most that one page or one read may hold. */
export const maxPageSize = 1000;
export const defaultPageSize = 100;

/** Longer than any session lives, and far enough from 2^53 that adding it to a time stays exact. */
export const maxTtlMs: number = 100 * 366 * 24 * 3600 * 1000;

export function admitInteger(
  input: unknown,
  field: string,
  minimum: number,
  maximum: number = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof input !== "number" || !Number.isSafeInteger(input) || input < minimum || input > maximum) {
    throw refuse(field, `must be an integer from ${minimum} to ${maximum}.`);
  }
  // -0 is a safe integer, but no store gives it back.
  return input === 0 ? 0 : input;
}

export function admitOptionalInteger(input: unknown, field: string, minimum: number): number | undefined {
  return input === undefined ? undefined : admitInteger(input, field, minimum);
}

/**
 * The greatest version and revision that an import may bring: as many appends again have room before 2^53, where
 * numbers stop being exact and a `seq` would be given twice.
 */
export const maxImportedVersion: number = 2 ** 52;

/** The last moment that a `Date` can hold, in milliseconds since the epoch. */
export const maxTime = 8.64e15;

/** A time in milliseconds since the epoch. Whole, so that every store keeps it exactly. */
export function admitTime(input: unknown, field: string): number | undefined {
  return input === undefined ? undefined : admitInteger(input, field, -maxTime, maxTime);
}

export function admitTtl(input: unknown, field: string = "ttlMs"): number | undefined {
  return input === undefined ? undefined : admitInteger(input, field, 1, maxTtlMs);
}

/** A lifetime, `null` for ever, `undefined` for "as it is". */
export function admitNullableTtl(input: unknown, field: string = "ttlMs"): number | null | undefined {
  return input === null ? null : admitTtl(input, field);
}

export function admitLimit(input: unknown, field: string = "limit"): number {
  return input === undefined ? defaultPageSize : admitInteger(input, field, 1, maxPageSize);
}

/** At most 1,000 inclusive ranges with `1 <= from <= to`, in any order; a frozen copy. */
export function admitRanges(input: unknown, field: string): readonly SeqRange[] {
  const elements = readArray(input, field, "an array of ranges { from, to }", maxPageSize);
  const ranges: SeqRange[] = [];
  for (let index = 0; index < elements.length; index++) {
    const at = `${field}[${index}]`;
    const range = elements[index];
    requireObject(range, at);
    const { from, to } = readInput(at, () => endsOf(range));
    const first = admitInteger(from, `${at}.from`, 1);
    ranges.push(Object.freeze({ from: first, to: admitInteger(to, `${at}.to`, first) }));
  }
  return Object.freeze(ranges);
}

function endsOf({ from, to }: Partial<SeqRange>): Partial<Record<keyof SeqRange, unknown>> {
  return { from, to };
}

export function admitChoice<Choice extends string>(
  input: unknown,
  field: string,
  choices: readonly Choice[],
  fallback: Choice,
): Choice {
  if (input === undefined) return fallback;
  if (!choices.includes(input as Choice)) throw refuse(field, `must be one of ${choices.join(", ")}.`);
  return input as Choice;
}

/**
 * @throws `aborted` when the signal has fired already; `invalid-input` for what is no signal, such as its controller.
 */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  // Only a real one: `AbortSignal.any`, through which stores pass it on, throws for what merely looks like one.
  const isSignal = readInput("options.signal", () => signal instanceof AbortSignal);
  if (!isSignal) throw refuse("options.signal", "must be an AbortSignal.");
  if (readInput("options.signal", () => signal.aborted)) throw abortError(signal);
}

export function abortError(
  signal: AbortSignal,
  outcome: "not-applied" | "unknown" = "not-applied",
): MemoryError {
  return new MemoryError("aborted", "The call was aborted by its signal.", { outcome, cause: signal.reason });
}
