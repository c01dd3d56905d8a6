import { describe, expect, it } from "vitest";
import { type Expiring, ExpiryQueue } from "../src/expiry-queue.ts";
import { anyInRanges, countBelow, dropBelow, insertSeqs, rangesMeet, removeSeqs } from "../src/seq-list.ts";
import { SortedSet } from "../src/sorted-set.ts";
import { seeded } from "./support.ts";

describe.each([1, 2, 3])("SortedSet agrees with a sorted array, seed %i", (seed) => {
  it("through adds and deletes over many chunks", () => {
    const random = seeded(seed);
    const set = new SortedSet<number>((left, right) => left - right);
    const model = new Set<number>();
    for (let turn = 0; turn < 6000; turn++) {
      const item = Math.floor(random() * 3000);
      if (random() < 0.4) expect(set.delete(item)).toBe(model.delete(item));
      else {
        set.add(item);
        model.add(item);
      }
    }
    const sorted = [...model].sort((left, right) => left - right);
    expect(set.size).toBe(sorted.length);
    expect([...set.ascending()]).toEqual(sorted);
    expect([...set.descending()]).toEqual([...sorted].reverse());
    for (const from of [-1, 0, 700, 1500, 2999, 5000]) {
      expect([...set.ascending(from)]).toEqual(sorted.filter((item) => item >= from));
      expect([...set.ascending(from, false)]).toEqual(sorted.filter((item) => item > from));
      expect([...set.descending(from)]).toEqual(sorted.filter((item) => item <= from).reverse());
      expect([...set.descending(from, false)]).toEqual(sorted.filter((item) => item < from).reverse());
    }
    for (const item of sorted) expect(set.delete(item)).toBe(true);
    expect(set.size).toBe(0);
    expect([...set.ascending()]).toEqual([]);
    expect(set.delete(1)).toBe(false);
    set.add(1);
    expect([...set.descending()]).toEqual([1]);
  });
});

describe("lists of seqs", () => {
  it("find, insert, remove and drop, few and many alike", () => {
    for (const count of [3, 40]) {
      const even = Array.from({ length: 100 }, (_, index) => index * 2 + 2);
      const odd = Array.from({ length: count }, (_, index) => index * 2 + 1);
      expect(countBelow(even, 10)).toBe(4);
      expect(countBelow(even, 1000)).toBe(100);
      insertSeqs(even, odd);
      expect(even).toEqual([...even].sort((left, right) => left - right));
      expect(even).toHaveLength(100 + count);
      removeSeqs(even, odd);
      expect(even).toHaveLength(100);
      dropBelow(even, 100);
      expect(even[0]).toBe(100);
    }
  });

  it.each([1, 2, 3])("are what sets of them are, seed %i", (seed) => {
    const random = seeded(seed);
    const model = new Set<number>();
    const list: number[] = [];
    for (let turn = 0; turn < 200; turn++) {
      const from = Math.floor(random() * 3000);
      const some = Array.from({ length: Math.floor(random() * 60) }, () => from + Math.floor(random() * 100));
      const asked = [...new Set(some)].sort((left, right) => left - right);
      if (random() < 0.5) {
        const added = asked.filter((seq) => !model.has(seq));
        insertSeqs(list, added);
        for (const seq of added) model.add(seq);
      } else {
        removeSeqs(list, asked);
        for (const seq of asked) model.delete(seq);
      }
      expect(list).toEqual([...model].sort((left, right) => left - right));
    }
  });

  it("change at their end for the price of what changes, however long they are", () => {
    let looks = 0;
    const list = new Proxy(
      Array.from({ length: 100_000 }, (_, index) => index),
      {
        get(target, name) {
          looks++;
          return Reflect.get(target, name);
        },
      },
    );
    const last = Array.from({ length: 50 }, (_, index) => 99_900 + index * 2);
    removeSeqs(list, last);
    insertSeqs(list, last);
    expect(list).toHaveLength(100_000);
    expect(looks).toBeLessThan(2000);
  });

  it("meet ranges", () => {
    expect(anyInRanges([5, 9], [{ from: 6, to: 8 }])).toBe(false);
    expect(anyInRanges([5, 9], [{ from: 6, to: 9 }])).toBe(true);
    const ascending = [
      { from: 1, to: 2 },
      { from: 8, to: 9 },
    ];
    expect(rangesMeet(ascending, [{ from: 3, to: 7 }])).toBe(false);
    expect(rangesMeet(ascending, [{ from: 3, to: 8 }])).toBe(true);
    expect(rangesMeet([], [{ from: 3, to: 8 }])).toBe(false);
  });
});

describe("ExpiryQueue", () => {
  const item = (expiresAt: number | undefined): Expiring => ({
    expiresAt,
    queuedAt: undefined,
    ended: false,
  });

  it("gives what is due in order of time, whatever changed since it was queued", () => {
    const queue = new ExpiryQueue<Expiring>();
    const [early, late, grown, cut, lifted, ended] = [
      item(10),
      item(30),
      item(5),
      item(90),
      item(7),
      item(8),
    ];
    for (const one of [early, late, grown, cut, lifted, ended]) queue.schedule(one);
    grown.expiresAt = 40;
    cut.expiresAt = 20;
    queue.schedule(cut);
    lifted.expiresAt = undefined;
    ended.ended = true;
    queue.forget(ended);
    const taken = (now: number): Expiring[] => {
      const due: Expiring[] = [];
      for (let one = queue.takeDue(now); one !== undefined; one = queue.takeDue(now)) due.push(one);
      return due;
    };
    expect(taken(9)).toEqual([]);
    expect(taken(25)).toEqual([early, cut]);
    expect(taken(100)).toEqual([late, grown]);
    lifted.expiresAt = 110;
    queue.schedule(lifted);
    expect(taken(110)).toEqual([lifted]);
  });

  it("keeps the order of thousands while many end before their time", () => {
    const random = seeded(9);
    const queue = new ExpiryQueue<Expiring>();
    const items = Array.from({ length: 5000 }, () => item(Math.floor(random() * 100_000)));
    for (const one of items) queue.schedule(one);
    for (const one of items.slice(0, 4000)) {
      one.ended = true;
      queue.forget(one);
    }
    const due: number[] = [];
    for (let one = queue.takeDue(100_000); one !== undefined; one = queue.takeDue(100_000)) {
      due.push(one.expiresAt ?? 0);
    }
    expect(due).toEqual(
      items
        .slice(4000)
        .map((one) => one.expiresAt ?? 0)
        .sort((left, right) => left - right),
    );
  });
});
