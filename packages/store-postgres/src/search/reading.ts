import {
  type JsonObject,
  type JsonValue,
  MemoryError,
  type SearchFilter,
  type SearchPostings,
  type SearchReading,
  type SearchRequest,
  type SearchSource,
  type SearchStream,
} from "@relevo/core";
import { searchStreamFilter, searchStreamKey, whereMatcher } from "@relevo/core/store";
import { type FactColumns, type PlacedChunk, readChunks } from "./facts.ts";
import { blockItems, entryBytes } from "./postings.ts";
import { nearestOf, nearItems, usualNearest } from "./vectors.ts";

/** What `read_search` answers. */
export interface ReadRow {
  readonly r_head: string;
  readonly r_postings: string | null;
  readonly r_facts: string | null;
  readonly r_details: string | null;
  readonly r_nearest: string | null;
}

interface Head {
  readonly items: number;
  readonly streams: number;
  readonly length: number;
  /** Of the names asked for, by place, those that are known, and whether they have spoken. */
  readonly asked: readonly (readonly [place: number, name: number, hasSpoken: boolean])[];
  readonly speakers: readonly number[];
  readonly named: readonly NamedStream[];
}

type NamedStream = readonly [number: number, revision: number, stream: SearchStream, subject: string | null];

interface ItemDetails {
  readonly metadata?: JsonObject;
  readonly value?: JsonValue;
}

const noTimes: readonly number[] = Object.freeze([]);
const noMetadata: JsonObject = Object.freeze({});

/**
 * What the database answered, as a reading. The names asked for are the speakers of the request, then the agents.
 *
 * @param fetched How many of the nearest items were asked for.
 * @returns `undefined` when more of these are needed.
 */
export function readingOf(row: ReadRow, request: SearchRequest, fetched: number): SearchReading | undefined {
  const head = JSON.parse(row.r_head) as Head;
  const { columns, chunks } = readChunks(Buffer.from(row.r_facts ?? "", "hex"));
  const streams = new Map(head.named.map((named) => [named[0], named]));
  const table = tableOf(columns, chunks, streams);
  const asked = new Map(head.asked.map(([place, name]) => [place, name]));
  const spoke = new Map(head.asked.flatMap(([place, name, hasSpoken]) => (hasSpoken ? [[place, name]] : [])));
  const { terms, speakers = [], times = [], filter, vector } = request;
  const agentNames = filter?.agents?.map((_, index) => asked.get(speakers.length + index) ?? -2);
  const details = detailsOf(row.r_details, table.numbers);
  const speakerNumbers = new Set(head.speakers);
  const { positions, at, marks, lengths } = columns;
  const allows = filter === undefined ? () => true : filterOf(filter, columns, table, agentNames, details);
  let nearest: SearchReading["nearest"];
  if (vector !== undefined) {
    const near = nearItems(row.r_nearest, vector).map(({ item, cosine }) => ({
      item: table.numbers.placeOf(item),
      cosine,
    }));
    const wanted = request.nearest ?? usualNearest;
    nearest = nearestOf(near, wanted, fetched, allows, (left, right) =>
      compare(table, positions, left, right),
    );
    if (nearest === undefined) return undefined;
  }
  return {
    items: head.items,
    streams: head.streams,
    length: head.length,
    postings: postingsOf(terms.length, row.r_postings, table.numbers),
    asked: Int32Array.from(speakers, (_, index) => spoke.get(index) ?? -1),
    dated: datedItems(columns, times),
    nearest,
    size: columns.size,
    stream: table.stream,
    previous: table.previous,
    next: table.next,
    lengths,
    at,
    marks,
    speakers: columns.speakers,
    times: (item) => columns.times.get(item) ?? noTimes,
    strangers: (item) =>
      (columns.names.get(item) ?? []).reduce((sum, name) => sum + (speakerNumbers.has(name) ? 0 : 1), 0),
    streamCount: table.named.length,
    first: table.first,
    streamLengths: table.streamLengths,
    allows,
    source: (item) => sourceOf(table.named[table.stream[item] ?? -1], positions[item] ?? 0),
    position: (item) => positions[item] ?? 0,
  };
}

/** Items in their streams. */
interface ItemTable {
  /** The streams that items are in, by the numbers of this reading. */
  readonly named: readonly NamedStream[];
  readonly stream: Int32Array;
  readonly previous: Int32Array;
  readonly next: Int32Array;
  readonly first: Int32Array;
  readonly streamLengths: Float64Array;
  readonly numbers: ItemNumbers;
}

function tableOf(
  columns: FactColumns,
  chunks: readonly PlacedChunk[],
  streams: ReadonlyMap<number, NamedStream>,
): ItemTable {
  const { size, items, positions, lengths } = columns;
  const byStream = new Map<number, PlacedChunk[]>();
  for (const chunk of chunks) {
    const own = byStream.get(chunk.stream);
    if (own === undefined) byStream.set(chunk.stream, [chunk]);
    else own.push(chunk);
  }
  const named: NamedStream[] = [];
  const stream = new Int32Array(size);
  const previous = new Int32Array(size);
  const next = new Int32Array(size);
  const first = new Int32Array(byStream.size);
  const streamLengths = new Float64Array(byStream.size);
  const numbers = new ItemNumbers();
  for (const [number, own] of byStream) {
    const stands = named.length;
    named.push(streams.get(number) ?? lost(number));
    own.sort((left, right) => (positions[left.from] ?? 0) - (positions[right.from] ?? 0));
    let before = -1;
    let length = 0;
    for (const { from, count } of own) {
      for (let place = from; place < from + count; place++) {
        stream[place] = stands;
        previous[place] = before;
        if (before >= 0) next[before] = place;
        before = place;
        length += lengths[place] as number;
        numbers.set(items[place] as number, place);
      }
    }
    next[before] = -1;
    first[stands] = own[0]?.from ?? -1;
    streamLengths[stands] = length;
  }
  return { named, stream, previous, next, first, streamLengths, numbers };
}

