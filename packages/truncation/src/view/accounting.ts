import type { DroppedRange, SeqRange } from "@relevo/core";
import { normalizeRanges, rangesOf, sortedInclude, sortedSubtract, sortedTouch } from "@relevo/core/input";
import { firstSeq } from "@relevo/messages";
import type { History } from "../history/history.ts";
import type { Layout } from "./layout.ts";
import type { ViewState } from "./view-state.ts";

/** What happened to every effective message that the view does not show. */
export interface Accounts {
  readonly dropped: readonly DroppedRange[];
  readonly summarized: readonly SeqRange[];
  readonly compacted: boolean;
}

/**
 * Accounts for every effective message: it is shown, or in exactly one summarized or dropped range. Ranges may include
 * events that are not messages. The part that was not read is one range.
 */
export function accountFor(state: ViewState, layout: Layout): Accounts {
  const { history } = state;
  const shown = new Set<number>();
  const merged: number[] = [];
  for (const { seq, merged: also } of layout.messages) {
    if (seq !== undefined) shown.add(seq);
    for (const one of also ?? []) merged.push(one);
  }
  const covers = without(normalizeRanges(history.summaries.flatMap((summary) => summary.covers)), shown);
  const mergedRanges = rangesOf(merged);
  const inSummaries = covers.length === 0 ? mergedRanges : normalizeRanges([...covers, ...mergedRanges]);
  const summarized = state.showsSummaries ? inSummaries : mergedRanges;

  const reasons = reasonsOf(state, layout, shown);
  const drops = new Drops();
  const unread: SeqRange[] = history.from > 1 ? [{ from: 1, to: history.from - 1 }] : [];
  for (const range of without(sortedSubtract(unread, inSummaries), shown)) {
    drops.addRange(range, history.complete ? () => leftOut : (seq) => reasonAt(state, seq));
  }
  // Shown messages may lie between the last of these ranges and the part that was read.
  if (drops.ranges.at(-1)?.to !== history.from - 1) drops.close();
  for (const seq of knownSeqs(history)) {
    // Below, what is not shown is in the ranges already.
    if (seq < history.from) continue;
    const free = !shown.has(seq) && !sortedInclude(inSummaries, seq);
    drops.step(seq, free ? reasons.get(seq) : undefined, inSummaries);
  }
  const hidden = state.showsSummaries ? [] : covers.map((range) => ({ ...range, reason: "budget" }));
  const dropped =
    hidden.length === 0
      ? drops.ranges
      : [...drops.ranges, ...hidden].sort((left, right) => left.from - right.from);
  return {
    dropped,
    summarized,
    compacted:
      (state.showsSummaries && covers.length > 0) || dropped.some(({ reason }) => reason !== "erased"),
  };
}

/** Messages that were left over when a summary was made, or that no view can show. */
const leftOut = "left-out";

/** The known messages, erased ones included, ascending. */
function knownSeqs(history: History): readonly number[] {
  const seqs = history.entries().map(({ seq }) => seq);
  if (history.erased.length === 0) return seqs;
  return [...seqs, ...history.erased].sort((left, right) => left - right);
}

/** For each known message that is not shown, the reason why. */
function reasonsOf(state: ViewState, layout: Layout, shown: ReadonlySet<number>): Map<number, string> {
  const { history } = state;
  const reasons = new Map<number, string>();
  for (const seq of history.erased) reasons.set(seq, "erased");
  for (const { entry, reason } of history.grouping.leftovers) {
    // The call of a result may be older than everything that was read.
    const dropped = reason === "orphan-result" && !history.complete;
    reasons.set(entry.seq, dropped ? reasonAt(state, 0) : reason);
  }
  let next = 0;
  for (const group of history.groups) {
    const isShown = group === layout.shown[next];
    if (isShown) next++;
    const reason = isShown ? leftOut : reasonAt(state, firstSeq(group));
    // A message that answers calls of two groups is dropped only when both are.
    for (const { seq } of group.entries)
      if (!shown.has(seq) && (reason === leftOut || !reasons.has(seq))) reasons.set(seq, reason);
  }
  return reasons;
}

function reasonAt(state: ViewState, seq: number): string {
  return (state.cuts.find((cut) => seq < cut.seq) ?? state.cuts.at(-1))?.reason ?? leftOut;
}

/** Collects dropped ranges; neighbours with the same reason become one range. */
class Drops {
  readonly ranges: { from: number; to: number; reason: string }[] = [];
  #open = false;

  /** A range in which the reason may change from one number to the next, but only where a cut lies. */
  addRange({ from, to }: SeqRange, reasonOf: (seq: number) => string): void {
    const reason = reasonOf(from);
    let last = to;
    if (reasonOf(to) !== reason) {
      let low = from;
      while (last - low > 1) {
        const middle = Math.floor((low + last) / 2);
        if (reasonOf(middle) === reason) low = middle;
        else last = middle;
      }
      last = low;
    }
    this.ranges.push({ from, to: last, reason });
    this.#open = true;
    if (last < to) this.addRange({ from: last + 1, to }, reasonOf);
  }

  close(): void {
    this.#open = false;
  }

  /** The next message; without a reason it is not dropped. */
  step(seq: number, reason: string | undefined, apart: readonly SeqRange[]): void {
    const last = this.ranges.at(-1);
    if (reason === undefined) this.close();
    else if (
      this.#open &&
      last?.reason === reason &&
      (seq === last.to + 1 || !sortedTouch(apart, { from: last.to, to: seq }))
    )
      last.to = seq;
    else {
      this.ranges.push({ from: seq, to: seq, reason });
      this.#open = true;
    }
  }
}

function without(ranges: readonly SeqRange[], seqs: ReadonlySet<number>): SeqRange[] {
  const inside: number[] = [];
  const last = ranges.at(-1)?.to ?? 0;
  for (const seq of seqs) if (seq <= last && sortedInclude(ranges, seq)) inside.push(seq);
  return inside.length === 0 ? [...ranges] : sortedSubtract(ranges, rangesOf(inside));
}
