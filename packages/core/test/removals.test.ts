import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultLimits, type EventInput, type SeqRange, type TransferBatch } from "../src/index.ts";
import { normalizeRanges } from "../src/input/index.ts";
import {
  addRemoval,
  admitAppend,
  maxImportedVersion,
  maxRemovedRanges,
  mergeRemovals,
  type RemovedRange,
  wasRemovedSince,
} from "../src/store/index.ts";
import { admitTransferBatch } from "../src/store/transfer-batch.ts";
import { thrown } from "./support.ts";

const session = { tenant: "t", session: "s" };

const range = fc
  .tuple(fc.nat(40), fc.nat(6))
  .map(([from, length]): SeqRange => ({ from: from + 1, to: from + 1 + length }));

/** What one removal after the other took out, at revisions 1, 2, 3 …; the reference knows each seq. */
function remember(removals: readonly (readonly SeqRange[])[]): readonly RemovedRange[] {
  return removals.reduce<readonly RemovedRange[]>((removed, ranges, index) => {
    return addRemoval(removed, index + 1, ranges);
  }, []);
}

function reference(
  removals: readonly (readonly SeqRange[])[],
  since: number,
  named: readonly SeqRange[],
): boolean {
  return removals
    .slice(since)
    .flat()
    .some((one) => named.some(({ from, to }) => one.from <= to && from <= one.to));
}

describe("remembered removals", () => {
  it("say exactly what was removed since, while there are few", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(range, { maxLength: 4 }), { maxLength: 12 }),
        fc.nat(12),
        fc.array(range, { maxLength: 4 }),
        (removals, since, named) => {
          const said = wasRemovedSince(remember(removals), since, normalizeRanges(named));
          expect(said).toBe(reference(removals, since, named));
        },
      ),
      { seed: 11 },
    );
  });

  it("are bounded, miss nothing, and know the newest exactly", () => {
    const single = (seq: number): SeqRange => ({ from: seq, to: seq });
    const removals = Array.from({ length: 1000 }, (_, index) => [single(2 * index + 1)]);
    const removed = remember(removals);
    expect(removed.length).toBeLessThanOrEqual(maxRemovedRanges);
    for (const seq of [1, 3, 999, 1999]) expect(wasRemovedSince(removed, 0, [single(seq)])).toBe(true);
    for (let back = 1; back <= 64; back++) {
      const revision = 1000 - back;
      expect(wasRemovedSince(removed, revision, [single(2 * revision + 1)])).toBe(true);
      expect(wasRemovedSince(removed, revision, [single(2 * revision), single(2 * revision - 1)])).toBe(
        false,
      );
    }
  });

  it("of one removal with very many ranges stay bounded too", () => {
    const many = Array.from({ length: 1000 }, (_, index) => ({ from: 2 * index + 1, to: 2 * index + 1 }));
    const removed = addRemoval([], 7, many);
    expect(removed.length).toBeLessThanOrEqual(maxRemovedRanges);
    expect(many.every((one) => wasRemovedSince(removed, 6, [one]))).toBe(true);
    expect(wasRemovedSince(removed, 7, many)).toBe(false);
  });

  it("of two copies are one, and the same twice is the same", () => {
    const ours = remember([[{ from: 1, to: 2 }], [{ from: 9, to: 9 }]]);
    const theirs = [...ours, { from: 4, to: 4, revision: 3 }];
    expect(mergeRemovals(ours, theirs)).toEqual(theirs);
    expect(mergeRemovals(theirs, ours)).toEqual(theirs);
  });
});

