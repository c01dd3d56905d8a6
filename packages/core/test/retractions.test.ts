import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EventInput, SeqRange, StoredEvent } from "../src/index.ts";
import { retractionsOf } from "../src/store/index.ts";

const undo = (...ranges: readonly SeqRange[]): EventInput => ({
  type: "retraction",
  body: { ranges, reason: "undo" },
});
const range = (from: number, to: number): SeqRange => ({ from, to });
const stored = (event: EventInput, seq: number): StoredEvent =>
  ({ ...event, seq, recordedAt: 1 }) as StoredEvent;
const seqsOf = (ranges: readonly SeqRange[]): number[] =>
  ranges.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, index) => from + index));

const anyRange = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 20 }))
  .map(([from, length]) => range(from, from + length));
const anyRetraction = fc.array(anyRange, { minLength: 1, maxLength: 6 }).map((ranges) => undo(...ranges));

describe("retractionsOf", () => {
  it("gives each event to the first retraction that names it, ascending and apart", () => {
    fc.assert(
      fc.property(fc.array(anyRetraction, { maxLength: 12 }), (events) => {
        const seen = new Set<number>();
        const expected = events.map((event) => {
          const named = event.type === "retraction" ? seqsOf(event.body.ranges) : [];
          const own = [...new Set(named)].filter((seq) => !seen.has(seq));
          for (const seq of own) seen.add(seq);
          return own.sort((left, right) => left - right);
        });
        const found = retractionsOf(events);
        expect(found.map(seqsOf)).toEqual(expected);
        for (const ranges of found)
          ranges.forEach(({ from, to }, index) => {
            expect(from).toBeLessThanOrEqual(to);
            if (index > 0) expect(from).toBeGreaterThan((ranges[index - 1] as SeqRange).to + 1);
          });
      }),
    );
  });

  it("leaves stored events what is before them, and erased ones nothing", () => {
    const events = [
      stored(undo(range(1, 9)), 4),
      stored({ type: "x-note", body: 1 }, 5),
      stored(undo(range(2, 100)), 6),
      { seq: 7, type: "retraction", recordedAt: 1, erasedAt: 2 } as StoredEvent,
      stored(undo(range(8, 9)), 8),
    ];
    expect(retractionsOf(events)).toEqual([[range(1, 3)], [], [range(4, 5)], [], []]);
  });

  it("takes a moment for very many that name the same and others", () => {
    const events = Array.from({ length: 20_000 }, (_, index) =>
      undo(range(1, 50_000), range(60_000 + index * 2, 60_000 + index * 2)),
    );
    const found = retractionsOf(events);
    expect(found[0]).toEqual([range(1, 50_000), range(60_000, 60_000)]);
    expect(found[19_999]).toEqual([range(99_998, 99_998)]);
  });
});
