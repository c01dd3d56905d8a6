import type { SearchTerm } from "@relevo/core";
import { termKey, termRow } from "./keys.ts";

/** Postings of one term are in one row for so many numbers of items: 2 to this power. */
export const blockBits = 12;
export const blockItems: number = 2 ** blockBits;
/** Of an entry: the number of the item within the block and its counts, 16 bits each. */
export const entryBytes = 4;

/** A row of postings as the database gives it: the key of the term, the block, the entries, and the stream of each. */
export type PostingsRow = readonly [term: string, block: number, entries: string, streams: readonly number[]];

/** What becomes of rows that lose entries. */
export interface RemovedPostings {
  readonly kept: readonly {
    readonly term: string;
    readonly block: number;
    readonly entries: string;
    readonly streams: readonly number[];
  }[];
  readonly emptied: readonly { readonly term: string; readonly block: number }[];
}

/** The rows without the entries of these items. */
export function withoutItems(rows: readonly PostingsRow[], removed: ReadonlySet<number>): RemovedPostings {
  const kept: RemovedPostings["kept"][number][] = [];
  const emptied: RemovedPostings["emptied"][number][] = [];
  for (const [term, block, entries, streams] of rows) {
    const bytes = Buffer.from(entries, "hex");
    const left: number[] = [];
    let to = 0;
    for (let place = 0; place < streams.length; place++) {
      const from = place * entryBytes;
      if (removed.has(block * blockItems + bytes.readUInt16LE(from))) continue;
      bytes.copyWithin(to, from, from + entryBytes);
      left.push(streams[place] ?? 0);
      to += entryBytes;
    }
    if (to === 0) emptied.push({ term, block });
    else kept.push({ term, block, entries: bytes.subarray(0, to).toString("hex"), streams: left });
  }
  return { kept, emptied };
}

/** Entries of new items, to be added to the rows of their terms. */
export class AddedPostings {
  readonly #keys: Map<string, string> = new Map();
  readonly #blocks: Map<string, Map<number, number[]>> = new Map();

  /** Adds an item with its terms, and answers the keys of these. */
  add(item: number, terms: readonly SearchTerm[]): readonly string[] {
    const block = item >> blockBits;
    const offset = item & (blockItems - 1);
    return terms.map(([term, statements, questions]) => {
      const key = this.#keyOf(term);
      const blocks = this.#blocks.get(key) ?? new Map<number, number[]>();
      if (blocks.size === 0) this.#blocks.set(key, blocks);
      const entries = blocks.get(block) ?? [];
      if (entries.length === 0) blocks.set(block, entries);
      entries.push(offset, statements | (questions << 8));
      return key;
    });
  }

  /** What `write_search_stream` takes. */
  rows(): { readonly added: readonly object[]; readonly terms: readonly object[] } {
    const added: object[] = [];
    for (const [term, blocks] of this.#blocks) {
      for (const [block, numbers] of blocks) {
        const entries = Buffer.allocUnsafe(2 * numbers.length);
        numbers.forEach((number, at) => {
          entries.writeUInt16LE(number, 2 * at);
        });
        added.push({ term, block, entries: entries.toString("hex"), count: numbers.length / 2 });
      }
    }
    return { added, terms: [...this.#keys].map(([term, key]) => termRow(term, key)) };
  }

  #keyOf(term: string): string {
    const known = this.#keys.get(term);
    if (known !== undefined) return known;
    const key = termKey(term);
    this.#keys.set(term, key);
    return key;
  }
}
