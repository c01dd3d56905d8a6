import { MemoryError } from "../memory-error.ts";

/**
 * What follows a write within one call. A failure of it does not say `not-applied`, by which callers know that nothing was
 * written: its outcome is `unknown`, and repeating the call completes it.
 */
export async function afterWrite<Value>(work: () => Value | PromiseLike<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (!MemoryError.isInstance(error) || error.outcome !== "not-applied") throw error;
    const { code, message, retryable, details, cause } = error;
    throw new MemoryError(code, message, { outcome: "unknown", retryable, details, cause });
  }
}
