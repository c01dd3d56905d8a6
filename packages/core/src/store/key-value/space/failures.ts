import { abortError } from "../../../input/numbers.ts";
import { MemoryError } from "../../../memory-error.ts";
import type { KeyValueSpace } from "./key-value-space.ts";

/** What a space threw where nothing was to be written. Clients throw their own errors when a signal fires. */
export function readFailure(error: unknown, signal?: AbortSignal): MemoryError {
  if (MemoryError.isInstance(error)) return error;
  if (signal?.aborted === true) return abortError(signal);
  return new MemoryError("unavailable", "The key-value space cannot be reached.", { cause: error });
}

/** Why a write gave up, when an attempt before may have taken effect. */
export function unknownOutcome(cause: unknown): MemoryError {
  const code = MemoryError.isInstance(cause) ? cause.code : "unavailable";
  return new MemoryError(code, "It is not known whether the write took effect.", {
    outcome: "unknown",
    cause,
  });
}

/** The time of the space, in whole milliseconds: times stand in keys, and are compared with those in values. */
export async function timeOf(space: KeyValueSpace): Promise<number> {
  let now: number;
  try {
    now = Math.floor(await space.now());
  } catch (error) {
    throw readFailure(error);
  }
  if (!Number.isSafeInteger(now))
    throw new MemoryError("unavailable", "The clock of the key-value space does not tell the time.");
  return now;
}
