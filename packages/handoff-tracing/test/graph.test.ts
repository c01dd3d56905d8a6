import { createManualClock, type EventInput, type HandoffRecord } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createHandoffs, graphOf, toDot, toMermaid } from "../src/index.ts";
import { bench, rejectionOf, work } from "./support.ts";

const endings = ["completed", "failed", "rejected", "timed-out", "degraded", "abandoned"] as const;

/** One handoff of a random history: in which session, under which earlier one, and when it ends. */
interface Drawn {
  readonly session: number;
  readonly from: string;
  readonly to: string;
  readonly mode: "transfer" | "delegate";
  /** Counted back among the handoffs of the session before it; none when there are not so many. */
  readonly parent: number | undefined;
  readonly ending: (typeof endings)[number] | undefined;
  /** After how many further handoffs it ends. */
  readonly endsAfter: number;
  readonly durationMs: number | undefined;
  /** A second end follows, which does not count. */
  readonly endsTwice: boolean;
}

const agent = fc.constantFrom("a", "b", "c", '","');
const drawn: fc.Arbitrary<Drawn> = fc.record({
  session: fc.nat(2),
  from: agent,
  to: agent,
  mode: fc.constantFrom("transfer", "transfer", "delegate"),
  parent: fc.option(fc.nat(3), { nil: undefined }),
  ending: fc.option(fc.constantFrom(...endings), { nil: undefined, freq: 5 }),
  endsAfter: fc.nat(4),
  durationMs: fc.option(fc.nat(40), { nil: undefined, freq: 9 }),
  endsTwice: fc.nat(4).map((one) => one === 0),
});

interface Told {
  readonly session: number;
  readonly at: number;
  readonly record: HandoffRecord;
}

/** The events of a history, one each millisecond. */
function eventsOf(history: readonly Drawn[]): readonly Told[] {
  const due = new Map<number, Told[]>();
  const told: Told[] = [];
  const ids = new Map<number, string[]>();
  const tell = (one: Omit<Told, "at">): void => {
    told.push({ ...one, at: told.length + 1 });
  };
  for (let index = 0; index < history.length + 7; index++) {
    for (const end of due.get(index) ?? []) tell(end);
    const one = history[index];
    if (one === undefined) continue;
    const { session, from, to, mode, ending, durationMs } = one;
    const before = ids.get(session) ?? [];
    const parentId = one.parent === undefined ? undefined : before.at(-1 - one.parent);
    const handoffId = `h${index}`;
    ids.set(session, [...before, handoffId]);
    const facts = { handoffId, from, to, mode, reason: "r", priority: "normal", depth: 0 } as const;
    const record = { ...facts, ...(parentId === undefined ? {} : { parentId }) };
    if (ending !== "degraded" && ending !== "rejected")
      tell({ session, record: { ...record, status: "started" } });
    if (ending === undefined) continue;
    const ended = { ...record, status: ending, ...(durationMs === undefined ? {} : { durationMs }) };
    const at = index + 1 + one.endsAfter;
    if (ending === "rejected") tell({ session, record: ended });
    else due.set(at, [...(due.get(at) ?? []), { session, at: 0, record: ended }]);
    const again = { ...ended, status: ending === "failed" ? "completed" : "failed", durationMs: 99 } as const;
    if (one.endsTwice) due.set(at + 1, [...(due.get(at + 1) ?? []), { session, at: 0, record: again }]);
  }
  return told;
}

