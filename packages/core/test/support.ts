import fc from "fast-check";
import { expect } from "vitest";
import { MemoryError, type MemoryErrorCode } from "../src/index.ts";

/** What a call threw, which must be a `MemoryError` with this code. */
export function thrown(call: () => unknown, code: MemoryErrorCode): MemoryError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(MemoryError);
    const failure = error as MemoryError;
    expect(`${failure.code}: ${failure.message}`).toMatch(new RegExp(`^${code}: `));
    expect(failure.outcome).toBe("not-applied");
    return failure;
  }
  throw new Error(`nothing was thrown; expected ${code}`);
}

/** As `thrown`, for a promise. */
export async function rejected(promise: Promise<unknown>, code: MemoryErrorCode): Promise<MemoryError> {
  const error = await promise.then(
    () => new Error(`nothing was thrown; expected ${code}`),
    (reason: unknown) => reason,
  );
  return thrown(() => {
    throw error;
  }, code);
}

/** Any character, as a unit of `fc.string`. The built-in unit "binary" lists all of them first, for half a second. */
export const character: fc.Arbitrary<string> = fc
  .oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((codePoint) => String.fromCodePoint(codePoint));
