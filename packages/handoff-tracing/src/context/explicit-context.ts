import type { HandoffContext, SeqRange } from "@relevo/core";
import { admitRanges, normalizeRanges, readArray, refuse } from "@relevo/core/input";
import type { LogSnapshot } from "./log-snapshot.ts";

const maxRanges = 10_000;

/**
 * The record of messages that a framework has shown by itself, in its order: those at `seqs`, and after them the new
 * ones, which have caused the handoff.
 *
 * @throws `invalid-input` for a `seq` that the log does not have or that is named twice.
 */
export async function explicitContext(
  source: LogSnapshot,
  seqs: readonly (number | SeqRange)[],
  added: number,
): Promise<HandoffContext> {
  const named = readArray(seqs, "seqs", "an array of seqs and of ranges { from, to }", maxRanges);
  const before = source.version - added;
  const ranges = named.map((one, index): SeqRange => {
    const [range] = admitRanges([typeof one === "number" ? { from: one, to: one } : one], `seqs[${index}]`);
    if (range === undefined || range.to > before) {
      throw refuse(`seqs[${index}]`, `must name messages of the log, which ends at ${before}.`);
    }
    return range;
  });
  const ascending = [...ranges].sort((left, right) => left.from - right.from);
  if (ascending.some(({ from }, index) => from <= (ascending[index - 1]?.to ?? 0))) {
    throw refuse("seqs", "must name each message once.");
  }
  const passed = added === 0 ? ranges : [...ranges, { from: before + 1, to: source.version }];
  return {
    policy: "seqs",
    passed: joined(passed),
    dropped: await source.rest(normalizeRanges(passed)),
    version: source.version,
  };
}

/** Neighbours as one range, in the given order. */
function joined(ranges: readonly SeqRange[]): readonly SeqRange[] {
  const runs: { from: number; to: number }[] = [];
  for (const { from, to } of ranges) {
    const last = runs.at(-1);
    if (last?.to === from - 1) last.to = to;
    else runs.push({ from, to });
  }
  return runs;
}
