import type { SeqRange } from "@relevo/core";

/** Ranges from a framework, or from a policy of the caller's, may be anything. */
export function isRange(range: Partial<SeqRange> | null | undefined): range is SeqRange {
  const { from = 0, to = 0 } = range ?? {};
  return Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 1 && from <= to;
}
