import { MemoryError, type MemoryErrorCode, printable } from "@relevo/core";

/**
 * What is read from a store of somebody else's, whose failures have no code.
 *
 * @throws `corrupt` for data that it cannot read, `unavailable` when it cannot be reached; errors of ours as they are.
 */
export async function readFrom<Value>(
  what: string,
  read: () => Value | Promise<Value>,
): Promise<Awaited<Value>> {
  try {
    return await read();
  } catch (cause) {
    if (MemoryError.isInstance(cause)) throw cause;
    const problem = printable(cause instanceof Error ? cause.message : String(cause));
    const code = saysNothingOfTheData(cause) ? "unavailable" : "corrupt";
    const advice =
      code === "corrupt"
        ? "When it names an entry, correct or remove that one there. Import again then"
        : "Import again when it answers";
    throw new MemoryError(
      code,
      `${what} failed: ${problem.replace(/\.$/u, "")}. ${advice}: nothing is added twice.`,
      { cause },
    );
  }
}

/** Drivers give their errors a code, or a class of its own. */
function saysNothingOfTheData(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (typeof (error as NodeJS.ErrnoException).code === "string") return true;
  return ![Error, SyntaxError, TypeError, RangeError].some((kind) => error.constructor === kind);
}

const ofTheEntry: ReadonlySet<MemoryErrorCode> = new Set(["invalid-input", "too-large", "corrupt"]);

/** The same error, when it is about what is imported, with the name of the entry in front. */
export function naming(entry: string, error: unknown): unknown {
  if (!MemoryError.isInstance(error) || !ofTheEntry.has(error.code)) return error;
  const { code, outcome, retryable, details } = error;
  return new MemoryError(code, `${entry}: ${error.message}`, {
    outcome,
    retryable,
    details: { ...details, entry },
    cause: error,
  });
}

/** A name of somebody else's as a message may repeat it. */
export function quoted(name: unknown): string {
  const text = typeof name === "string" ? name : JSON.stringify(name);
  return `"${printable(String(text).slice(0, 200).toWellFormed())}"`;
}
