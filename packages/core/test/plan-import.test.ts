import { describe, expect, it } from "vitest";
import { defaultLimits, type StoredEvent, type TransferBatch } from "../src/index.ts";
import { type ImportTarget, planImport } from "../src/store/index.ts";
import { admitTransferBatch } from "../src/store/transfer-batch.ts";

const event = (seq: number, body: number = seq): StoredEvent => ({
  seq,
  type: "x-note",
  body,
  recordedAt: seq * 10,
});
const tombstone = (seq: number): StoredEvent => ({ seq, type: "x-note", recordedAt: seq * 10, erasedAt: 99 });
const operation = (id: string, fingerprint = "f") => ({
  id,
  fingerprint,
  result: { firstSeq: 1, version: 2, incarnation: "i", revision: 2 },
});

function batchOf(
  events: readonly StoredEvent[],
  { version = 5, firstSeq = 1, operations = [] as TransferBatch["operations"] } = {},
) {
  const head = {
    session: "s",
    incarnation: "i",
    version,
    revision: 8,
    removalRevision: 0,
    token: "token",
    firstSeq,
    events: version,
    bytes: 0,
    metadata: {},
    createdAt: 0,
    updatedAt: 0,
  };
  return admitTransferBatch({ head, events, operations, removed: [] }, defaultLimits);
}

function here(events: readonly StoredEvent[], more: Partial<ImportTarget> = {}): ImportTarget {
  const known = new Map(events.map((one) => [one.seq, one]));
  return {
    incarnation: "i",
    version: events.at(-1)?.seq ?? 0,
    revision: 3,
    firstSeq: 1,
    sealed: true,
    event: (seq) => known.get(seq),
    fingerprint: () => undefined,
    ...more,
  };
}

describe("planImport", () => {
  it("creates a session that is not there, with the head's revision", () => {
    const { ok } = planImport(batchOf([event(1), event(2)], { operations: [operation("o")] }), undefined);
    expect(ok).toMatchObject({ creates: true, adds: false, revision: 8, erased: [] });
    expect(ok?.bytes).toBe(2 * JSON.stringify({ type: "x-note", body: 1 }).length);
    expect(ok?.events.map((one) => one.event.seq)).toEqual([1, 2]);
    expect(ok?.operations.map(({ id }) => id)).toEqual(["o"]);
  });

  it("adds what is not here yet, under a revision that the session never had", () => {
    const batch = batchOf([event(1), event(2), event(3)]);
    const low = planImport(batch, here([event(1), event(2)])).ok;
    expect(low).toMatchObject({ creates: false, adds: true, revision: 8 });
    expect(low?.events.map((one) => one.event.seq)).toEqual([3]);
    expect(planImport(batch, here([event(1), event(2)], { revision: 30 })).ok?.revision).toBe(31);
  });

  it("has nothing to do for what is here already, sealed or not", () => {
    const known = { fingerprint: (id: string) => (id === "o" ? "f" : undefined), sealed: undefined as never };
    const batch = batchOf([event(1), event(2)], { operations: [operation("o")] });
    const { ok } = planImport(batch, here([event(1), event(2)], known));
    expect(ok).toMatchObject({ adds: false, events: [], operations: [], erased: [] });
  });

  it("lets an erasure win on either side", () => {
    const batch = batchOf([tombstone(1), event(2)]);
    expect(planImport(batch, here([event(1), tombstone(2)])).ok?.erased).toEqual([1]);
  });

  it("leaves alone what was trimmed here", () => {
    const target = here([event(3)], { firstSeq: 3, event: (seq) => (seq === 3 ? event(3) : undefined) });
    expect(planImport(batchOf([event(1, 7), event(2), event(3)]), target).ok).toMatchObject({ adds: false });
  });

  it.each([
    [{ refused: "incarnation", current: "j" }, [event(1)], here([event(1)], { incarnation: "j" })],
    [{ refused: "import", seq: 2 }, [event(1), event(2, 7)], here([event(1), event(2)])],
    [{ refused: "gap", current: 2 }, [event(4)], here([event(1), event(2)])],
    [{ refused: "gap", current: 0 }, [event(2)], undefined],
    [{ refused: "unsealed", current: 1 }, [event(2)], here([event(1)], { sealed: undefined as never })],
  ])("refuses with %j", (refusal, events, target) => {
    expect(planImport(batchOf(events), target)).toEqual(refusal);
  });

  it("refuses an operation that is known for another request, and a batch before its own head", () => {
    const operations = [operation("o", "other")];
    const target = here([event(1)], { fingerprint: () => "f" });
    expect(planImport(batchOf([event(1)], { operations }), target)).toEqual({
      refused: "import",
      operation: "o",
    });
    const early = batchOf([event(1), event(2)], { firstSeq: 2 });
    expect(planImport(early, here([event(1), event(2)]))).toEqual({ refused: "before-head" });
  });
});
