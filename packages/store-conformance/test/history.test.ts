import { expect, it } from "vitest";
import { checkHistory } from "../src/history/check-history.ts";
import {
  type AcknowledgedAppend,
  erasedEvent,
  type History,
  type HistoryAppend,
  type SeenEvent,
  type ViolationKind,
} from "../src/history/history.ts";

const log = (...events: readonly string[]): SeenEvent[] =>
  events.map((event, index) => ({ seq: index + 1, event }));

const append = (writer: string, order: number, ...events: readonly string[]): HistoryAppend => ({
  operation: `${writer}-${order}`,
  writer,
  order,
  events,
});

const told = (firstSeq: number, made: HistoryAppend): AcknowledgedAppend => ({
  ...made,
  firstSeq,
  version: firstSeq + made.events.length - 1,
});

/** Two writers with batches, a retry that was replayed, and one append each of the doubtful outcomes. */
const clean: History = {
  acknowledged: [
    told(1, append("ana", 1, "a1")),
    told(2, append("bea", 1, "b1", "b2")),
    told(4, append("ana", 2, "a2", "a3")),
    told(4, append("ana", 2, "a2", "a3")),
    told(6, append("bea", 2)),
    told(8, append("ana", 5, "a6")),
  ],
  unknown: [append("ana", 3, "a4", "a5"), append("bea", 3, "b3", "b4")],
  refused: [append("ana", 4, "x1")],
  reads: [
    { reader: "one", events: [], time: [0, 1] },
    { reader: "one", events: log("a1", "b1", "b2"), time: [2, 5] },
    // Began before the other had ended, so it may have seen less.
    { reader: "two", events: log("a1"), time: [4, 6] },
    { reader: "two", events: log("a1", "b1", "b2", "a2", "a3"), time: [7, 8] },
  ],
  final: log("a1", "b1", "b2", "a2", "a3", "a4", "a5", "a6"),
};

const kinds = (history: History): readonly ViolationKind[] => checkHistory(history).map(({ kind }) => kind);

const withFinal = (...events: readonly string[]): History => ({ ...clean, reads: [], final: log(...events) });

it("finds nothing in a history that a correct store can have", () => {
  expect(checkHistory(clean)).toEqual([]);
  expect(checkHistory({ acknowledged: [], final: [] })).toEqual([]);
  // What is unknown may also be absent.
  const acknowledged = clean.acknowledged.map((made) => (made.order === 5 ? told(6, made) : made));
  expect(checkHistory({ ...clean, acknowledged, final: log("a1", "b1", "b2", "a2", "a3", "a6") })).toEqual(
    [],
  );
});

const planted: readonly (readonly [string, History, readonly ViolationKind[]])[] = [
  ["an acknowledged event that is lost", withFinal("a1", "b1", "b2", "a2", "a3", "a4", "a5"), ["lost"]],
  [
    "an operation that was stored twice",
    withFinal("a1", "b1", "b2", "a2", "a3", "a4", "a5", "a6", "a6"),
    ["doubled"],
  ],
  [
    "a gap",
    { ...clean, reads: [], final: clean.final.map((seen) => (seen.seq < 8 ? seen : { ...seen, seq: 9 })) },
    ["gap", "moved"],
  ],
  [
    "a repeated seq",
    { ...clean, reads: [], final: clean.final.map((seen) => (seen.seq < 8 ? seen : { ...seen, seq: 7 })) },
    ["gap", "moved"],
  ],
  [
    "a log that does not begin at 1",
    { acknowledged: [told(2, append("ana", 1, "a1"))], final: [{ seq: 2, event: "a1" }] },
    ["gap"],
  ],
  [
    "another seq than was told",
    {
      acknowledged: [told(2, append("ana", 1, "a1")), told(1, append("bea", 1, "b1"))],
      final: log("a1", "b1"),
    },
    ["moved", "moved"],
  ],
  [
    "a version that does not fit the batch",
    { acknowledged: [{ ...append("ana", 1, "a1", "a2"), firstSeq: 1, version: 1 }], final: log("a1", "a2") },
    ["moved"],
  ],
  [
    "a writer's appends in another order",
    {
      acknowledged: [told(2, append("ana", 1, "a1")), told(1, append("ana", 2, "a2"))],
      final: log("a2", "a1"),
    },
    ["reordered"],
  ],
  [
    "an unknown append that came in behind the writer's next",
    {
      acknowledged: [told(1, append("ana", 2, "a2"))],
      unknown: [append("ana", 1, "a1")],
      final: log("a2", "a1"),
    },
    ["reordered"],
  ],
  [
    "an unknown batch of which a part is there",
    { acknowledged: [], unknown: [append("ana", 1, "a1", "a2")], final: log("a1") },
    ["split"],
  ],
  [
    "a batch with another event in it",
    {
      acknowledged: [told(2, append("bea", 1, "b1"))],
      unknown: [append("ana", 1, "a1", "a2")],
      final: log("a1", "b1", "a2"),
    },
    ["split"],
  ],
  [
    "a batch in another order",
    { acknowledged: [], unknown: [append("ana", 1, "a1", "a2")], final: log("a2", "a1") },
    ["split"],
  ],
  [
    "what was refused and is there",
    { acknowledged: [], refused: [append("ana", 1, "a1")], final: log("a1") },
    ["refused-but-stored"],
  ],
  ["an event of nobody", { acknowledged: [], final: log("stray") }, ["unexplained"]],
  [
    "a read that saw what is not in the final log",
    { ...clean, reads: [{ reader: "one", events: log("a1", "b2") }] },
    ["not-a-prefix"],
  ],
  [
    "a read that saw a later event before an earlier one",
    {
      ...clean,
      reads: [
        {
          reader: "one",
          events: [
            { seq: 1, event: "a1" },
            { seq: 3, event: "b2" },
          ],
        },
      ],
    },
    ["gap", "not-a-prefix"],
  ],
  [
    "a reader that sees less than before",
    {
      ...clean,
      reads: [
        { reader: "one", events: log("a1", "b1") },
        { reader: "one", events: log("a1") },
      ],
    },
    ["not-a-prefix"],
  ],
  [
    "a reader that sees less than another had seen before",
    {
      ...clean,
      reads: [
        { reader: "one", events: log("a1", "b1"), time: [0, 1] },
        { reader: "two", events: log("a1"), time: [2, 3] },
      ],
    },
    ["not-a-prefix"],
  ],
  [
    "a read that saw more than the final log has",
    {
      acknowledged: [],
      unknown: [append("ana", 1, "a1")],
      reads: [{ reader: "one", events: log("a1") }],
      final: [],
    },
    ["not-a-prefix"],
  ],
];