describe("an append that names what it read", () => {
  const summary: EventInput = {
    type: "x-digest",
    body: 1,
    derivedFrom: [
      { from: 4, to: 6 },
      { from: 1, to: 3 },
    ],
  };
  const plain: EventInput = { type: "x-note", body: 1 };

  it("has the ranges of all its events together, and no removal revision means none may have been removed", () => {
    const other = { ...summary, derivedFrom: [{ from: 9, to: 9 }] };
    expect(admitAppend(session, [plain, summary, other], {}, defaultLimits, "token")).toMatchObject({
      removalRevision: 0,
      derivedFrom: [
        { from: 1, to: 6 },
        { from: 9, to: 9 },
      ],
    });
    for (const none of [plain, { ...summary, derivedFrom: [] }])
      expect(admitAppend(session, [none], {}, defaultLimits, "token").derivedFrom).toBeUndefined();
  });

  it.each([-1, 1.5, Number.NaN, "1", null])("refuses the removal revision %s", (removalRevision) => {
    const options = { removalRevision, incarnation: "i" } as never;
    const refused = thrown(
      () => admitAppend(session, [summary], options, defaultLimits, "token"),
      "invalid-input",
    );
    expect(refused.details.field).toBe("removalRevision");
  });

  it("refuses a removal revision without the incarnation that it belongs to", () => {
    const call = (): unknown =>
      admitAppend(session, [summary], { removalRevision: 0 }, defaultLimits, "token");
    expect(thrown(call, "invalid-input").details.field).toBe("removalRevision");
  });
});

describe("a batch from another store", () => {
  const batch = (
    head: Partial<TransferBatch["head"]>,
    rest: Partial<Omit<TransferBatch, "head">> = {},
  ): TransferBatch => ({
    head: {
      session: "s",
      incarnation: "i",
      version: 9,
      revision: 12,
      removalRevision: 11,
      token: "token",
      firstSeq: 1,
      events: 9,
      bytes: 0,
      metadata: {},
      createdAt: 0,
      updatedAt: 0,
      ...head,
    },
    events: [],
    operations: [],
    removed: [],
    ...rest,
  });

  it("carries what was removed", () => {
    const removed = [{ from: 1, to: 9, revision: 11 }];
    expect(admitTransferBatch(batch({}, { removed }), defaultLimits)).toMatchObject({
      head: { removalRevision: 11 },
      removed,
    });
  });

  const removed = (...ranges: readonly Partial<RemovedRange>[]): TransferBatch =>
    batch({}, { removed: ranges as RemovedRange[] });
  it.each([
    ["a version without room for appends", batch({ version: maxImportedVersion + 1 })],
    ["the last number", batch({ version: Number.MAX_SAFE_INTEGER - 1 })],
    ["a revision without room for writes", batch({ revision: Number.MAX_SAFE_INTEGER })],
    ["a removal revision above the revision", batch({ removalRevision: 13 })],
    ["a mark of a retraction that is still to come", batch({}, { events: [retractedBy(10)] })],
    ["removals that are no list", batch({}, { removed: {} as never })],
    ["too many removals", removed(...Array(maxRemovedRanges + 1).fill({ from: 1, to: 1, revision: 1 }))],
    ["a removal that is no range", removed({ from: 2, to: 1, revision: 1 })],
    ["a removal behind the version", removed({ from: 1, to: 10, revision: 1 })],
    ["a removal after the newest", removed({ from: 1, to: 1, revision: 12 })],
    ["removals out of order", removed({ from: 1, to: 1, revision: 2 }, { from: 1, to: 1, revision: 1 })],
  ])("with %s is refused", (_what, refused) => {
    thrown(() => admitTransferBatch(refused, defaultLimits), "invalid-input");
  });

  it("with the greatest version that leaves room is taken", () => {
    const { head } = admitTransferBatch(
      batch({ version: maxImportedVersion, firstSeq: maxImportedVersion + 1 }),
      defaultLimits,
    );
    expect(head.version).toBe(maxImportedVersion);
    expect(Number.isSafeInteger(head.version * 2 - 1)).toBe(true);
  });

  function retractedBy(seq: number): TransferBatch["events"][number] {
    return { type: "x-note", body: 1, seq: 1, recordedAt: 0, retractedBy: seq };
  }
});
