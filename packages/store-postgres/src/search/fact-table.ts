import { MemoryError, type SearchStream } from "@relevo/core";
import {
  type ChunkHead,
  chunkHeads,
  type FactColumns,
  factColumns,
  grownColumns,
  moveFacts,
  readChunk,
} from "./facts.ts";
import { blockBits, blockItems } from "./postings.ts";

/** A stream as `read_search` tells it; with the numbers of its chunks where only what has changed was asked for. */
export type NamedStream = readonly [
  number: number,
  revision: number,
  stream: SearchStream,
  subject: string | null,
  chunks?: readonly number[],
];

/** What has changed since a table was read, or all of it. */
export interface FactChanges {
  readonly named: readonly NamedStream[];
  /** The numbers of all streams that are still there; `null` when none was removed. */
  readonly live: readonly number[] | null;
  /** The numbers of the names that have spoken; `null` when they are the same. */
  readonly speakers: readonly number[] | null;
}

interface PlacedChunk {
  readonly from: number;
  readonly count: number;
}

interface StreamEntry {
  named: NamedStream;
  /** The number of the stream in readings. */
  readonly place: number;
  readonly chunks: Map<number, PlacedChunk>;
}

/** So many places may be those of removed items before the table is compacted, beside as many as there are items. */
const fewRemoved = 4096;
const noBlock: Int32Array = new Int32Array(blockItems).fill(-1);

/** The facts of the items of one tenant, or of some of its streams, by places that stay until something changes. */
export class FactTable {
  columns: FactColumns = factColumns(0);
  stream: Int32Array = new Int32Array(0);
  previous: Int32Array = new Int32Array(0);
  next: Int32Array = new Int32Array(0);
  first: Int32Array = new Int32Array(0);
  streamLengths: Float64Array = new Float64Array(0);
  /** How many places are in use, those of removed items included. */
  size = 0;
  items = 0;
  speakers: ReadonlySet<number> = new Set();
  readonly named: (NamedStream | undefined)[] = [];
  readonly #streams: Map<number, StreamEntry> = new Map();
  /** The place of each number of an item, by blocks; −1 for none. */
  readonly #places: Map<number, Int32Array> = new Map();
  readonly #free: number[] = [];

  /** Takes over what has changed. @throws `corrupt` */
  apply({ named, live, speakers }: FactChanges, facts: Buffer): void {
    if (speakers !== null) this.speakers = new Set(speakers);
    if (live !== null) {
      const stays = new Set(live);
      for (const number of [...this.#streams.keys()]) if (!stays.has(number)) this.#close(number);
    }
    const heads = chunkHeads(facts);
    const changed = named.map((one) => this.#open(one));
    for (const { stream, chunk } of heads) this.#drop(this.#entry(stream), chunk);
    this.#reserve(heads.reduce((sum, { count }) => sum + count, this.size));
    for (const head of heads) this.#add(this.#entry(head.stream), facts, head);
    for (const entry of changed) this.#link(entry);
    if (this.size > 2 * this.items + fewRemoved) this.#compact();
  }

  /** The places of the numbers in a block. */
  block(number: number): Int32Array {
    return this.#places.get(number) ?? noBlock;
  }

  placeOf(item: number): number {
    return this.block(item >> blockBits)[item & (blockItems - 1)] ?? -1;
  }

  #entry(stream: number): StreamEntry {
    const entry = this.#streams.get(stream);
    if (entry === undefined)
      throw new MemoryError("corrupt", "The search index has items of a stream that it does not know.");
    return entry;
  }

  /** The stream, without the chunks that it has no more. */
  #open(named: NamedStream): StreamEntry {
    const [number, , , , chunks] = named;
    let entry = this.#streams.get(number);
    if (entry === undefined) {
      entry = { named, place: this.#free.pop() ?? this.named.length, chunks: new Map() };
      this.#streams.set(number, entry);
      if (entry.place >= this.first.length) {
        const first = new Int32Array(2 * entry.place + 16);
        const lengths = new Float64Array(first.length);
        first.set(this.first);
        lengths.set(this.streamLengths);
        this.first = first;
        this.streamLengths = lengths;
      }
    } else if (chunks !== undefined) {
      const stays = new Set(chunks);
      for (const chunk of [...entry.chunks.keys()]) if (!stays.has(chunk)) this.#drop(entry, chunk);
    }
    entry.named = named;
    this.named[entry.place] = named;
    return entry;
  }

  #close(number: number): void {
    const entry = this.#entry(number);
    for (const chunk of [...entry.chunks.keys()]) this.#drop(entry, chunk);
    this.#streams.delete(number);
    this.named[entry.place] = undefined;
    this.first[entry.place] = -1;
    this.#free.push(entry.place);
  }

  #drop(entry: StreamEntry, chunk: number): void {
    const { columns } = this;
    const placed = entry.chunks.get(chunk);
    if (placed === undefined) return;
    entry.chunks.delete(chunk);
    for (let place = placed.from; place < placed.from + placed.count; place++) {
      this.stream[place] = -1;
      this.#set(columns.items[place] as number, -1);
      columns.times.delete(place);
      columns.names.delete(place);
    }
    this.items -= placed.count;
  }

