import type { SeqRange } from "../../../events.ts";
import { normalizeRanges, rangesOf } from "../../../input/ranges.ts";
import { retractionsOf } from "../../retractions.ts";
import type { GenerationKeys } from "../layout.ts";
import { afterKey, lastNumber } from "../space/encode-key.ts";
import type { KeyRange } from "../space/key-value-space.ts";
import type { KeyRecord, Records } from "../space/records.ts";
import type { PendingMark, SessionState } from "../unit/session-slot.ts";
import { type DerivedEvent, type EventRecord, live, type TypeEntry } from "./event-entries.ts";

/** What reads a log for a plan: a transaction. */
interface Reader {
  read(keys: readonly Uint8Array[], ranges: readonly KeyRange[]): Promise<Records>;
}

const pageSize = 1000;

/** Every entry of a list with a `seq` from … to. */
export async function readSeqs(
  reader: Reader,
  key: (seq: number) => Uint8Array,
  from: number,
  to: number,
): Promise<KeyRecord[]> {
  const found: KeyRecord[] = [];
  for (let start = from; start <= to; ) {
    const range = { from: key(start), to: afterKey(key(to)), limit: pageSize };
    const page = (await reader.read([], [range])).ranges[0] ?? [];
    for (const record of page) found.push(record);
    const last = page.at(-1);
    if (page.length < pageSize || last === undefined) break;
    start = lastNumber(last.key) + 1;
  }
  return found;
}

/** What the retractions among new events mark. */
export interface RetractionPlan {
  /** The new events, with the marks that later ones among them put on them. */
  readonly events: readonly EventRecord[];
  readonly marks: readonly PendingMark[];
  /** Everything that is marked, ascending. */
  readonly retracted: readonly number[];
  /** The newest retraction that marked anything; 0 when none did. */
  readonly lastRetraction: number;
}

/**
 * Lets the retractions among new events take effect: on the messages and summaries in their ranges that no retraction
 * has marked yet, and on every summary derived from one of those.
 */
export async function planRetractions(
  reader: Reader,
  keys: GenerationKeys,
  state: SessionState | undefined,
  added: readonly EventRecord[],
): Promise<RetractionPlan> {
  const events = [...added];
  const marks: PendingMark[] = [];
  const retracted = new Set<number>();
  let lastRetraction = 0;
  const first = added[0]?.event.seq ?? 0;
  const stored = state?.version ?? 0;

  /** Effective messages and summaries with their content, in one range. */
  async function markable(type: "message" | "summary", from: number, to: number): Promise<number[]> {
    const seqs: number[] = [];
    const listed = await readSeqs(reader, (seq) => keys.byType(type, seq), from, Math.min(to, stored));
    for (const { key, value } of listed) {
      const [mark] = value as unknown as TypeEntry;
      const seq = lastNumber(key);
      if (mark === live && !retracted.has(seq)) seqs.push(seq);
    }
    for (let seq = Math.max(from, first); seq <= to && seq - first < events.length; seq++) {
      const event = events[seq - first]?.event;
      if (event?.type === type && event.erasedAt === undefined && event.retractedBy === undefined)
        seqs.push(seq);
    }
    return seqs;
  }

  for (const [index, retraction] of retractionsOf(added.map(({ event }) => event)).entries()) {
    const by = first + index;
    const marked: number[] = [];
    for (const { from, to } of retraction) {
      for (const type of ["message", "summary"] as const) {
        // Not spread into one call: a retraction of a whole log has more than a call takes.
        for (const one of await markable(type, from, to)) marked.push(one);
      }
    }
    if (marked.length === 0) continue;
    marked.sort((left, right) => left - right);
    const oldest = marked[0] ?? by;
    const derived = await readDerived(reader, keys, oldest + 1, stored);
    for (const { event: one } of events) {
      if (one.seq < by && one.derivedFrom !== undefined)
        derived.push({ seq: one.seq, from: one.derivedFrom });
    }
    if (derived.length > 0) {
      const summaries = new Set(await markable("summary", oldest, by - 1));
      addDerived(marked, [], derived, (seq) => summaries.has(seq));
    }
    for (const seq of marked) {
      retracted.add(seq);
      const own = events[seq - first];
      if (seq >= first && own !== undefined)
        events[seq - first] = { ...own, event: { ...own.event, retractedBy: by } };
    }
    const ranges = rangesOf(marked.filter((seq) => seq < first));
    if (ranges.length > 0) marks.push({ kind: "retract", by, ranges });
    lastRetraction = by;
  }
  return { events, marks, retracted: [...retracted].sort((left, right) => left - right), lastRetraction };
}

