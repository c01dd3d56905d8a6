import { MemoryError, type SearchFilter, type SearchItem, type SearchReading } from "@relevo/core";
import { refuse } from "@relevo/core/input";
import { searchStreamPrefix } from "@relevo/core/store";
import { nameKey, placeOfKey } from "./keys.ts";

/** A tenant of so many items has all its vectors compared; of a larger one those that an index names, where there is one. */
export const exactItems = 5000;
/** So many are near when a request does not say. */
export const usualNearest = 100;
/** Of cosines, so that rounding in the vectors decides no order. */
const precision = 1e5;
/** What PostgreSQL says when there is no such function, and what the extension says of vectors of different length. */
const noFunction = "42883";
const differs = "22000";
/** Digits that say which number of 32 bits is meant. */
const digits = 9;

/** The vector with length 1, in 32 bits, as the extension reads it. */
export function vectorText(vector: readonly number[]): string {
  const length = norm(vector);
  return `[${vector.map((value) => Math.fround(value / length).toPrecision(digits)).join(",")}]`;
}

function norm(vector: readonly number[]): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}

/** How many dimensions the vectors of a change have; `undefined` without. @throws `invalid-input` */
export function dimensionsOf(items: readonly SearchItem[]): number | undefined {
  let dimensions: number | undefined;
  for (const [index, { vector }] of items.entries()) {
    if (vector === undefined) continue;
    dimensions ??= vector.length;
    if (vector.length !== dimensions)
      throw refuse(`change.items[${index}].vector`, "has another length than the one before.");
  }
  return dimensions;
}

/** @throws `invalid-input` */
export function requireDimensions(given: number, present: number): void {
  if (given === present) return;
  const problem = `have ${given} dimensions, and the index ${present}. Use one embedding model for an index, or rebuild it.`;
  throw refuse("vectors", problem, { dimensions: present });
}

/** What is asked of the nearest items: the argument `p_nearest` of `read_search`, without its limit. */
export function nearestQuery(vector: readonly number[], filter: SearchFilter = {}): object {
  const { sessions, subjects, agents, since, until } = filter;
  // What is left of the filter is applied to what comes back.
  return {
    vector: vectorText(vector),
    selective: sessions !== undefined || subjects !== undefined,
    ranges: sessions?.map((session) => {
      const low = placeOfKey(searchStreamPrefix({ session }).prefix);
      return { low, high: `${low}ff` };
    }),
    subjects,
    agents: agents?.map(nameKey),
    since: since === undefined ? undefined : `${since}`,
    until: until === undefined ? undefined : `${until}`,
  };
}

/** An item near a vector, as `read_search` answers it. */
export interface NearItem {
  readonly item: number;
  readonly cosine: number;
}

/** Items of `r_nearest` with their cosines to the vector. */
export function nearItems(text: string | null, vector: readonly number[]): readonly NearItem[] {
  if (text === null || text === "") return [];
  const length = norm(vector);
  const query = vector.map((value) => value / length);
  return text.split(" ").map((part) => {
    const [item = "", hex = ""] = part.split(",");
    return { item: Number(item), cosine: cosineOf(query, Buffer.from(hex, "hex")) };
  });
}

/** Of two vectors of length 1. The second as PostgreSQL sends it: behind 4 bytes, each number in 32 bits, high byte first. */
function cosineOf(query: readonly number[], bytes: Buffer): number {
  let cosine = 0;
  for (let index = 0; index < query.length; index++)
    cosine += (query[index] as number) * bytes.readFloatBE(4 + 4 * index);
  return Math.round(cosine * precision) / precision;
}

/**
 * The nearest of these that are allowed, best first; those of equal cosine by `compare`. `undefined` when there may be
 * nearer ones among those that were not fetched.
 */
export function nearestOf(
  near: readonly NearItem[],
  wanted: number,
  fetched: number,
  allows: (item: number) => boolean,
  compare: (left: number, right: number) => number,
): SearchReading["nearest"] | undefined {
  const found = near.filter(({ item }) => allows(item));
  found.sort((a, b) => b.cosine - a.cosine || compare(a.item, b.item));
  const best = found.slice(0, wanted);
  const isAll = near.length < fetched;
  const last = best.at(-1)?.cosine ?? 1;
  const farthest = near.reduce((least, { cosine }) => Math.min(least, cosine), 1);
  // Of those that are as near as the last one, the first in order are wanted.
  if (!isAll && (best.length < wanted || farthest >= last)) return undefined;
  return {
    items: Int32Array.from(best, ({ item }) => item),
    cosines: Float64Array.from(best, ({ cosine }) => cosine),
  };
}

/** An error of a call with vectors, as one that says what it is about. */
export function explainVectors(error: unknown): unknown {
  if (!MemoryError.isInstance(error)) return error;
  const { sqlState } = error.details;
  if (sqlState === differs)
    return refuse("request.vector", "has another number of dimensions than the vectors of the index.");
  if (sqlState !== noFunction) return error;
  return new MemoryError(
    "unsupported",
    "The database cannot compare vectors. Run `create extension vector` (pgvector) in it, then migratePostgres(). Without an embedder recall works by words alone.",
    { outcome: "not-applied", details: { run: ["create extension vector"] }, cause: error },
  );
}
