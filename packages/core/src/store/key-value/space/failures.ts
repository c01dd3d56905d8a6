import { MemoryError } from "../../../memory-error.ts";
import type { KeyValueSpace } from "./key-value-space.ts";

/** What a space threw where nothing was to be written. */
export function readFailure(error: unknown): MemoryError {
  if (MemoryError.isInstance(error)) return error;
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

/** The time of the space. */
export async function timeOf(space: KeyValueSpace): Promise<number> {
  try {
    return await space.now();
  } catch (error) {
    throw readFailure(error);
  }
}
