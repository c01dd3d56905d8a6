import {
  MemoryError,
  type SearchChange,
  type SearchIndex,
  type SearchItem,
  type SearchRequest,
  type SearchStream,
} from "@relevo/core";
import { equal, refuses } from "../../expect.ts";
import type { CaseContext } from "../../harness.ts";
import { describeReading } from "../../models/describe-reading.ts";
import { createReferenceIndex } from "../../models/reference-index.ts";

/** An index under test, through both handles by turns, and the reference, which is told the same. */
export interface ComparedIndex {
  readonly index: SearchIndex;
  readonly other: SearchIndex;
  /** False when the index refuses vectors with `unsupported`: it is then tested that it does, and without them. */
  readonly hasVectors: boolean;
  /** Writes to both and compares the answers. */
  write(change: SearchChange): Promise<boolean>;
  /** Compares the readings of both. */
  compare(request: SearchRequest, what: string): Promise<void>;
  readonly reference: SearchIndex;
}

/** `undefined` when the store has no search. */
export async function comparedIndex({
  store,
  other,
  tenant,
}: CaseContext): Promise<ComparedIndex | undefined> {
  const { search } = store;
  if (search === undefined || other.search === undefined) return undefined;
  const handles = { index: search, other: other.search };
  const reference = createReferenceIndex();
  const hasVectors = await comparesVectors(search, tenant);
  let calls = 0;

  async function compareOn(
    handle: SearchIndex,
    request: SearchRequest,
    expected: object,
    what: string,
  ): Promise<void> {
    if (!hasVectors && request.vector !== undefined) {
      await refuses(handle.read(tenant, request, describeReading), "unsupported", `${what}, with a vector`);
      const { vector: _, nearest: __, ...rest } = request;
      equal(await handle.read(tenant, rest, describeReading), expected, what);
    } else equal(await handle.read(tenant, request, describeReading), expected, what);
  }

  return {
    ...handles,
    hasVectors,
    reference,
    async write(change) {
      const handle = calls++ % 2 === 0 ? handles.index : handles.other;
      let written = change;
      if (!hasVectors && change.items.some(({ vector }) => vector !== undefined)) {
        await refuses(handle.write(tenant, change), "unsupported", "a change with a vector");
        written = { ...change, items: change.items.map(({ vector: _, ...item }) => item) };
      }
      const applied = await handle.write(tenant, written);
      equal(applied, await reference.write(tenant, written), "whether the change is applied");
      return applied;
    },
    async compare(request, what) {
      const { vector: _, nearest: __, ...rest } = request;
      const expected = await reference.read(tenant, hasVectors ? request : rest, describeReading);
      await compareOn(handles.index, request, expected, what);
      await compareOn(handles.other, request, expected, `${what}, on the other handle`);
    },
  };
}

async function comparesVectors(index: SearchIndex, tenant: string): Promise<boolean> {
  try {
    return await index.read(tenant, { terms: [], vector: [1] }, () => true);
  } catch (error) {
    if (MemoryError.isInstance(error, "unsupported")) return false;
    throw error;
  }
}

export function sessionStream(session: string, incarnation: string = "i1"): SearchStream {
  return { kind: "session", session, incarnation };
}

/** An item with these words, each in one statement; those that end in `?` in a question. */
export function itemOf(position: number, words: string, more: Partial<SearchItem> = {}): SearchItem {
  const counts = new Map<string, [number, number]>();
  for (const word of words.split(" ").filter((one) => one !== "")) {
    const term = word.replace("?", "");
    const zones = counts.get(term) ?? [0, 0];
    zones[word.endsWith("?") ? 1 : 0]++;
    counts.set(term, zones);
  }
  return {
    position,
    terms: [...counts].map(([term, [statements, questions]]) => [term, statements, questions] as const),
    at: 1_700_000_000_000 + position * 1000,
    marks: Math.floor(position) % 7,
    ...more,
  };
}

/** A change that adds items behind `after`. */
export function added(session: string, after: number, items: readonly SearchItem[]): SearchChange {
  const last = Math.floor(items.at(-1)?.position ?? after);
  return { stream: sessionStream(session), revision: 0, after, through: last, items };
}
