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

/** Facts of many items as columns, by place. They are longer than what is in use. */
export interface FactColumns {
  items: Int32Array;
  positions: Float64Array;
  at: Float64Array;
  lengths: Int32Array;
  marks: Int32Array;
  speakers: Int32Array;
  agents: Int32Array;
  readonly times: Map<number, readonly number[]>;
  readonly names: Map<number, readonly number[]>;
}

/** A chunk in a sequence of them. */
export interface ChunkHead {
  readonly stream: number;
  readonly chunk: number;
  readonly count: number;
  /** Where its columns begin, and where it ends. */
  readonly from: number;
  readonly end: number;
}

// A chunk: its length in bytes, its stream and its number, 32 bits each, and how many items it has, 16 bits; seven columns;
// then for each item with times, and for each with names, its place, how many numbers it has, and these.
const headBytes = 14;
const numberColumns = ["items", "positions", "at", "lengths", "marks", "speakers", "agents"] as const;

export function factColumns(size: number): FactColumns {
  return {
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
}

/** The facts of items of one stream, in the order of their positions, as one chunk. */
export function chunkBytes(stream: number, chunk: number, items: readonly ItemFacts[]): Buffer {
  const column = (numberOf: (item: ItemFacts) => number): Buffer => columnBytes(items.map(numberOf));
  const head = Buffer.alloc(headBytes);
  const bytes = Buffer.concat([
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
  ]);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeInt32LE(stream, 4);
  bytes.writeInt32LE(chunk, 8);
  bytes.writeUInt16LE(items.length, 12);
  return bytes;
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

/** What the chunks are that stand one behind the other. @throws `corrupt` */
export function chunkHeads(bytes: Buffer): readonly ChunkHead[] {
  return decoded(() => {
    const heads: ChunkHead[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = at + bytes.readUInt32LE(at);
      if (end < at + headBytes || end > bytes.length)
        throw new RangeError("A chunk has no length that can be.");
      heads.push({
        stream: bytes.readInt32LE(at + 4),
        chunk: bytes.readInt32LE(at + 8),
        count: bytes.readUInt16LE(at + 12),
        from: at + headBytes,
        end,
      });
      at = end;
    }
    return heads;
  });
}

/** Reads a chunk into columns, from the place `start` on. @throws `corrupt` */
export function readChunk(
  bytes: Buffer,
  { from, count, end }: ChunkHead,
  columns: FactColumns,
  start: number,
): void {
  decoded(() => {
    let at = from;
    for (const name of numberColumns) at = readColumn(bytes, at, count, columns[name], start);
    at = readLists(bytes, at, start, columns.times);
    at = readLists(bytes, at, start, columns.names);
    if (at !== end) throw new RangeError("A chunk has another length than it says.");
  });
}

function decoded<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    throw new MemoryError(
      "corrupt",
      "A chunk of the search index cannot be read: somebody changed the table. Remove the index of the tenant; it is built again.",
      { cause },
    );
  }
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

/** A longer copy of the columns. */
export function grownColumns(columns: FactColumns, size: number): FactColumns {
  const longer = { ...factColumns(size), times: columns.times, names: columns.names };
  for (const name of numberColumns) longer[name].set(columns[name] as never);
  return longer;
}

/** Copies what is at one place to another one. */
export function moveFacts(from: FactColumns, place: number, to: FactColumns, target: number): void {
  for (const name of numberColumns) to[name][target] = from[name][place] as number;
  const [times, names] = [from.times.get(place), from.names.get(place)];
  if (times !== undefined) to.times.set(target, times);
  if (names !== undefined) to.names.set(target, names);
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
