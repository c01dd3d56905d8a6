import type { EventInput, EventType, ReadOptions, SeqRange, StoredEvent } from "@relevo/core";
import { describe, expect, it } from "vitest";
import { at, open, says, seeded, undo } from "./support.ts";

const agents = ["writer", "critic", undefined];
const types: readonly EventType[] = ["message", "summary", "retraction", "x-note"];

/** The log as a plain list, and a read as a filter over it. */
interface Model {
  events: StoredEvent[];
  version: number;
  /** What each event was derived from, tombstones included. */
  sources: Map<number, readonly SeqRange[]>;
}

function modelRead(model: Model, options: ReadOptions): readonly StoredEvent[] {
  const { after = 0, before = Number.MAX_SAFE_INTEGER, atVersion = model.version, limit = 100 } = options;
  const matching = model.events.filter((event) => {
    if (event.seq <= after || event.seq >= before || event.seq > atVersion) return false;
    if (options.types !== undefined && !options.types.includes(event.type)) return false;
    if (options.agent !== undefined && event.agent !== options.agent) return false;
    if (options.pinned !== undefined && (event.pinned === true) !== options.pinned) return false;
    const retracted = event.retractedBy !== undefined && event.retractedBy <= atVersion;
    return options.retracted === "include" || retracted === (options.retracted === "only");
  });
  const ordered = options.direction === "backward" ? matching.reverse() : matching;
  return ordered.slice(0, limit).map((event) => {
    if (event.retractedBy === undefined || event.retractedBy <= atVersion) return event;
    const { retractedBy: _later, ...earlier } = event;
    return earlier as StoredEvent;
  });
}

function modelAppend(model: Model, input: EventInput, recordedAt: number): void {
  const seq = ++model.version;
  model.events.push({ ...input, seq, recordedAt } as StoredEvent);
  if (input.derivedFrom !== undefined) model.sources.set(seq, input.derivedFrom);
  if (input.type !== "retraction") return;
  const gone = new Set<number>();
  for (const event of model.events) {
    if (event.seq === seq || event.erasedAt !== undefined || event.retractedBy !== undefined) continue;
    const named = input.body.ranges.some(({ from, to }) => from <= event.seq && event.seq <= to);
    const derived = event.derivedFrom?.some(({ from, to }) =>
      [...gone].some((one) => from <= one && one <= to),
    );
    if (event.type === "message" ? named : event.type === "summary" && (named || derived === true)) {
      gone.add(event.seq);
    }
  }
  model.events = model.events.map((event) => (gone.has(event.seq) ? { ...event, retractedBy: seq } : event));
}

function modelErase(model: Model, from: number, to: number, erasedAt: number): void {
  const gone = new Set([from, to]);
  model.events = model.events.map((event) => {
    const sources = model.sources.get(event.seq) ?? [];
    const derived = sources.some((range) => [...gone].some((one) => range.from <= one && one <= range.to));
    if (!derived && (event.seq < from || event.seq > to)) return event;
    gone.add(event.seq);
    if (event.erasedAt !== undefined) return event;
    const { seq, type, recordedAt, retractedBy } = event;
    return { seq, type, recordedAt, ...(retractedBy === undefined ? {} : { retractedBy }), erasedAt };
  });
}

