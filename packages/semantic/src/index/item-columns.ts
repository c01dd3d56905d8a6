import type { JsonObject, JsonValue, SearchItem } from "@relevo/core";
import { gathered, grown } from "./columns.ts";

/** What filters look at; absent for an item that has none of it. */
export interface ItemDetails {
  readonly agent?: string;
  readonly metadata?: JsonObject;
  readonly value?: JsonValue;
}

/** The facts of all items of a tenant, by the number of the item. Numbers grow; `renumber` closes the gaps. */
export class ItemColumns {
  size = 0;
  stream: Int32Array = new Int32Array(16);
  previous: Int32Array = new Int32Array(16);
  next: Int32Array = new Int32Array(16);
  lengths: Int32Array = new Int32Array(16);
  marks: Int32Array = new Int32Array(16);
  speakers: Int32Array = new Int32Array(16);
  at: Float64Array = new Float64Array(16);
  positions: Float64Array = new Float64Array(16);
  times: Map<number, readonly number[]> = new Map();
  names: Map<number, readonly string[]> = new Map();
  details: Map<number, ItemDetails> = new Map();
  /** The numbers of each item's terms, one item behind the other. */
  #terms: Int32Array = new Int32Array(64);
  #termsFrom: Int32Array = new Int32Array(17);

  /** The number of the new item, which has no neighbours yet. */
  add(item: SearchItem, stream: number, length: number, speaker: number): number {
    const number = this.size++;
    if (number >= this.stream.length) this.#grow();
    this.stream[number] = stream;
    this.previous[number] = -1;
    this.next[number] = -1;
    this.lengths[number] = length;
    this.marks[number] = item.marks;
    this.speakers[number] = speaker;
    this.at[number] = item.at;
    this.positions[number] = item.position;
    this.#termsFrom[number + 1] = this.#termsFrom[number] ?? 0;
    if (item.times !== undefined && item.times.length > 0) this.times.set(number, item.times);
    if (item.names !== undefined && item.names.length > 0) this.names.set(number, item.names);
    const { agent, metadata, value } = item;
    if (agent !== undefined || metadata !== undefined || value !== undefined) {
      this.details.set(number, {
        ...(agent === undefined ? {} : { agent }),
        ...(metadata === undefined ? {} : { metadata }),
        ...(value === undefined ? {} : { value }),
      });
    }
    return number;
  }

  /** Adds a term to the item that was added last. */
  addTerm(term: number): void {
    const end = this.#termsFrom[this.size] ?? 0;
    if (end === this.#terms.length) this.#terms = grown(this.#terms, end + 1);
    this.#terms[end] = term;
    this.#termsFrom[this.size] = end + 1;
  }

  termsOf(number: number): Int32Array {
    return this.#terms.subarray(this.#termsFrom[number], this.#termsFrom[number + 1]);
  }

  /** The earliest and the latest time of an item. */
  span(): { readonly from: number; readonly to: number } {
    let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let item = 0; item < this.size; item++) {
      if ((this.stream[item] as number) < 0) continue;
      const at = this.at[item] as number;
      if (at < from) from = at;
      if (at > to) to = at;
    }
    return { from, to };
  }

  /** Forgets all that is known of the item but its number. */
  clear(number: number): void {
    this.stream[number] = -1;
    this.lengths[number] = 0;
    this.marks[number] = 0;
    this.speakers[number] = -1;
    this.at[number] = 0;
    this.times.delete(number);
    this.names.delete(number);
    this.details.delete(number);
  }

  /** Keeps the items that have a stream, in their order. `numberOf` gives the new number of each. */
  renumber(): (item: number) => number {
    const kept: number[] = [];
    const numbers = new Int32Array(this.size).fill(-1);
    for (let item = 0; item < this.size; item++) {
      if ((this.stream[item] ?? -1) < 0) continue;
      numbers[item] = kept.length;
      kept.push(item);
    }
    const places = Int32Array.from(kept);
    const numberOf = (item: number): number => numbers[item] ?? -1;
    this.#gatherTerms(places);
    for (const name of ["stream", "previous", "next", "lengths", "marks", "speakers"] as const)
      this[name] = gathered(this[name], places);
    for (const name of ["at", "positions"] as const) this[name] = gathered(this[name], places);
    for (const name of ["previous", "next"] as const) {
      const column = this[name];
      for (let item = 0; item < places.length; item++) {
        const neighbour = column[item] ?? -1;
        column[item] = neighbour < 0 ? -1 : numberOf(neighbour);
      }
    }
    this.times = renumbered(this.times, numberOf);
    this.names = renumbered(this.names, numberOf);
    this.details = renumbered(this.details, numberOf);
    this.size = places.length;
    return numberOf;
  }

  #gatherTerms(places: Int32Array): void {
    let total = 0;
    for (const item of places) total += this.termsOf(item).length;
    const terms = new Int32Array(Math.max(64, total));
    const from = new Int32Array(Math.max(17, places.length + 1));
    let end = 0;
    for (let index = 0; index < places.length; index++) {
      const own = this.termsOf(places[index] ?? 0);
      terms.set(own, end);
      end += own.length;
      from[index + 1] = end;
    }
    this.#terms = terms;
    this.#termsFrom = from;
  }

  #grow(): void {
    for (const name of ["stream", "previous", "next", "lengths", "marks", "speakers"] as const)
      this[name] = grown(this[name], this.size);
    for (const name of ["at", "positions"] as const) this[name] = grown(this[name], this.size);
    this.#termsFrom = grown(this.#termsFrom, this.stream.length + 1);
  }
}

function renumbered<Value>(
  column: ReadonlyMap<number, Value>,
  numberOf: (item: number) => number,
): Map<number, Value> {
  const found = new Map<number, Value>();
  for (const [item, value] of column) found.set(numberOf(item), value);
  return found;
}
