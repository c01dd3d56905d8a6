import type {
  SearchChange,
  SearchIndexState,
  SearchItem,
  SearchReading,
  SearchRequest,
  SearchSelector,
  SearchSource,
  SearchStreamState,
  SearchTerm,
} from "@relevo/core";
import { refuse } from "@relevo/core/input";
import { searchStreamKey, searchStreamPrefix } from "@relevo/core/store";
import { grown } from "./columns.ts";
import { ItemColumns } from "./item-columns.ts";
import { itemFilter } from "./item-filter.ts";
import { NameTable } from "./name-table.ts";
import type { PostingList } from "./posting-list.ts";
import { isOlder, isOtherIncarnation, type StreamEntry, stateOf } from "./stream-table.ts";
import { VectorSegment, type VectorSegmentOptions } from "./vector-segment.ts";
import { Vocabulary } from "./vocabulary.ts";

const noTimes: readonly number[] = Object.freeze([]);
const noItems: Int32Array = new Int32Array(0);
/** So many numbers may stand for removed items before the index is compacted, beside as many as there are items. */
const fewRemoved = 1024;

export interface StreamContent {
  readonly state: Omit<SearchStreamState, "items">;
  /** False when the stream was changed since; its items must not be read then. */
  isCurrent(): boolean;
  items(): Generator<SearchItem, void, void>;
}

/** The index of one tenant, in typed arrays. Takes admitted calls, and answers at once. */
export class TenantIndex {
  readonly #columns: ItemColumns = new ItemColumns();
  readonly #vocabulary: Vocabulary = new Vocabulary();
  readonly #speakers: NameTable = new NameTable();
  readonly #vectors: VectorSegment;
  readonly #streams: Map<string, StreamEntry> = new Map();
  readonly #bySession: Map<string, Set<StreamEntry>> = new Map();
  readonly #entries: (StreamEntry | undefined)[] = [];
  readonly #freeStreams: number[] = [];
  #first: Int32Array = new Int32Array(16);
  #streamLengths: Float64Array = new Float64Array(16);
  #items = 0;
  #length = 0;
  #filled = 0;
  #mark: SearchIndexState["mark"];
  /** Kept until something changes: it is asked for with every search. */
  #state: SearchIndexState | undefined;

  constructor(vectors: VectorSegmentOptions) {
    this.#vectors = new VectorSegment(vectors);
  }

  write(change: SearchChange): boolean {
    const key = searchStreamKey(change.stream);
    const known = this.#streams.get(key);
    if (known !== undefined && isOlder(change, known)) return false;
    this.#checkVectors(change);
    this.#state = undefined;
    if (known !== undefined && isOtherIncarnation(change, known)) this.#clear(known);
    const entry = known ?? this.#open(key, change);
    entry.stream = change.stream;
    entry.revision = change.revision;
    entry.changes++;
    if (change.language !== undefined) entry.language = change.language;
    if (change.subject !== undefined) entry.subject = change.subject;
    if (change.progress !== undefined) entry.progress = change.progress;
    this.#replace(entry, change);
    this.#compactIfWorthIt();
    return true;
  }

