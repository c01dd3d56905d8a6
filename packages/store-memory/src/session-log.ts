import type { EventType, SeqRange, StoredEvent, Tombstone } from "@relevo/core";
import { normalizeRanges } from "@relevo/core/input";
import { retractedRanges } from "@relevo/core/store";
import { anyInRanges, countBelow, dropBelow, insertSeqs, rangesMeet, removeSeqs } from "./seq-list.ts";

/**
 * The events of one incarnation, without gaps, and the indexes that keep the cost of a read with what it returns.
 * Indexes are ascending lists of `seq`. All but `retracted` hold effective events only, so that two thousand undone
 * messages do not stand in the way of the one that counts.
 */
export class SessionLog {
  firstSeq: number;
  version: number;
  /** Sum of what was appended and is still here, as JSON. */
  bytes = 0;
  /** False once the clock went back between two events: their order in time is then not that of `seq`. */
  timeOrdered = true;
  /** `seq` of the newest retraction that marked anything. */
  lastRetraction = 0;
  /** Absent while every event in the log is effective. */
  effective: number[] | undefined;
  readonly retracted: number[] = [];
  readonly pinned: number[] = [];
  readonly byType: Map<EventType, number[]> = new Map();
  readonly byAgent: Map<string, number[]> = new Map();
  /** Events that repeat others. What a tombstone was derived from is kept: it is no content, and leads on. */
  readonly #derived: number[] = [];
  readonly #derivedFrom = new Map<number, readonly SeqRange[]>();
  #events: StoredEvent[] = [];
  #bytes: number[] = [];
  /** Index of `firstSeq` in the arrays; what is before it was trimmed. */
  #start = 0;
  #latest = Number.MIN_SAFE_INTEGER;

  constructor(firstSeq = 1) {
    this.firstSeq = firstSeq;
    this.version = firstSeq - 1;
  }

  get size(): number {
    return this.#events.length - this.#start;
  }

  /** The event with this `seq`, which must be in the log. */
  at(seq: number): StoredEvent {
    return this.#events[this.#start + seq - this.firstSeq] as StoredEvent;
  }

  /** What the event with this `seq`, which must be in the log, adds to `bytes`. */
  bytesOf(seq: number): number {
    return this.#bytes[this.#start + seq - this.firstSeq] as number;
  }

  /** Adds the next event, frozen, and lets a retraction take effect. Returns what that retracted. */
  push(event: StoredEvent, bytes: number): readonly number[] {
    const { seq } = event;
    this.#events.push(event);
    this.#bytes.push(bytes);
    this.version = seq;
    this.bytes += bytes;
    if (event.recordedAt < this.#latest) this.timeOrdered = false;
    else this.#latest = event.recordedAt;
    if (event.derivedFrom !== undefined) {
      this.#derived.push(seq);
      this.#derivedFrom.set(seq, event.derivedFrom);
    }
    if (event.retractedBy !== undefined) {
      this.#leaveEffective([event]);
      this.lastRetraction = Math.max(this.lastRetraction, event.retractedBy);
      return none;
    }
    this.effective?.push(seq);
    pushTo(this.byType, event.type, seq);
    if (event.agent !== undefined) pushTo(this.byAgent, event.agent, seq);
    if (event.pinned === true) this.pinned.push(seq);
    if (event.type !== "retraction" || event.erasedAt !== undefined) return none;
    return this.#retract(seq, retractedRanges(event));
  }

  /**
   * Blanks the events in the ranges and, transitively, what was derived from them; those of `kept` alone. Returns all that
   * is blank now, and what of it was not before.
   */
  blank(
    { ranges, kept }: { readonly ranges: readonly SeqRange[]; readonly kept: readonly SeqRange[] },
    erasedAt: number,
  ): { readonly blank: readonly number[]; readonly changed: readonly number[] } {
    const asked = normalizeRanges(ranges);
    const followed = this.#seqsIn(asked);
    // From the ranges too: what was trimmed is gone, but what was derived from it still tells of it.
    this.#addDerived(followed, asked, () => true);
    const alone = this.#seqsIn(normalizeRanges(kept));
    const blank = [...followed];
    insertSeqs(
      blank,
      alone.filter((seq) => followed[countBelow(followed, seq)] !== seq),
    );
    const changed = blank.map((seq) => this.at(seq)).filter((event) => event.erasedAt === undefined);
    if (changed.length === 0) return { blank, changed: none };
    this.#leaveLists(changed, false);
    for (const event of changed) {
      const index = this.#start + event.seq - this.firstSeq;
      this.bytes -= this.#bytes[index] ?? 0;
      this.#bytes[index] = 0;
      const keeps = followed[countBelow(followed, event.seq)] !== event.seq;
      this.#events[index] = tombstoneOf(event, erasedAt, keeps);
    }
    return { blank, changed: changed.map(({ seq }) => seq) };
  }

  #seqsIn(ranges: readonly SeqRange[]): number[] {
    const seqs: number[] = [];
    for (const { from, to } of ranges) {
      const last = Math.min(to, this.version);
      for (let seq = Math.max(from, this.firstSeq); seq <= last; seq++) seqs.push(seq);
    }
    return seqs;
  }

