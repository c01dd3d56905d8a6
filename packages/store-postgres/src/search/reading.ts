import type {
  JsonObject,
  JsonValue,
  SearchFilter,
  SearchPostings,
  SearchReading,
  SearchRequest,
  SearchSource,
} from "@relevo/core";
import { searchStreamFilter, searchStreamKey, whereMatcher } from "@relevo/core/store";
import type { FactChanges, FactTable, NamedStream } from "./fact-table.ts";
import { entryBytes } from "./postings.ts";
import { nearestOf, nearItems, usualNearest } from "./vectors.ts";

/** What `read_search` answers. */
export interface ReadRow {
  readonly r_head: string;
  readonly r_postings: string | null;
  readonly r_facts: string | null;
  readonly r_details: string | null;
  readonly r_nearest: string | null;
}

/** The first column of it. */
export interface ReadHead extends FactChanges {
  readonly items: number;
  readonly streams: number;
  readonly length: number;
  readonly version: number;
  /** Whether it has the facts of the streams that the request leads to, rather than what has changed. */
  readonly isPart: boolean;
  /** Whether the index has begun again since the version that was asked for. */
  readonly anew: boolean;
  /** Of the names asked for, by place, those that are known, and whether they have spoken. */
  readonly asked: readonly (readonly [place: number, name: number, hasSpoken: boolean])[];
}

interface ItemDetails {
  readonly metadata?: JsonObject;
  readonly value?: JsonValue;
}

const noTimes: readonly number[] = Object.freeze([]);
const noMetadata: JsonObject = Object.freeze({});

/**
 * A reading of what the database answered, over a table that is of the same moment. The names asked for are the speakers of
 * the request, then the agents.
 *
 * @param fetched How many of the nearest items were asked for.
 * @returns `undefined` when more of these are needed.
 */
export function readingOf(
  head: ReadHead,
  row: ReadRow,
  table: FactTable,
  request: SearchRequest,
  fetched: number,
): SearchReading | undefined {
  const { columns, speakers: speakerNumbers } = table;
  const asked = new Map(head.asked.map(([place, name]) => [place, name]));
  const spoke = new Map(head.asked.flatMap(([place, name, hasSpoken]) => (hasSpoken ? [[place, name]] : [])));
  const { terms, speakers = [], times = [], filter, vector } = request;
  const agentNames = filter?.agents?.map((_, index) => asked.get(speakers.length + index) ?? -2);
  const { positions } = columns;
  const allows =
    filter === undefined ? () => true : filterOf(filter, table, agentNames, detailsOf(row.r_details, table));
  let nearest: SearchReading["nearest"];
  if (vector !== undefined) {
    const near = nearItems(row.r_nearest, vector).map(({ item, cosine }) => ({
      item: table.placeOf(item),
      cosine,
    }));
    const wanted = request.nearest ?? usualNearest;
    nearest = nearestOf(near, wanted, fetched, allows, (left, right) => compare(table, left, right));
    if (nearest === undefined) return undefined;
  }
  return {
    items: head.items,
    streams: head.streams,
    length: head.length,
    postings: postingsOf(terms.length, row.r_postings, table),
    asked: Int32Array.from(speakers, (_, index) => spoke.get(index) ?? -1),
    dated: datedItems(table, times),
    nearest,
    size: table.size,
    stream: table.stream,
    previous: table.previous,
    next: table.next,
    lengths: columns.lengths,
    at: columns.at,
    marks: columns.marks,
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

function postingsOf(
  terms: number,
  text: string | null,
  table: FactTable,
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
      const places = table.block(block);
      for (let from = 0; from < entries.length; from += entryBytes) {
        items[to] = places[(entries[from] as number) | ((entries[from + 1] as number) << 8)] as number;
        counts[to] = (entries[from + 2] as number) | ((entries[from + 3] as number) << 8);
        to++;
      }
    }
    return { holders: count, count, items, counts };
  });
}

function datedItems({ size, stream, columns }: FactTable, asked: readonly number[]): Int32Array {
  if (asked.length === 0) return new Int32Array(0);
  const { at, times } = columns;
  const found: number[] = [];
  for (let item = 0; item < size; item++) {
    if ((stream[item] as number) < 0) continue;
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

function detailsOf(text: string | null, table: FactTable): ReadonlyMap<number, ItemDetails> {
  const rows = text === null ? [] : (JSON.parse(text) as readonly (readonly [number, ItemDetails])[]);
  return new Map(rows.map(([item, details]) => [table.placeOf(item), details]));
}

function filterOf(
  filter: SearchFilter,
  { columns: { at, agents }, named, stream }: FactTable,
  agentNames: readonly number[] | undefined,
  details: ReadonlyMap<number, ItemDetails>,
): (item: number) => boolean {
  const { where, since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = filter;
  const allowsStream = searchStreamFilter(filter);
  const allowed = named.map((one) => one !== undefined && allowsStream(one[2], one[3] ?? undefined));
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
function compare({ columns, named, stream }: FactTable, left: number, right: number): number {
  const [one, other] = [named[stream[left] ?? -1], named[stream[right] ?? -1]];
  if (one === undefined || other === undefined || one === other)
    return (columns.positions[left] ?? 0) - (columns.positions[right] ?? 0);
  return searchStreamKey(one[2]) < searchStreamKey(other[2]) ? -1 : 1;
}

function sourceOf(named: NamedStream | undefined, position: number): SearchSource {
  if (named === undefined) throw new RangeError("The reading has no such item.");
  const [, revision, stream] = named;
  if (stream.kind === "document") return { ...stream, version: revision };
  const { session, incarnation } = stream;
  return { kind: "event", session, incarnation, seq: Math.floor(position) };
}
