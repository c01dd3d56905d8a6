import { firstSeq, type Group, openerBefore } from "@relevo/messages";
import type { History } from "../history/history.ts";

/** How a strategy measures groups, and how much it keeps. */
export interface Scale {
  /** A cut leaves at least this much if possible … */
  readonly low: number;
  /** … and at most this much, unless the minimum is larger. */
  readonly high: number;
  sizeOf(group: Group): number;
  /** The size of a synthetic message at the start. */
  readonly openerSize: number;
  /** Cut only at the start of a turn. */
  readonly turnsOnly?: boolean;
  /** Use the oldest cut that fits instead of the most stable one. */
  readonly oldest?: boolean;
}

/** Reads the part of the log that a scale may keep and one turn more, because a cut depends on the one before. */
export async function readFor(history: History, scale: Scale, above: number): Promise<void> {
  await history.readUntil(() => {
    let size = 0;
    const { groups } = history;
    for (let index = groups.length - 1; index >= 0; index--) {
      const group = groups[index] as Group;
      const place = firstSeq(group);
      if (place < history.from) return false;
      if (!group.pinned || scale.turnsOnly) size += scale.sizeOf(group);
      if (group.kind !== "user") continue;
      if (size > scale.high || place < above) return true;
    }
    return false;
  });
}

/** The size of what follows a cut at this group, with what must precede it. */
interface Candidate {
  readonly group: Group;
  readonly size: number;
  /** The index of the group. */
  readonly index: number;
}

/**
 * The group at which a history is cut so that the rest fits; `undefined` when nothing has to be dropped. `fits` is
 * false when not even the minimum fits: the last group with the user message before it.
 *
 * A cut that moved with every turn would change the start of every view, so that prompt caches of providers would never
 * match. Therefore, of the cuts that leave between `low` and `high`, the one at the multiple of the highest power of
 * two is chosen. It stays the choice until it leaves the range, without any stored state.
 */
export function chooseCut(
  history: History,
  scale: Scale,
  above: number,
  hasSummary: boolean,
): { readonly group: Group | undefined; readonly fits: boolean } {
  const settled = settledFrom(history);
  const { candidates, before } = candidatesIn(history, scale, Math.max(above, settled), hasSummary);
  const first = candidates[0];
  if (first === undefined) return { group: undefined, fits: before <= scale.high };
  if (settled <= above && first.size + before <= scale.high) return { group: undefined, fits: true };
  const best = bestOf(candidates, scale, history.groups);
  if (best !== undefined) return { group: best.group, fits: true };
  return { group: candidates.at(-1)?.group, fits: false };
}

/** The possible cuts, oldest first, and the size of what precedes the first. */
function candidatesIn(
  history: History,
  scale: Scale,
  above: number,
  hasSummary: boolean,
): { readonly candidates: readonly Candidate[]; readonly before: number } {
  const { groups } = history;
  const lastUser = groups.findLastIndex(({ kind }) => kind === "user");
  const anchor = groups[lastUser];
  const anchorSize = anchor === undefined || anchor.pinned ? 0 : scale.sizeOf(anchor);
  const firstPinned = groups.find(({ pinned, kind }) => pinned && kind !== "system");
  const candidates: Candidate[] = [];
  let size = 0;
  let counted = 0;
  for (let index = groups.length - 1; index >= 0; index--) {
    const group = groups[index] as Group;
    if (firstSeq(group) < above) break;
    if (!group.pinned || scale.turnsOnly) size += scale.sizeOf(group);
    if (group.kind === "system" || (scale.turnsOnly && group.kind !== "user")) continue;
    const anchored = index > lastUser && anchor !== undefined;
    let begin = anchored ? anchor : group;
    if (firstPinned !== undefined && firstSeq(firstPinned) < firstSeq(begin)) begin = firstPinned;
    const opens = !hasSummary && openerBefore(begin) !== undefined;
    counted = size;
    candidates.push({
      group,
      size: size + (anchored ? anchorSize : 0) + (opens ? scale.openerSize : 0),
      index,
    });
  }
  return { candidates: candidates.reverse(), before: scale.turnsOnly ? 0 : size - counted };
}

/** The position of the previous group; for a turn, that of the previous turn. */
function previousOf(groups: readonly Group[], index: number): number {
  const turn = groups[index]?.kind === "user";
  for (let before = index - 1; before >= 0; before--) {
    const group = groups[before] as Group;
    if (group.kind !== "system" && (!turn || group.kind === "user")) return firstSeq(group);
  }
  return 0;
}

/** Before the first user message that was read, a group may be incomplete. */
function settledFrom(history: History): number {
  if (history.complete) return 0;
  const first = history.groups.find((group) => group.kind === "user" && firstSeq(group) >= history.from);
  return first === undefined ? Number.POSITIVE_INFINITY : firstSeq(first);
}

/**
 * Of the cuts that leave between `low` and `high`, at the start of a turn if there is one: the roundest, or the oldest.
 * Without any, the oldest that fits.
 */
function bestOf(
  candidates: readonly Candidate[],
  { low, high, oldest }: Scale,
  groups: readonly Group[],
): Candidate | undefined {
  let fitting: Candidate | undefined;
  let best: Candidate | undefined;
  let bestPower = -1;
  let turns = false;
  for (const candidate of candidates) {
    const { group, size, index } = candidate;
    if (size > high) continue;
    fitting ??= candidate;
    const turn = group.kind === "user";
    if (size < low || (turns && !turn)) continue;
    const first = turn && !turns;
    if (first) turns = true;
    else if (oldest === true && best !== undefined) continue;
    const power = oldest === true ? 0 : roundness(previousOf(groups, index), firstSeq(group));
    if (first || power > bestPower) {
      best = candidate;
      bestPower = power;
    }
  }
  return best ?? fitting;
}

const largestWord = 2 ** 31 - 1;

/** The highest power of two that divides a number above `previous` and up to `own`, as its exponent. */
export function roundness(previous: number, own: number): number {
  // The highest bit in which they differ; operators on bits see only 31 of a positive number.
  if (own <= largestWord) return own > previous ? 31 - Math.clz32(own ^ previous) : 0;
  let exponent = 0;
  while (Math.floor(own / 2 ** (exponent + 1)) > Math.floor(previous / 2 ** (exponent + 1))) exponent++;
  return exponent;
}
