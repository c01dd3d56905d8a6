import { MemoryError } from "@relevo/core";

/** True when the store could not answer, as opposed to refused input and aborted calls. */
export function isOutage(error: unknown): boolean {
  return !["invalid-input", "too-large", "aborted"].some((code) =>
    MemoryError.isInstance(error, code as "aborted"),
  );
}