function lost(stream: number): never {
  throw new MemoryError("corrupt", `The search index has items of a stream ${stream} that it does not know.`);
}

/** The place in the reading of each number that the index has given to an item. */
class ItemNumbers {
  readonly #blocks: Map<number, Int32Array> = new Map();

  set(item: number, place: number): void {
    const number = Math.floor(item / blockItems);
    let block = this.#blocks.get(number);
    if (block === undefined) {
      block = new Int32Array(blockItems).fill(-1);
      this.#blocks.set(number, block);
    }
    block[item - number * blockItems] = place;
  }

  block(number: number): Int32Array {
    const block = this.#blocks.get(number);
    if (block === undefined)
      throw new MemoryError("corrupt", "The search index has postings of items that it does not know.");
    return block;
  }

  placeOf(item: number): number {
    return this.block(Math.floor(item / blockItems))[item % blockItems] ?? -1;
  }
}

function postingsOf(
  terms: number,
  text: string | null,
  numbers: ItemNumbers,
): readonly (SearchPostings | undefined)[] {
  const parts: { readonly block: number; readonly entries: Buffer }[][] = Array.from(
    { length: terms },
    () => [],
  );
  for (const part of text === null ? [] : text.split(" ")) {
    const [term = "", block = "", entries = ""] = part.split(",");
    parts[Number(term)]?.push({ block: Number(block), entries: Buffer.from(entries, "hex") });
  }
  return parts.map((blocks) => {
    const count = blocks.reduce((sum, { entries }) => sum + entries.length / entryBytes, 0);
    if (count === 0) return undefined;
    const items = new Int32Array(count);
    const counts = new Uint16Array(count);
    let to = 0;
    for (const { block, entries } of blocks) {
      const places = numbers.block(block);
      for (let from = 0; from < entries.length; from += entryBytes) {
        items[to] = places[(entries[from] as number) | ((entries[from + 1] as number) << 8)] as number;
        counts[to] = (entries[from + 2] as number) | ((entries[from + 3] as number) << 8);
        to++;
      }
    }
    return { holders: count, count, items, counts };
  });
}

function datedItems({ size, at, times }: FactColumns, asked: readonly number[]): Int32Array {
  if (asked.length === 0) return new Int32Array(0);
  const found: number[] = [];
  for (let item = 0; item < size; item++) {
    const said = at[item] as number;
    const about = times.get(item) ?? noTimes;
    let isDated = overlaps(asked, said, said);
    for (let index = 0; index < about.length && !isDated; index += 2)
      isDated = overlaps(asked, about[index] as number, about[index + 1] as number);
    if (isDated) found.push(item);
  }
  return Int32Array.from(found);
}

function overlaps(times: readonly number[], from: number, to: number): boolean {
  for (let index = 0; index < times.length; index += 2)
    if (from <= (times[index + 1] as number) && to >= (times[index] as number)) return true;
  return false;
}

function detailsOf(text: string | null, numbers: ItemNumbers): ReadonlyMap<number, ItemDetails> {
  const rows = text === null ? [] : (JSON.parse(text) as readonly (readonly [number, ItemDetails])[]);
  return new Map(rows.map(([item, details]) => [numbers.placeOf(item), details]));
}

function filterOf(
  filter: SearchFilter,
  { at, agents }: FactColumns,
  { named, stream }: ItemTable,
  agentNames: readonly number[] | undefined,
  details: ReadonlyMap<number, ItemDetails>,
): (item: number) => boolean {
  const { where, since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = filter;
  const allowsStream = searchStreamFilter(filter);
  const allowed = named.map(([, , one, subject]) => allowsStream(one, subject ?? undefined));
  const agentNumbers = agentNames && new Set(agentNames);
  const matches = where && whereMatcher(where);
  return (item) => {
    if (allowed[stream[item] ?? -1] !== true) return false;
    const said = at[item] ?? 0;
    if (said < since || said > until) return false;
    if (agentNumbers && !agentNumbers.has(agents[item] ?? -1)) return false;
    if (!matches) return true;
    const own = details.get(item);
    return matches({ value: own?.value ?? null, metadata: own?.metadata ?? noMetadata });
  };
}

/** By stream, then by position. */
function compare({ named, stream }: ItemTable, positions: Float64Array, left: number, right: number): number {
  const [one, other] = [stream[left] ?? -1, stream[right] ?? -1];
  if (one === other) return (positions[left] ?? 0) - (positions[right] ?? 0);
  const [, , first] = named[one] ?? lost(one);
  const [, , second] = named[other] ?? lost(other);
  return searchStreamKey(first) < searchStreamKey(second) ? -1 : 1;
}

function sourceOf(named: NamedStream | undefined, position: number): SearchSource {
  if (named === undefined) throw new RangeError("The reading has no such item.");
  const [, revision, stream] = named;
  if (stream.kind === "document") return { ...stream, version: revision };
  const { session, incarnation } = stream;
  return { kind: "event", session, incarnation, seq: Math.floor(position) };
}