/** What the graph says, counted in the simplest way from the definitions. */
function reference(told: readonly Told[], since: number, until: number) {
  const inTime = told.filter(({ at }) => at >= since && at < until);
  const sessions = [...new Set(inTime.map(({ session }) => session))];
  const handoffs = sessions.map((session) => {
    const own = inTime.filter((one) => one.session === session).map(({ record }) => record);
    return [...new Set(own.map(({ handoffId }) => handoffId))].map((id) => {
      const records = own.filter(({ handoffId }) => handoffId === id);
      const end = records.find(({ status }) => status !== "started");
      return { ...(end ?? (records[0] as HandoffRecord)), status: end?.status ?? ("running" as const) };
    });
  });
  type One = (typeof handoffs)[number][number];
  const all = handoffs.flat();
  const totals = (some: readonly One[]) => {
    const ended = some.filter(({ status }) => status !== "running");
    const failed = ended.filter(({ status }) => ["failed", "timed-out", "abandoned"].includes(status));
    const times = some.flatMap(({ durationMs }) => (durationMs === undefined ? [] : [durationMs]));
    const smallest = (share: number) =>
      Math.min(
        ...times.filter((one) => times.filter((other) => other <= one).length >= share * times.length),
      );
    const states = Object.fromEntries(
      ["running", ...endings].map((state) => [state, some.filter(({ status }) => status === state).length]),
    );
    return {
      count: some.length,
      states,
      failureRate: ended.length === 0 ? 0 : failed.length / ended.length,
      durations: {
        count: times.length,
        totalMs: times.reduce((sum, one) => sum + one, 0),
        ...(times.length === 0
          ? {}
          : { p50Ms: smallest(0.5), p95Ms: smallest(0.95), longestMs: Math.max(...times) }),
      },
    };
  };
  /** The newest earlier handoff that led to the one at this place. */
  const ledBy = (own: readonly One[], place: number): number | undefined => {
    const one = own[place];
    for (let at = place - 1; one !== undefined && at >= 0; at--) {
      const earlier = own[at];
      if (earlier === undefined || earlier.status === "rejected" || earlier.to !== one.from) continue;
      const encloses = earlier.handoffId === one.parentId;
      const isBeside = earlier.parentId === one.parentId;
      const returned = earlier.mode === "delegate" && earlier.status !== "running";
      if (encloses || (isBeside && !returned)) return at;
    }
    return undefined;
  };
  const paths: string[] = [];
  const loops: string[] = [];
  for (const own of handoffs) {
    const passing = own.map((_, place) => place).filter((place) => own[place]?.status !== "rejected");
    const led = new Set(passing.map((place) => ledBy(own, place)));
    for (const place of passing) {
      const way: One[] = [];
      for (let at: number | undefined = place; at !== undefined; at = ledBy(own, at))
        way.unshift(own[at] as One);
      const had = way.map(({ from }) => from);
      const again = had.lastIndexOf(own[place]?.to as string);
      if (again !== -1) {
        const loop = had.slice(again);
        const turned = loop.map((_, turn) => JSON.stringify([...loop.slice(turn), ...loop.slice(0, turn)]));
        loops.push(turned.sort()[0] as string);
      }
      if (led.has(place)) continue;
      const path = [own[place]?.from as string, own[place]?.to as string];
      for (const from of had.slice(0, -1).reverse()) {
        if (path.includes(from)) break;
        path.unshift(from);
      }
      paths.push(JSON.stringify(path));
    }
  }
  const ways = (keys: readonly string[]) =>
    [...new Set(keys)]
      .map((key) => ({ key, count: keys.filter((one) => one === key).length }))
      .sort((left, right) => right.count - left.count || (left.key < right.key ? -1 : 1))
      .slice(0, 10)
      .map(({ key, count }) => ({ agents: JSON.parse(key), count }));
  const pairs = [...new Set(all.map(({ from, to }) => JSON.stringify([from, to])))].map((key) =>
    JSON.parse(key),
  );
  const agents = new Set(all.flatMap(({ from, to }) => [from, to]));
  return {
    sessions: sessions.length,
    ...totals(all),
    nodes: [...agents].map((name) => ({
      agent: name,
      sent: all.filter(({ from }) => from === name).length,
      received: all.filter(({ to }) => to === name).length,
    })),
    edges: pairs.map(([from, to]) => ({
      from,
      to,
      ...totals(all.filter((one) => one.from === from && one.to === to)),
    })),
    paths: ways(paths),
    loops: ways(loops),
  };
}

const byName = (left: object, right: object): number =>
  JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;

/** Sessions come in the order of the scan, so nodes and edges are compared without theirs. */
function sorted(graph: { readonly nodes: readonly object[]; readonly edges: readonly object[] }): object {
  return { ...graph, nodes: graph.nodes.toSorted(byName), edges: graph.edges.toSorted(byName) };
}

