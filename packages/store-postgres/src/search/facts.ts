import { MemoryError } from "@relevo/core";
import { columnBytes, readColumn } from "./numbers.ts";

/** What an index keeps of an item for readings. Names, of speakers and agents too, are numbers; −1 for none. */
export interface ItemFacts {
  readonly item: number;
  readonly position: number;
  readonly at: number;
  readonly length: number;
  readonly marks: number;
  readonly speaker: number;
  readonly agent: number;
  readonly times: readonly number[];
  readonly names: readonly number[];
}

/** Facts of many items as columns, by place. */
export interface FactColumns {
  readonly size: number;
  readonly items: Int32Array;
  readonly positions: Float64Array;
  readonly at: Float64Array;
  readonly lengths: Int32Array;
  readonly marks: Int32Array;
  readonly speakers: Int32Array;
  readonly agents: Int32Array;
  readonly times: Map<number, readonly number[]>;
  readonly names: Map<number, readonly number[]>;
}

/** A chunk as it lies in the columns. */
export interface PlacedChunk {
  readonly stream: number;
  readonly from: number;
  readonly count: number;
}

// A chunk: its length in bytes and its stream, 32 bits each, and how many items it has, 16 bits; seven columns; then
// for each item with times, and for each with names, its place, how many numbers it has, and these.
const headBytes = 10;

/** The facts of items of one stream, in the order of their positions, as one chunk. */
export function chunkBytes(stream: number, items: readonly ItemFacts[]): Buffer {
  const column = (numberOf: (item: ItemFacts) => number): Buffer => columnBytes(items.map(numberOf));
  const head = Buffer.alloc(headBytes);
  const parts = [
    head,
    column(({ item }) => item),
    column(({ position }) => position),
    column(({ at }) => at),
    column(({ length }) => length),
    column(({ marks }) => marks),
    column(({ speaker }) => speaker),
    column(({ agent }) => agent),
    listBytes(items.map(({ times }) => times)),
    listBytes(items.map(({ names }) => names)),
  ];
  const chunk = Buffer.concat(parts);
  chunk.writeUInt32LE(chunk.length, 0);
  chunk.writeInt32LE(stream, 4);
  chunk.writeUInt16LE(items.length, 8);
  return chunk;
}

/** Lists that are not empty, each with its place. */
function listBytes(lists: readonly (readonly number[])[]): Buffer {
  const filled = lists.flatMap((list, place) => (list.length === 0 ? [] : [{ list, place }]));
  const head = Buffer.alloc(2);
  head.writeUInt16LE(filled.length, 0);
  return Buffer.concat([
    head,
    ...filled.flatMap(({ list, place }) => {
      const start = Buffer.alloc(6);
      start.writeUInt16LE(place, 0);
      start.writeUInt32LE(list.length, 2);
      return [start, columnBytes(list)];
    }),
  ]);
}

/** Chunks that stand one behind the other, as columns. @throws `corrupt` */
export function readChunks(bytes: Buffer): {
  readonly columns: FactColumns;
  readonly chunks: readonly PlacedChunk[];
} {
  try {
    return readAll(bytes);
  } catch (cause) {
    throw new MemoryError(
      "corrupt",
      "A chunk of the search index cannot be read: somebody changed the table. Remove the index of the tenant; it is built again.",
      { cause },
    );
  }
}

function readAll(bytes: Buffer): {
  readonly columns: FactColumns;
  readonly chunks: readonly PlacedChunk[];
} {
  const chunks: PlacedChunk[] = [];
  let size = 0;
  for (let at = 0; at < bytes.length; at += lengthAt(bytes, at)) {
    const count = bytes.readUInt16LE(at + 8);
    chunks.push({ stream: bytes.readInt32LE(at + 4), from: size, count });
    size += count;
  }
  const columns: FactColumns = {
    size,
    items: new Int32Array(size),
    positions: new Float64Array(size),
    at: new Float64Array(size),
    lengths: new Int32Array(size),
    marks: new Int32Array(size),
    speakers: new Int32Array(size),
    agents: new Int32Array(size),
    times: new Map(),
    names: new Map(),
  };
  let at = 0;
  for (const { from, count } of chunks) {
    const end = at + lengthAt(bytes, at);
    at += headBytes;
    for (const name of ["items", "positions", "at", "lengths", "marks", "speakers", "agents"] as const)
      at = readColumn(bytes, at, count, columns[name], from);
    at = readLists(bytes, at, from, columns.times);
    at = readLists(bytes, at, from, columns.names);
    if (at !== end) throw new RangeError("A chunk has another length than it says.");
  }
  return { columns, chunks };
}

function lengthAt(bytes: Buffer, at: number): number {
  const length = bytes.readUInt32LE(at);
  if (length < headBytes) throw new RangeError("A chunk is too short.");
  return length;
}

function readLists(
  bytes: Buffer,
  from: number,
  first: number,
  lists: Map<number, readonly number[]>,
): number {
  let at = from + 2;
  for (let left = bytes.readUInt16LE(from); left > 0; left--) {
    const place = bytes.readUInt16LE(at);
    const list = new Float64Array(bytes.readUInt32LE(at + 2));
    at = readColumn(bytes, at + 6, list.length, list, 0);
    lists.set(first + place, [...list]);
  }
  return at;
}

/** The facts at one place of the columns. */
export function factsAt(columns: FactColumns, place: number): ItemFacts {
  const numberAt = (column: Int32Array | Float64Array): number => column[place] ?? 0;
  return {
    item: numberAt(columns.items),
    position: numberAt(columns.positions),
    at: numberAt(columns.at),
    length: numberAt(columns.lengths),
    marks: numberAt(columns.marks),
    speaker: numberAt(columns.speakers),
    agent: numberAt(columns.agents),
    times: columns.times.get(place) ?? [],
    names: columns.names.get(place) ?? [],
  };
}
