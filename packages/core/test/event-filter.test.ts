import { describe, expect, it } from "vitest";
import type { StoredEvent } from "../src/index.ts";
import { asOfVersion, type EventFilter, matchesFilter } from "../src/store/index.ts";

const plain: EventFilter = {
  types: undefined,
  agent: undefined,
  pinned: undefined,
  atVersion: undefined,
  retracted: "exclude",
};
const event: StoredEvent = Object.freeze({ seq: 2, type: "x-note", body: 1, recordedAt: 0, agent: "a" });
const retracted: StoredEvent = Object.freeze({ ...event, retractedBy: 5 });

describe("matchesFilter", () => {
  it.each<[expected: boolean, filter: Partial<EventFilter>]>([
    [true, {}],
    [true, { types: new Set(["x-note", "message"]) }],
    [false, { types: new Set(["message"]) }],
    [false, { types: new Set() }],
    [true, { agent: "a" }],
    [false, { agent: "b" }],
    [false, { pinned: true }],
    [true, { pinned: false }],
    [false, { retracted: "only" }],
  ])("is %s for an effective event and %o", (expected, filter) => {
    expect(matchesFilter(event, { ...plain, ...filter })).toBe(expected);
  });

  it("takes a retraction as it was at the version that is read", () => {
    const at = (atVersion: number | undefined, mode: EventFilter["retracted"]) =>
      matchesFilter(retracted, { ...plain, atVersion, retracted: mode });
    expect([undefined, 4, 5].map((version) => at(version, "exclude"))).toEqual([false, true, false]);
    expect([undefined, 4, 5].map((version) => at(version, "only"))).toEqual([true, false, true]);
    expect([undefined, 4, 5].map((version) => at(version, "include"))).toEqual([true, true, true]);
    expect(matchesFilter({ ...event, pinned: true } as StoredEvent, { ...plain, pinned: true })).toBe(true);
  });
});

describe("asOfVersion", () => {
  it("takes away a mark that came later, and nothing else", () => {
    expect(asOfVersion(retracted, 4)).toEqual(event);
    expect(Object.isFrozen(asOfVersion(retracted, 4))).toBe(true);
    for (const version of [undefined, 5, 9]) expect(asOfVersion(retracted, version)).toBe(retracted);
    expect(asOfVersion(event, 1)).toBe(event);
  });
});
