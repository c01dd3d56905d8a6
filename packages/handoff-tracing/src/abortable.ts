import { MemoryError } from "@relevo/core";
import { abortError } from "@relevo/core/input";

/**
 * The result of the work, or `aborted` as soon as the signal fires: who ignores a signal cannot hold up its caller.
 * `controller` is aborted with the signal; what the work throws after that goes to `late`, unless it only says that
 * it was aborted.
 */
export async function untilAborted<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
  controller: AbortController,
  late: (error: unknown) => void,
): Promise<Result> {
  if (signal === undefined) return await work;
  let over = false;
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      over = true;
      reject(abortError(signal, "unknown"));
      controller.abort(signal.reason);
    };
  });
  work.catch((error: unknown) => {
    if (over && !isAbort(error, signal)) late(error);
  });
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** One signal that fires with the first of these. */
export function joinSignals(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  try {
    if (error === signal.reason || MemoryError.isInstance(error, "aborted")) return true;
    return error instanceof Error && error.name === "AbortError";
  } catch {
    // A getter or a proxy threw, so it is something else and has to be told.
    return false;
  }
}