describe("the graph of a tenant", () => {
  test("is what counting by hand gives, over random histories and times", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(drawn, { maxLength: 25 }),
        fc.nat(50),
        fc.nat(60),
        async (history, since, length) => {
          const clock = createManualClock(0);
          await using store = createMemoryStore({ clock, sweepIntervalMs: 0 });
          const told = eventsOf(history);
          for (const { session, record } of told) {
            clock.advance(1);
            const event: EventInput = { type: "handoff", body: record };
            await store.log.append({ tenant: "acme", session: `s${session}` }, [event]);
            await store.log.append({ tenant: "other", session: `s${session}` }, [event]);
          }
          const handoffs = createHandoffs({ log: store.log });
          const until = since + length;
          expect(sorted(await handoffs.graph("acme", { since, until }))).toEqual(
            sorted(reference(told, since, until)),
          );
          expect(sorted(await handoffs.graph("acme"))).toEqual(
            sorted(reference(told, 0, Number.POSITIVE_INFINITY)),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test("adds up real handoffs of several sessions, nested ones too", async () => {
    const on = bench();
    for (const session of ["one", "two"]) {
      await on.handoffs.run({ ...work, session: { tenant: "acme", session } }, async ({ handoff }) => {
        on.pass(10);
        await handoff({ to: "scheduler", reason: "book" }, () => on.pass(20));
        await rejectionOf(
          handoff({ to: "scheduler", reason: "again" }, () => Promise.reject(new Error("full"))),
        );
      });
    }
    const graph = await on.handoffs.graph("acme");
    expect(graph).toMatchObject({ sessions: 2, count: 6, failureRate: 1 / 3 });
    expect(graph.paths).toEqual([{ agents: ["coordinator", "qualifier", "scheduler"], count: 4 }]);
    expect(graph.loops).toEqual([]);
    expect(graph.edges[1]).toMatchObject({ from: "qualifier", count: 4, durations: { p50Ms: 0, p95Ms: 20 } });
  });

  test("names a loop once, wherever it began", () => {
    const entry = { reason: "", priority: "normal", depth: 0, status: "completed" } as const;
    const way = ["a", "b", "c", "a", "b", "c"];
    const entries = way
      .slice(1)
      .map((to, index) => ({ ...entry, handoffId: `h${index}`, from: way[index] ?? "", to }));
    const { loops, paths } = graphOf({ entries });
    expect(loops).toEqual([{ agents: ["a", "b", "c"], count: 3 }]);
    expect(paths).toEqual([{ agents: ["a", "b", "c"], count: 1 }]);
  });

  test("is cheap for a long chain that goes round and round", () => {
    const entries = Array.from({ length: 100_000 }, (_, index) => ({
      handoffId: `h${index}`,
      from: `agent ${index % 7}`,
      to: `agent ${(index + 1) % 7}`,
      status: "completed" as const,
    }));
    expect(graphOf({ entries })).toMatchObject({ count: 100_000, loops: [{ count: 99_994 }] });
  });
});

describe("a graph as a drawing", () => {
  const hostile = 'x"];\n evil -> \\ <b>';
  const entries = [
    { handoffId: "1", from: hostile, to: "b", status: "completed", durationMs: 12 },
    { handoffId: "2", from: hostile, to: "b", status: "failed", durationMs: 40 },
  ] as const;

  test("in DOT is a quoted string for each name, whatever it is", () => {
    expect(toDot(graphOf({ entries }), { direction: "TB" })).toBe(
      [
        "digraph handoffs {",
        "  rankdir=TB;",
        "  node [shape=box];",
        '  agent1 [label="x\\"];\\\\n evil -> \\\\ <b>"];',
        '  agent2 [label="b"];',
        '  agent1 -> agent2 [label="2×, p50 12 ms, p95 40 ms, 1 failed"];',
        "}",
      ].join("\n"),
    );
  });

  test("in Mermaid says the same, and as JSON loses nothing", () => {
    const graph = graphOf({ entries });
    expect(toMermaid(graph)).toContain('agent1 -->|"2×, p50 12 ms, p95 40 ms, 1 failed"| agent2');
    expect(JSON.parse(JSON.stringify(graph))).toEqual(graph);
  });
});
