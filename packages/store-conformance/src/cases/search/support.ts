import type { SearchChange, SearchIndex, SearchItem, SearchRequest, SearchStream } from "@relevo/core";
import { equal } from "../../expect.ts";
import type { CaseContext } from "../../harness.ts";
import { describeReading } from "../../models/describe-reading.ts";
import { createReferenceIndex } from "../../models/reference-index.ts";

/** An index under test, through both handles by turns, and the reference, which is told the same. */
export interface ComparedIndex {
  readonly index: SearchIndex;
  readonly other: SearchIndex;
  /** Writes to both and compares the answers. */
  write(change: SearchChange): Promise<boolean>;
  /** Compares the readings of both. */
  compare(request: SearchRequest, what: string): Promise<void>;
  readonly reference: SearchIndex;
}

/** `undefined` when the store has no search. */
export function comparedIndex({ store, other, tenant }: CaseContext): ComparedIndex | undefined {
  const { search } = store;
  if (search === undefined || other.search === undefined) return undefined;
  const handles = { index: search, other: other.search };
  const reference = createReferenceIndex();
  let calls = 0;
  return {
    ...handles,
    reference,
    async write(change) {
      const handle = calls++ % 2 === 0 ? handles.index : handles.other;
      const applied = await handle.write(tenant, change);
      equal(applied, await reference.write(tenant, change), "whether the change is applied");
      return applied;
    },
    async compare(request, what) {
      const expected = await reference.read(tenant, request, describeReading);
      equal(await handles.index.read(tenant, request, describeReading), expected, what);
      equal(
        await handles.other.read(tenant, request, describeReading),
        expected,
        `${what}, on the other handle`,
      );
    },
  };
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
