import { fingerprint, type HandoffRecord } from "@relevo/core";
import { describe, expect, test } from "vitest";
import { graphOf } from "../src/read/graph.ts";
import { type Bench, bench, done, rejectionOf, work } from "./support.ts";

async function append(on: Bench, body: HandoffRecord): Promise<void> {
  const operation = { id: `${body.handoffId}:${body.status}`, fingerprint: fingerprint(body) };
  await on.log.append(on.session, [{ type: "handoff", body }], { operation });
}

describe("chain", () => {
  test("joins starts and ends, nested ones included, in the order of the log", async () => {
    const on = bench();
    await on.say("hello");
    await on.handoffs.run({ ...work, session: on.session, data: { score: 85 } }, async ({ handoff }) => {
      on.pass(10);
      await rejectionOf(
        handoff({ to: "scheduler", reason: "book", priority: "urgent" }, () =>
          Promise.reject(new Error("full")),
        ),
      );
      on.pass(5);
      return "qualified";
    });
    const chain = await on.handoffs.chain(on.session);
    expect(chain).toMatchObject({ session: "lead-7", version: 7, erased: [] });
    expect(chain.entries).toMatchObject([
      {
        ...work,
        status: "completed",
        depth: 0,
        data: { score: 85 },
        durationMs: 15,
        outcome: "qualified",
        startSeq: 2,
        endSeq: 6,
        context: { policy: "full", passed: [{ from: 1, to: 1 }] },
      },
      {
        from: "qualifier",
        to: "scheduler",
        priority: "urgent",
        status: "failed",
        depth: 1,
        parentId: chain.entries[0]?.handoffId,
        error: { name: "Error", message: "full" },
        startSeq: 3,
        endSeq: 4,
      },
    ]);
    expect((chain.entries[0]?.endedAt ?? 0) - (chain.entries[0]?.startedAt ?? 0)).toBe(15);
  });

  test("shows a handoff without an end as running, and an end without a start as what it is", async () => {
    const on = bench();
    await on.handoffs.run({ ...work, session: on.session }, done);
    await on.handoffs.start(on.session, { ...work, to: "crashed" });
    await on.log.trim(on.session, { beforeSeq: 2 });
    const { entries } = await on.handoffs.chain(on.session);
    expect(entries).toMatchObject([
      { to: "qualifier", status: "completed", endSeq: 2, durationMs: 0 },
      { to: "crashed", status: "running", startSeq: 3 },
    ]);
    expect(entries[0]).not.toHaveProperty("startSeq");
  });

  test("counts the first ending and names what was erased", async () => {
    const on = bench();
    const record = { ...work, handoffId: "h1", priority: "normal", depth: 0 } as const;
    await append(on, { ...record, status: "started" });
    await append(on, { ...record, status: "completed", durationMs: 1 });
    await append(on, { ...record, status: "failed", durationMs: 2 });
    await append(on, { ...record, handoffId: "h2", status: "started" });
    await on.log.erase(on.session, { seqs: [{ from: 4, to: 4 }] });
    const chain = await on.handoffs.chain(on.session);
    expect(chain.entries).toMatchObject([{ handoffId: "h1", status: "completed", durationMs: 1 }]);
    expect(chain.erased).toEqual([4]);
  });

  test("is empty for a session that does not exist", async () => {
    const on = bench();
    expect(await on.handoffs.chain({ tenant: "acme", session: "nobody" })).toEqual({
      session: "nobody",
      version: 0,
      entries: [],
      erased: [],
    });
  });

  test("pages through long sessions as of one version", async () => {
    let afterFirst = async (): Promise<void> => {};
    const on = bench({}, (log) => ({
      ...log,
      append: (...call) => log.append(...call),
      read: async (...call) => {
        const page = await log.read(...call);
        await afterFirst();
        return page;
      },
    }));
    const record = { ...work, priority: "normal", depth: 0, status: "started" } as const;
    const events = Array.from(
      { length: 900 },
      (_, index) => ({ type: "handoff", body: { ...record, handoffId: `h${index}` } }) as const,
    );
    await on.log.append(on.session, events);
    await on.log.append(
      on.session,
      events.map((event) => ({ ...event, body: { ...event.body, status: "completed" } }) as const),
    );
    afterFirst = async () => {
      afterFirst = async () => {};
      await append(on, { ...record, handoffId: "later" });
    };
    const { entries, version } = await on.handoffs.chain(on.session);
    expect(version).toBe(1800);
    expect(entries).toHaveLength(900);
    expect(entries.every(({ status }) => status === "completed")).toBe(true);
  });
});

const none = { running: 0, completed: 0, failed: 0, rejected: 0, "timed-out": 0, degraded: 0, abandoned: 0 };

describe("graph", () => {
  test("adds up handoffs by agent and by way", async () => {
    const on = bench();
    for (const ms of [10, 30]) await on.handoffs.run({ ...work, session: on.session }, () => on.pass(ms));
    await rejectionOf(on.handoffs.run({ ...work, session: on.session }, ({ reject }) => reject("no")));
    await on.handoffs.start(on.session, { from: "qualifier", to: "coordinator", reason: "back" });
    const graph = await on.handoffs.for(on.session).graph();
    expect(graph.nodes).toEqual([
      { agent: "coordinator", sent: 3, received: 1 },
      { agent: "qualifier", sent: 1, received: 3 },
    ]);
    expect(graph.edges).toEqual([
      {
        from: "coordinator",
        to: "qualifier",
        count: 3,
        states: { ...none, completed: 2, rejected: 1 },
        failureRate: 0,
        durations: { count: 3, totalMs: 40, p50Ms: 10, p95Ms: 30, longestMs: 30 },
      },
      {
        from: "qualifier",
        to: "coordinator",
        count: 1,
        states: { ...none, running: 1 },
        failureRate: 0,
        durations: { count: 0, totalMs: 0 },
      },
    ]);
  });

  test("keeps agents apart whose joined names would be the same", () => {
    const entry = { handoffId: "x", reason: "", priority: "normal", depth: 0, status: "completed" } as const;
    const { edges, nodes } = graphOf({
      entries: [
        { ...entry, from: "a", to: 'b","c' },
        { ...entry, from: 'a","b', to: "c" },
        { ...entry, from: "__proto__", to: "constructor" },
      ],
    });
    expect(edges).toHaveLength(3);
    expect(nodes).toHaveLength(6);
  });
});