  remove(selector: SearchSelector): number {
    const before = this.#items;
    this.#state = undefined;
    for (const entry of this.#selected(selector)) this.#close(entry);
    if ("all" in selector) this.#mark = undefined;
    this.#compactIfWorthIt();
    return before - this.#items;
  }

  streams(selector: SearchSelector): readonly (readonly [key: string, state: SearchStreamState])[] {
    return this.#selected(selector).map((entry) => [entry.key, stateOf(entry)]);
  }

  state(): SearchIndexState {
    this.#state ??= this.#readState();
    return this.#state;
  }

  #readState(): SearchIndexState {
    const languages: Record<string, number> = {};
    for (const { language, items } of this.#streams.values()) {
      if (language !== undefined && items.length > 0) languages[language] = (languages[language] ?? 0) + 1;
    }
    const mark = this.#mark;
    return Object.freeze({
      items: this.#items,
      languages: Object.freeze(languages),
      ...(this.#items === 0 ? {} : { span: this.#columns.span() }),
      ...(mark === undefined ? {} : { mark }),
    });
  }

  mark(mark: SearchIndexState["mark"]): void {
    this.#mark = mark;
    this.#state = undefined;
  }

  lookup(groups: readonly (readonly string[])[]): readonly (readonly string[] | undefined)[] {
    return groups.map((words) => this.#vocabulary.lookup(words));
  }

  read<Result>(request: SearchRequest, score: (reading: SearchReading) => Result): Result {
    const columns = this.#columns;
    const entries = this.#entries;
    const { speakers = [], times, vector, nearest, filter } = request;
    const allows = itemFilter(filter, columns, entries);
    return score({
      items: this.#items,
      streams: this.#filled,
      length: this.#length,
      postings: request.terms.map((term): PostingList | undefined => this.#vocabulary.list(term)),
      asked: Int32Array.from(speakers, (name) => this.#speakers.numberOf(name)),
      dated: times === undefined || times.length === 0 ? noItems : this.#dated(times),
      nearest: vector && this.#vectors.nearest(vector, nearest ?? 100, allows, (a, b) => this.#compare(a, b)),
      size: columns.size,
      stream: columns.stream,
      previous: columns.previous,
      next: columns.next,
      lengths: columns.lengths,
      at: columns.at,
      marks: columns.marks,
      speakers: columns.speakers,
      times: (item) => columns.times.get(item) ?? noTimes,
      strangers: (item) => this.#strangers(item),
      streamCount: entries.length,
      first: this.#first,
      streamLengths: this.#streamLengths,
      allows,
      source: (item) => this.#source(item),
      position: (item) => columns.positions[item] ?? 0,
    });
  }

  /** A stream as it is, in the form in which it was written. */
  contentOf(key: string): StreamContent | undefined {
    const entry = this.#streams.get(key);
    if (entry === undefined) return undefined;
    const { items: count, ...state } = stateOf(entry);
    const { changes } = entry;
    const itemOf = (place: number): SearchItem => this.#itemOf(entry.items[place] ?? -1);
    return {
      state,
      isCurrent: () => this.#streams.get(key) === entry && entry.changes === changes,
      *items() {
        for (let place = 0; place < count; place++) yield itemOf(place);
      },
    };
  }

  #itemOf(number: number): SearchItem {
    const columns = this.#columns;
    const times = columns.times.get(number);
    const names = columns.names.get(number);
    const speaker = this.#speakers.nameOf(columns.speakers[number] ?? -1);
    const vector = this.#vectors.of(number);
    const terms = [...columns.termsOf(number)].map((id): SearchTerm => {
      const [term, counts] = this.#vocabulary.termOf(id, number);
      return [term, counts & 255, counts >> 8];
    });
    return {
      position: columns.positions[number] ?? 0,
      terms,
      at: columns.at[number] ?? 0,
      marks: columns.marks[number] ?? 0,
      ...(times === undefined ? {} : { times }),
      ...(names === undefined ? {} : { names }),
      ...(speaker === undefined ? {} : { speaker }),
      ...columns.details.get(number),
      ...(vector === undefined ? {} : { vector }),
    };
  }

  #selected(selector: SearchSelector): readonly StreamEntry[] {
    const candidates =
      "session" in selector ? (this.#bySession.get(selector.session) ?? []) : this.#streams.values();
    const { prefix, isWhole } = searchStreamPrefix(selector);
    return [...candidates].filter(({ key }) => (isWhole ? key === prefix : key.startsWith(prefix)));
  }

  #open(key: string, { stream, revision }: SearchChange): StreamEntry {
    const number = this.#freeStreams.pop() ?? this.#entries.length;
    const entry: StreamEntry = { key, number, changes: 0, stream, revision, items: [] };
    this.#entries[number] = entry;
    if (number >= this.#first.length) {
      this.#first = grown(this.#first, number + 1);
      this.#streamLengths = grown(this.#streamLengths, number + 1);
    }
    this.#first[number] = -1;
    this.#streamLengths[number] = 0;
    this.#streams.set(key, entry);
    if (stream.session !== undefined) {
      const own = this.#bySession.get(stream.session) ?? new Set();
      this.#bySession.set(stream.session, own.add(entry));
    }
    return entry;
  }

  #close(entry: StreamEntry): void {
    this.#clear(entry);
    this.#streams.delete(entry.key);
    this.#entries[entry.number] = undefined;
    this.#freeStreams.push(entry.number);
    const { session } = entry.stream;
    const own = session === undefined ? undefined : this.#bySession.get(session);
    own?.delete(entry);
    if (session !== undefined && own?.size === 0) this.#bySession.delete(session);
  }

  #clear(entry: StreamEntry): void {
    for (const item of entry.items) this.#removeItem(item);
    if (entry.items.length > 0) this.#filled--;
    entry.items.length = 0;
    this.#first[entry.number] = -1;
    entry.language = undefined;
    entry.subject = undefined;
    entry.progress = undefined;
  }