  #add(entry: StreamEntry, facts: Buffer, head: ChunkHead): void {
    const from = this.size;
    readChunk(facts, head, this.columns, from);
    entry.chunks.set(head.chunk, { from, count: head.count });
    this.size += head.count;
    this.items += head.count;
    const { items } = this.columns;
    this.stream.fill(entry.place, from, this.size);
    for (let place = from; place < this.size; place++) this.#set(items[place] as number, place);
  }

  #set(item: number, place: number): void {
    const number = item >> blockBits;
    let block = this.#places.get(number);
    if (block === undefined) {
      block = new Int32Array(blockItems).fill(-1);
      this.#places.set(number, block);
    }
    block[item & (blockItems - 1)] = place;
  }

  /** Makes the items of a stream neighbours in the order of their positions. */
  #link({ place: stream, chunks }: StreamEntry): void {
    const { previous, next } = this;
    const { positions, lengths } = this.columns;
    const own = [...chunks.values()];
    if (own.length > 1) own.sort((left, right) => (positions[left.from] ?? 0) - (positions[right.from] ?? 0));
    let before = -1;
    let length = 0;
    for (const { from, count } of own) {
      for (let place = from; place < from + count; place++) {
        previous[place] = before;
        if (before >= 0) next[before] = place;
        before = place;
        length += lengths[place] as number;
      }
    }
    if (before >= 0) next[before] = -1;
    this.first[stream] = own[0]?.from ?? -1;
    this.streamLengths[stream] = length;
  }

  #reserve(size: number): void {
    if (size <= this.stream.length) return;
    // What is read once needs no more.
    const room = this.size === 0 ? size : Math.ceil(size * 1.5);
    this.columns = grownColumns(this.columns, room);
    for (const name of ["stream", "previous", "next"] as const) {
      const longer = new Int32Array(room);
      longer.set(this[name]);
      this[name] = longer;
    }
  }

  #compact(): void {
    const before = this.columns;
    this.columns = factColumns(Math.ceil(this.items * 1.5));
    const { length } = this.columns.items;
    this.stream = new Int32Array(length);
    this.previous = new Int32Array(length);
    this.next = new Int32Array(length);
    this.size = 0;
    for (const entry of this.#streams.values()) {
      for (const [chunk, { from, count }] of entry.chunks) {
        entry.chunks.set(chunk, { from: this.size, count });
        for (let place = from; place < from + count; place++) {
          moveFacts(before, place, this.columns, this.size);
          this.stream[this.size] = entry.place;
          this.#set(before.items[place] as number, this.size++);
        }
      }
      this.#link(entry);
    }
  }
}
