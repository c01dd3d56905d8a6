import type { SearchChange, SearchItem, SearchSelector, SearchStream } from "@relevo/core";
import fc from "fast-check";

export type Step =
  | { readonly kind: "write"; readonly change: SearchChange }
  | { readonly kind: "remove"; readonly selector: SearchSelector };

export type Story = readonly Step[];

const word: fc.Arbitrary<string> = fc.constantFrom("a", "b", "c", "d");

const streams: fc.Arbitrary<SearchStream> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("session" as const),
      session: fc.constantFrom("s1", "s2"),
      incarnation: fc.constantFrom("i1", "i1", "i1", "i2"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("document" as const),
      namespace: fc.constantFrom<readonly string[]>(["n"], ["n", "m"]),
      key: fc.constantFrom("k", "l"),
    }),
  },
);

function itemAt(position: number): fc.Arbitrary<SearchItem> {
  return fc
    .record({
      words: fc.uniqueArray(word, { maxLength: 4 }),
      statements: fc.integer({ min: 0, max: 3 }),
      questions: fc.integer({ min: 0, max: 2 }),
      at: fc.integer({ min: 0, max: 6 }),
      speaker: fc.constantFrom(undefined, "p", "q"),
      times: fc.constantFrom<readonly number[] | undefined>(undefined, [1, 2], [5, 9]),
      vector: fc.constantFrom<readonly number[] | undefined>(undefined, [1, 0], [3, 4]),
    })
    .map(({ words, statements, questions, at, speaker, times, vector }) => ({
      position,
      terms: words.map((term) => [term, Math.max(statements, 1), questions] as const),
      at,
      marks: at,
      ...(speaker === undefined ? {} : { speaker }),
      ...(times === undefined ? {} : { times }),
      ...(vector === undefined ? {} : { vector }),
    }));
}

const changes: fc.Arbitrary<SearchChange> = fc
  .record({
    stream: streams,
    revision: fc.integer({ min: 0, max: 2 }),
    after: fc.integer({ min: 0, max: 8 }),
    length: fc.integer({ min: 0, max: 6 }),
    kept: fc.uniqueArray(fc.integer({ min: 0, max: 14 }), { maxLength: 3 }),
    chosen: fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 6 }),
    pieces: fc.constantFrom(0, 0.25),
  })
  .chain(({ stream, revision, after, length, kept, chosen, pieces }) => {
    const through = after + length;
    const places = chosen
      .map((offset) => after + offset)
      .filter((position) => position <= through && !kept.includes(position))
      .flatMap((position) => (pieces === 0 ? [position] : [position, position + pieces]));
    return fc
      .tuple(...places.map(itemAt))
      .map((items) => ({ stream, revision, after, through, keep: kept, items }));
  });

const selectors: fc.Arbitrary<SearchSelector> = fc.constantFrom<SearchSelector>(
  { session: "s1" },
  { session: "s2" },
  { namespacePrefix: ["n"] },
  { namespacePrefix: ["n"], key: "k" },
  { all: true },
);

/** Stories of a few streams, so that their changes meet. */
export const searchStories: fc.Arbitrary<Story> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: changes.map((change): Step => ({ kind: "write", change })) },
    { weight: 1, arbitrary: selectors.map((selector): Step => ({ kind: "remove", selector })) },
  ),
  { minLength: 1, maxLength: 12 },
);