  #replace(entry: StreamEntry, change: SearchChange): void {
    const { after = Number.NEGATIVE_INFINITY, through = Number.POSITIVE_INFINITY } = change;
    const { positions } = this.#columns;
    const wasEmpty = entry.items.length === 0;
    const from = firstAbove(entry.items, positions, after);
    const to = firstAbove(entry.items, positions, through);
    const kept = new Set(change.keep);
    const middle: number[] = [];
    for (const item of entry.items.slice(from, to)) {
      if (kept.has(Math.floor(positions[item] ?? 0))) middle.push(item);
      else this.#removeItem(item);
    }
    const added = [...change.items].sort((a, b) => a.position - b.position);
    const merged = this.#merge(
      middle,
      added.map((item) => this.#addItem(item, entry.number)),
    );
    const rest = entry.items.slice(to);
    entry.items.length = from;
    for (const item of merged) entry.items.push(item);
    for (const item of rest) entry.items.push(item);
    this.#link(entry, from - 1, from + merged.length);
    if (wasEmpty !== (entry.items.length === 0)) this.#filled += wasEmpty ? 1 : -1;
  }

  #merge(left: readonly number[], right: readonly number[]): readonly number[] {
    if (left.length === 0) return right;
    const { positions } = this.#columns;
    return [...left, ...right].sort((a, b) => (positions[a] ?? 0) - (positions[b] ?? 0));
  }

  /** Makes the items at these places, both included, the neighbours of those beside them. */
  #link({ items, number }: StreamEntry, from: number, to: number): void {
    const { previous, next } = this.#columns;
    for (let place = Math.max(0, from); place <= Math.min(to, items.length - 1); place++) {
      const item = items[place] ?? 0;
      previous[item] = items[place - 1] ?? -1;
      next[item] = items[place + 1] ?? -1;
    }
    this.#first[number] = items[0] ?? -1;
  }

  #addItem(item: SearchItem, stream: number): number {
    let length = 0;
    for (const [, statements, questions] of item.terms) length += statements + questions;
    const speaker = item.speaker === undefined ? -1 : this.#speakers.use(item.speaker);
    const number = this.#columns.add(item, stream, length, speaker);
    for (const [term, statements, questions] of item.terms)
      this.#columns.addTerm(this.#vocabulary.add(term, number, statements | (questions << 8)));
    if (item.vector !== undefined) this.#vectors.add(number, item.vector);
    this.#items++;
    this.#length += length;
    this.#streamLengths[stream] = (this.#streamLengths[stream] ?? 0) + length;
    return number;
  }

  #removeItem(number: number): void {
    const columns = this.#columns;
    const length = columns.lengths[number] ?? 0;
    const stream = columns.stream[number] ?? 0;
    for (const term of columns.termsOf(number)) this.#vocabulary.remove(term, number);
    const speaker = columns.speakers[number] ?? -1;
    if (speaker >= 0) this.#speakers.release(speaker);
    this.#vectors.remove(number);
    this.#streamLengths[stream] = (this.#streamLengths[stream] ?? 0) - length;
    this.#items--;
    this.#length -= length;
    columns.clear(number);
  }

  #checkVectors({ items }: SearchChange): void {
    const [first] = items.filter(({ vector }) => vector !== undefined);
    items.forEach(({ vector }, index) => {
      if (vector === undefined) return;
      this.#vectors.check(vector, `change.items[${index}].vector`);
      if (vector.length !== first?.vector?.length)
        throw refuse(`change.items[${index}].vector`, "has another length than the one before.");
    });
  }

  #dated(asked: readonly number[]): Int32Array {
    const { size, stream, at, times } = this.#columns;
    const found: number[] = [];
    const isAt = (item: number): boolean => overlaps(asked, at[item] as number, at[item] as number);
    for (let item = 0; item < size; item++) if ((stream[item] as number) >= 0 && isAt(item)) found.push(item);
    // Few items name a time, and to look each item up takes longer than all the rest.
    for (const [item, about] of times) {
      let isAbout = false;
      for (let index = 0; index < about.length && !isAbout; index += 2)
        isAbout = overlaps(asked, about[index] as number, about[index + 1] as number);
      if (isAbout && !isAt(item)) found.push(item);
    }
    return Int32Array.from(found).sort();
  }

  /** By stream, then by position. */
  #compare(left: number, right: number): number {
    const { stream, positions } = this.#columns;
    const [one, other] = [this.#entries[stream[left] ?? -1], this.#entries[stream[right] ?? -1]];
    if (one !== undefined && other !== undefined && one !== other) return one.key < other.key ? -1 : 1;
    return (positions[left] ?? 0) - (positions[right] ?? 0);
  }

  #strangers(item: number): number {
    let strangers = 0;
    for (const name of this.#columns.names.get(item) ?? [])
      if (this.#speakers.numberOf(name) < 0) strangers++;
    return strangers;
  }

  #source(item: number): SearchSource {
    const entry = this.#entries[this.#columns.stream[item] ?? -1];
    if (entry === undefined) throw new RangeError(`The reading has no item ${item}.`);
    const { stream, revision } = entry;
    if (stream.kind === "document") return { ...stream, version: revision };
    const { session, incarnation } = stream;
    return { kind: "event", session, incarnation, seq: Math.floor(this.#columns.positions[item] ?? 0) };
  }

  #compactIfWorthIt(): void {
    if (this.#columns.size < 2 * this.#items + fewRemoved) return;
    const numberOf = this.#columns.renumber();
    this.#vocabulary.renumber(numberOf);
    this.#vectors.renumber(numberOf);
    for (const entry of this.#streams.values()) {
      entry.items.forEach((item, index) => {
        entry.items[index] = numberOf(item);
      });
      this.#first[entry.number] = entry.items[0] ?? -1;
    }
  }
}

/** The first place whose item has a whole position above `position`. */
function firstAbove(items: readonly number[], positions: Float64Array, position: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Math.floor(positions[items[middle] ?? 0] ?? 0) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

function overlaps(times: readonly number[], from: number, to: number): boolean {
  for (let index = 0; index < times.length; index += 2)
    if (from <= (times[index + 1] ?? 0) && to >= (times[index] ?? 0)) return true;
  return false;
}
