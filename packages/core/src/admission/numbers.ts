import type { SeqRange } from "../events.ts";
import { MemoryError } from "../memory-error.ts";
import { requireObject } from "./ids.ts";
import { refuse } from "./refuse.ts";

/** The most that one page or one read may hold. */
export const maxPageSize = 1000;
export const defaultPageSize = 100;

/** Longer than any session lives, and far enough from 2^53 that adding it to a time stays exact. */
const maxTtlMs = 100 * 366 * 24 * 3600 * 1000;

export function admitInteger(
  input: unknown,
  field: string,
  minimum: number,
  maximum: number = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof input !== "number" || !Number.isSafeInteger(input) || input < minimum || input > maximum) {
    throw refuse(field, `must be an integer from ${minimum} to ${maximum}.`);
  }
  return input;
}

export function admitOptionalInteger(input: unknown, field: string, minimum: number): number | undefined {
  return input === undefined ? undefined : admitInteger(input, field, minimum);
}

/** A time in milliseconds since the epoch. Whole, so that every store keeps it exactly. */
export function admitTime(input: unknown, field: string): number | undefined {
  return input === undefined ? undefined : admitInteger(input, field, -8.64e15, 8.64e15);
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

export function admitRanges(input: unknown, field: string): readonly SeqRange[] {
  if (!Array.isArray(input)) throw refuse(field, "must be an array of { from, to }.");
  if (input.length > maxPageSize)
    throw refuse(field, `must have at most ${maxPageSize} ranges; join those that touch.`);
  return Object.freeze(
    Array.from(input, (range, index) => {
      const at = `${field}[${index}]`;
      requireObject(range, at);
      const { from, to } = range as Partial<SeqRange>;
      const first = admitInteger(from, `${at}.from`, 1);
      return Object.freeze({ from: first, to: admitInteger(to, `${at}.to`, first) });
    }),
  );
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

/** @throws `aborted` when the signal has fired already. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}

export function abortError(
  signal: AbortSignal,
  outcome: "not-applied" | "unknown" = "not-applied",
): MemoryError {
  return new MemoryError("aborted", "The call was aborted by its signal.", { outcome, cause: signal.reason });
}