  /** Removes the longest prefix whose events all pass the test, at most `limit`. Returns how many. */
  trim(test: (event: StoredEvent) => boolean, limit: number): { removed: number; more: boolean } {
    let removed = 0;
    const size = this.size;
    while (removed < size && removed < limit && test(this.at(this.firstSeq + removed))) {
      this.bytes -= this.#bytes[this.#start + removed] ?? 0;
      removed++;
    }
    if (removed === 0) return { removed, more: false };
    const more = removed === limit && removed < size && test(this.at(this.firstSeq + removed));
    this.#start += removed;
    this.firstSeq += removed;
    // The front is cut off only when it is half of the array: each event is moved at most once on average.
    if (this.#start * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#start);
      this.#bytes = this.#bytes.slice(this.#start);
      this.#start = 0;
    } else {
      for (let index = this.#start - removed; index < this.#start; index++) {
        this.#events[index] = trimmed;
      }
    }
    for (const seq of this.#derived) {
      if (seq >= this.firstSeq) break;
      this.#derivedFrom.delete(seq);
    }
    for (const list of [this.#derived, this.retracted, this.pinned, this.effective ?? []]) {
      dropBelow(list, this.firstSeq);
    }
    dropBelowIn(this.byType, this.firstSeq);
    dropBelowIn(this.byAgent, this.firstSeq);
    return { removed, more };
  }

  /** Marks what is not marked yet. Cost follows what is marked: it starts from the effective events in the ranges. */
  #retract(by: number, ranges: readonly SeqRange[]): readonly number[] {
    const marked: number[] = [];
    for (const range of normalizeRanges(ranges)) {
      for (const type of ["message", "summary"] as const) {
        const list = this.byType.get(type) ?? [];
        const end = countBelow(list, Math.min(range.to, by - 1) + 1);
        for (let index = countBelow(list, range.from); index < end; index++) {
          const seq = list[index] as number;
          if (this.at(seq).erasedAt === undefined) marked.push(seq);
        }
      }
    }
    if (marked.length === 0) return none;
    marked.sort((left, right) => left - right);
    this.#addDerived(
      marked,
      [],
      (event) => event.type === "summary" && event.retractedBy === undefined && event.erasedAt === undefined,
    );
    this.lastRetraction = by;
    const before = marked.map((seq) => this.at(seq));
    for (const event of before) {
      this.#events[this.#start + event.seq - this.firstSeq] = Object.freeze({ ...event, retractedBy: by });
    }
    this.#leaveEffective(before);
    return marked;
  }

  /**
   * Adds to the ascending list what was derived from it or from the ranges, also ascending. Sources are older than
   * what repeats them, so one pass over the derived events that are newer than the oldest source finds the chain.
   */
  #addDerived(seqs: number[], ranges: readonly SeqRange[], includes: (event: StoredEvent) => boolean): void {
    const oldest = Math.min(seqs[0] ?? Number.MAX_SAFE_INTEGER, ranges[0]?.from ?? Number.MAX_SAFE_INTEGER);
    for (let index = countBelow(this.#derived, oldest + 1); index < this.#derived.length; index++) {
      const seq = this.#derived[index] as number;
      if (seqs[countBelow(seqs, seq)] === seq || !includes(this.at(seq))) continue;
      const sources = this.#derivedFrom.get(seq) ?? [];
      if (anyInRanges(seqs, sources) || rangesMeet(ranges, sources)) insertSeqs(seqs, [seq]);
    }
  }

  #leaveEffective(events: readonly StoredEvent[]): void {
    const seqs = events.map((event) => event.seq);
    if (this.effective === undefined) {
      this.effective = Array.from({ length: this.size }, (_, index) => this.firstSeq + index);
    }
    removeSeqs(this.effective, seqs);
    insertSeqs(this.retracted, seqs);
    this.#leaveLists(events, true);
  }

  /** Takes events out of the lists by agent and of pinned ones, and by type when asked. */
  #leaveLists(events: readonly StoredEvent[], types: boolean): void {
    const pinned: number[] = [];
    const byAgent = new Map<string, number[]>();
    const byType = new Map<EventType, number[]>();
    for (const event of events) {
      if (event.pinned === true) pinned.push(event.seq);
      if (event.agent !== undefined) pushTo(byAgent, event.agent, event.seq);
      if (types) pushTo(byType, event.type, event.seq);
    }
    removeSeqs(this.pinned, pinned);
    removeIn(this.byAgent, byAgent);
    removeIn(this.byType, byType);
  }
}

const none: readonly number[] = [];

/** Stands where a trimmed event was, until the array is cut: the content must not be kept alive. */
const trimmed: Tombstone = Object.freeze({ seq: 0, type: "message", recordedAt: 0, erasedAt: 0 });

function tombstoneOf(event: StoredEvent, erasedAt: number, keeps: boolean): Tombstone {
  const { seq, type, at, recordedAt, retractedBy } = event;
  return Object.freeze({
    seq,
    type,
    ...(at === undefined ? {} : { at }),
    recordedAt,
    ...(retractedBy === undefined ? {} : { retractedBy }),
    erasedAt,
    ...(keeps ? { derived: "kept" } : {}),
  });
}

function pushTo<Key>(lists: Map<Key, number[]>, key: Key, seq: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [seq]);
  else list.push(seq);
}

function removeIn<Key>(lists: Map<Key, number[]>, gone: ReadonlyMap<Key, readonly number[]>): void {
  for (const [key, seqs] of gone) {
    const list = lists.get(key);
    if (list === undefined) continue;
    removeSeqs(list, seqs);
    if (list.length === 0) lists.delete(key);
  }
}

function dropBelowIn<Key>(lists: Map<Key, number[]>, seq: number): void {
  for (const [key, list] of lists) {
    dropBelow(list, seq);
    if (list.length === 0) lists.delete(key);
  }
}
