import { MemoryError, type RecallResult } from "@relevo/core";
import { errorLine } from "@relevo/core/input";

/**
 * Tells what a search had to do without to callers that are given its hits alone. Without `onError`, a process warning says so, the first
 * time: a search for each question of many people would say it as often.
 */
export function missingTeller(
  onError: ((error: MemoryError) => void) | undefined,
): (result: Pick<RecallResult, "missing">) => void {
  let isWarned = false;
  return ({ missing }) => {
    if (missing.length === 0) return;
    const error = new MemoryError(
      "unavailable",
      `A search had to do without ${missing.join(" and ")}; its hits are those of what was left. createRecall({ onError }) is told why.`,
      { retryable: true, details: { missing: [...missing] } },
    );
    if (onError !== undefined) return onError(error);
    if (!isWarned) warnOf(error);
    isWarned = true;
  };
}

export function warnOf(error: unknown): void {
  process.emitWarning(errorLine(error), "RelevoWarning");
}