for (const [what, history, expected] of planted) {
  it(`finds ${what}`, () => expect(kinds(history)).toEqual(expected));
}

it("says who, what and where", () => {
  const [violation] = checkHistory({ acknowledged: [told(7, append("ana", 3, "a4"))], final: [] });
  expect(violation).toEqual({
    kind: "lost",
    message: "append 3 of ana (ana-3) was acknowledged, but a4 is not in the log",
  });
});

it("takes a long history in its stride", () => {
  const count = 100_000;
  const events = Array.from({ length: count }, (_, index) => `e${index}`);
  const acknowledged = events.map((event, index) => told(index + 1, append(`w${index % 10}`, index, event)));
  const final = log(...events);
  const reads = [0.5, 1].map((part) => ({ reader: "one", events: final.slice(0, count * part) }));
  expect(checkHistory({ acknowledged, reads, final })).toEqual([]);
});

/** A message, a summary of it, one of that, and a plain message; the first was erased. */
const erasing: History = {
  acknowledged: [
    told(1, append("ana", 1, "secret")),
    told(2, { ...append("bea", 1, "summary"), derivedFrom: ["secret"] }),
    told(3, { ...append("bea", 2, "digest"), derivedFrom: ["summary"] }),
    told(4, append("ana", 2, "plain")),
  ],
  refused: [{ ...append("bea", 3, "late summary"), derivedFrom: ["secret"] }],
  erased: ["secret"],
  reads: [{ reader: "one", events: log("secret", "summary") }],
  final: log(erasedEvent, erasedEvent, erasedEvent, "plain"),
};

it("takes tombstones for what was erased and for all that repeats it", () => {
  expect(checkHistory(erasing)).toEqual([]);
});

it("finds what survived an erasure", () => {
  const left = { ...erasing, reads: [] };
  expect(kinds({ ...left, final: log("secret", erasedEvent, erasedEvent, "plain") })).toEqual(["survived"]);
  expect(kinds({ ...left, final: log(erasedEvent, "summary", erasedEvent, "plain") })).toEqual(["survived"]);
  expect(kinds({ ...left, final: log(erasedEvent, erasedEvent, "digest", "plain") })).toEqual(["survived"]);
  const late = log(erasedEvent, erasedEvent, erasedEvent, "plain", "late summary");
  expect(kinds({ ...left, final: late })).toContain("refused-but-stored");
});

it("finds what is lost, blank without having been erased, or back after it", () => {
  expect(kinds({ ...erasing, reads: [], final: log(erasedEvent, erasedEvent, erasedEvent) })).toEqual([
    "lost",
  ]);
  const blank = log(erasedEvent, erasedEvent, erasedEvent, erasedEvent);
  expect(kinds({ ...erasing, reads: [], final: blank })).toEqual(["lost"]);
  const reads = [
    { reader: "one", events: log(erasedEvent) },
    { reader: "one", events: log("secret") },
  ];
  expect(kinds({ ...erasing, reads })).toEqual(["not-a-prefix"]);
});