/** What an erasure blanks. */
export interface ErasurePlan {
  /** Everything in the log that is blank afterwards, ascending. */
  readonly blank: readonly number[];
  /** What of it is stored and was not blank before. */
  readonly changed: readonly number[];
  /** What of that goes without what was derived from it. */
  readonly kept: readonly number[];
  /** How much smaller that makes the log. */
  readonly bytes: number;
}

/**
 * The events in the ranges and, transitively, what was derived from them, also from what was trimmed; and those of `kept`
 * alone. Follows to derived events that are about to be added, too.
 */
export async function planErasure(
  reader: Reader,
  keys: GenerationKeys,
  state: SessionState,
  { ranges, kept }: { readonly ranges: readonly SeqRange[]; readonly kept: readonly SeqRange[] },
  added: readonly EventRecord[] = [],
): Promise<ErasurePlan> {
  const asked = normalizeRanges(ranges);
  const followed = seqsIn(state, asked);
  const oldest = Math.max((asked[0]?.from ?? state.version) + 1, state.firstSeq);
  const derived = await readDerived(reader, keys, oldest, state.version);
  for (const { event } of added) {
    if (event.derivedFrom !== undefined) derived.push({ seq: event.seq, from: event.derivedFrom });
  }
  addDerived(followed, asked, derived, () => true);
  const isFollowed = new Set(followed);
  const alone = seqsIn(state, normalizeRanges(kept)).filter((seq) => !isFollowed.has(seq));
  const blank = alone.length === 0 ? followed : [...followed, ...alone].sort((left, right) => left - right);
  const changed: number[] = [];
  let bytes = 0;
  for (const { from, to } of rangesOf(blank)) {
    for (const list of [keys.effective, keys.retracted]) {
      for (const record of await readSeqs(reader, list, from, to)) {
        const { event, bytes: size } = record.value as unknown as EventRecord;
        if (event.erasedAt !== undefined) continue;
        changed.push(event.seq);
        bytes += size;
      }
    }
  }
  changed.sort((left, right) => left - right);
  const isAlone = new Set(alone);
  return { blank, changed, kept: changed.filter((seq) => isAlone.has(seq)), bytes };
}

/** Those of the log that are in the ranges, which are ascending and apart. */
function seqsIn({ firstSeq, version }: SessionState, ranges: readonly SeqRange[]): number[] {
  const seqs: number[] = [];
  for (const { from, to } of ranges) {
    const last = Math.min(to, version);
    for (let seq = Math.max(from, firstSeq); seq <= last; seq++) seqs.push(seq);
  }
  return seqs;
}

async function readDerived(
  reader: Reader,
  keys: GenerationKeys,
  from: number,
  to: number,
): Promise<DerivedEvent[]> {
  const records = await readSeqs(reader, keys.derived, from, to);
  return records.map(({ key, value }) => ({ seq: lastNumber(key), from: value as unknown as SeqRange[] }));
}

/**
 * Adds to ascending numbers what was derived from them or from the ranges. Sources are older than what repeats them, so
 * one pass over the derived events, ascending, finds the chain.
 */
function addDerived(
  seqs: number[],
  ranges: readonly SeqRange[],
  derived: readonly DerivedEvent[],
  includes: (seq: number) => boolean,
): void {
  for (const { seq, from: sources } of derived) {
    const place = countBelow(seqs, seq);
    if (seqs[place] === seq || !includes(seq)) continue;
    const isDerived = sources.some(
      ({ from, to }) =>
        (seqs[countBelow(seqs, from)] ?? Number.POSITIVE_INFINITY) <= to ||
        ranges.some((range) => range.from <= to && from <= range.to),
    );
    if (isDerived) seqs.splice(place, 0, seq);
  }
}

/** How many of the ascending numbers are smaller. */
function countBelow(seqs: readonly number[], seq: number): number {
  let low = 0;
  let high = seqs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((seqs[middle] ?? seq) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