describe.each([1, 2, 3, 4, 5, 6])("reads agree with a filter over the whole log, seed %i", (seed) => {
  it("through appends, retractions, erasures and trims", async () => {
    const random = seeded(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item;
    const { store, clock } = open();
    const model: Model = { events: [], version: 0, sources: new Map() };

    function randomEvent(): EventInput {
      const last = model.version;
      const agent = pick(agents);
      const source = { from: Math.max(1, last - below(6)), to: Math.max(1, last) };
      const more = {
        ...(agent === undefined ? {} : { agent }),
        ...(below(8) === 0 ? { pinned: true } : {}),
      };
      if (last > 0 && below(4) === 0) {
        return {
          type: "summary",
          body: { text: "s", sourceHash: "h", strategy: "t", tokensBefore: 2, tokensAfter: 1 },
          derivedFrom: [source],
          ...more,
        };
      }
      if (last > 0 && below(4) === 0) return undo(Math.max(1, last - below(10)), last);
      return below(6) === 0 ? { type: "x-note", body: below(9), ...more } : says(`message ${last}`, more);
    }

    for (let turn = 0; turn < 150; turn++) {
      clock.advance(below(3) - 1);
      const action = below(20);
      if (action === 0 && model.version > 0) {
        const from = 1 + below(model.version);
        const to = Math.min(from + 1, model.version);
        const { erased } = await store.log.erase(at("a"), { seqs: [{ from, to }] });
        modelErase(model, from, to, clock.now());
        for (const seq of erased) {
          expect(model.events.find((event) => event.seq === seq)?.erasedAt).toBeDefined();
        }
      } else if (action === 1 && model.events.length > 30) {
        const beforeSeq = (model.events[0]?.seq ?? 1) + below(12);
        await store.log.trim(at("a"), { beforeSeq });
        model.events = model.events.filter(({ seq }) => seq >= beforeSeq);
      } else {
        const event = randomEvent();
        const { incarnation, removalRevision } = await store.log.read(at("a"), { limit: 1 });
        await store.log.append(
          at("a"),
          [event],
          incarnation === undefined ? {} : { incarnation, removalRevision },
        );
        modelAppend(model, event, clock.now());
      }
      for (let read = 0; read < 4; read++) {
        const options: ReadOptions = {
          ...(below(3) === 0 ? { after: below(model.version + 1) } : {}),
          ...(below(3) === 0 ? { before: below(model.version + 2) } : {}),
          ...(below(3) === 0 ? { atVersion: below(model.version + 2) } : {}),
          ...(below(2) === 0 ? { types: types.filter(() => below(2) === 0) } : {}),
          ...(below(3) === 0 ? { agent: "writer" } : {}),
          ...(below(4) === 0 ? { pinned: below(2) === 0 } : {}),
          limit: 1 + below(12),
          direction: pick(["forward", "backward"] as const),
          retracted: pick(["exclude", "include", "only"] as const),
        };
        const { events, version } = await store.log.read(at("a"), options);
        expect({ options, events }).toEqual({ options, events: modelRead(model, options) });
        expect(version).toBe(model.version);
      }
    }
    const head = await store.log.head(at("a"));
    expect(head?.events).toBe(model.events.length);
    const fresh = model.events.filter((event) => event.erasedAt === undefined);
    const size = ({ seq: _seq, recordedAt: _at, retractedBy: _by, ...event }: StoredEvent): number =>
      Buffer.byteLength(JSON.stringify(event));
    expect(head?.bytes).toBe(fresh.reduce((sum, event) => sum + size(event), 0));
  });
});

describe("the cost of a read", () => {
  it("does not grow with what was undone, nor is content of trimmed events kept", async () => {
    const { store } = open();
    await store.log.append(at("a"), [says("kept")]);
    for (let pair = 0; pair < 2000; pair++) {
      const { version } = await store.log.append(at("a"), [says(`undone ${pair}`)]);
      await store.log.append(at("a"), [undo(version)]);
    }
    const read = { direction: "backward", types: ["message"], limit: 1 } as const;
    const page = await store.log.read(at("a"), read);
    expect(page.events.map(({ seq }) => seq)).toEqual([1]);
    expect(page.next).toBeUndefined();
  });

  it("is bounded where no index answers, and the pages lead on to the end", async () => {
    const { store } = open();
    const batch = Array.from({ length: 1000 }, (_, index) =>
      says("m", { agent: index % 2 === 0 ? "a" : "b" }),
    );
    for (let turn = 0; turn < 5; turn++) await store.log.append(at("a"), batch);
    await store.log.append(at("a"), [{ type: "x-note", body: 1, agent: "b" }]);
    const wanted = { agent: "a", pinned: true, limit: 10 } as const;
    expect((await store.log.read(at("a"), wanted)).next).toBeUndefined();
    let pages = 0;
    let after: number | undefined = 0;
    while (after !== undefined) {
      const page = await store.log.read(at("a"), {
        agent: "b",
        pinned: false,
        types: ["x-note", "message"],
        after,
      });
      after = page.next;
      pages++;
    }
    expect(pages).toBe(26);
    const noted = { agent: "a", types: ["message"], retracted: "include", pinned: true, limit: 1 } as const;
    const first = await store.log.read(at("a"), { ...noted, pinned: false });
    expect(first.events).toHaveLength(1);
  });
});
