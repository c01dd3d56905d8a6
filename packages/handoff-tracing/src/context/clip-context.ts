import type { HandoffContext, SeqRange } from "@relevo/core";

/**
 * The context without the messages above `version`, which were to be appended and were not: where they stood among what
 * the receiver got, the record has a hole.
 */
export function clipContext(context: HandoffContext, version: number): HandoffContext {
  const { passed, dropped, inlineAt = [] } = context;
  const taken = new Set(inlineAt);
  const holes: number[] = [];
  let place = 0;
  for (const { from, to } of passed) {
    for (let seq = from; seq <= to; seq++) {
      while (taken.has(place)) place++;
      if (seq > version) holes.push(place);
      place++;
    }
  }
  if (holes.length === 0) return context;
  return {
    ...context,
    passed: below(passed, version),
    dropped: below(dropped, version),
    inlineAt: [...inlineAt, ...holes],
    version,
  };
}

function below(ranges: readonly SeqRange[], version: number): readonly SeqRange[] {
  return ranges
    .filter(({ from }) => from <= version)
    .map(({ from, to }) => ({ from, to: Math.min(to, version) }));
}
