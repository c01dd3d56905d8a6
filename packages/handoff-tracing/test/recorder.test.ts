import { MemoryError } from "@relevo/core";
import { describe, expect, test } from "vitest";
import type { HandoffObservation, ObservedStart } from "../src/record/observer.ts";
import { type Bench, bench, done, failingAppends, rejectionOf, work } from "./support.ts";

async function statuses(on: Bench): Promise<string[]> {
  return (await on.records()).map(({ status }) => status);
}

describe("the recorder for frameworks", () => {
  test("records what it is told", async () => {
    const on = bench();
    const handle = await on.handoffs.start(on.session, { ...work, data: { score: 1 }, priority: "low" });
    on.pass(12);
    await handle.complete({ ok: true });
    const common = {
      ...work,
      handoffId: handle.handoffId,
      priority: "low",
      mode: "transfer",
      depth: 0,
    };
    expect(await on.records()).toEqual([
      { ...common, data: { score: 1 }, status: "started" },
      { ...common, status: "completed", durationMs: 12 },
    ]);
    const { entries } = await on.handoffs.chain(on.session);
    expect(entries).toMatchObject([{ ...common, data: { score: 1 }, outcome: { ok: true } }]);
  });

  test("ends a handoff once, whatever is called afterwards or at the same time", async () => {
    const on = bench();
    const handle = await on.handoffs.start(on.session, work);
    await Promise.all([handle.reject("busy"), handle.complete(), handle.fail(new Error("late"))]);
    await handle.complete("again");
    expect(await on.records()).toMatchObject([
      { status: "started" },
      { status: "rejected", error: { message: "busy" } },
    ]);
  });

  test("tries the first ending again when recording it failed", async () => {
    const on = bench({}, (log) => failingAppends(log, [undefined, "down", "down", "down"]));
    const handle = await on.handoffs.start(on.session, work);
    const error = await rejectionOf(handle.fail(new Error("first")));
    expect(MemoryError.isInstance(error, "unavailable")).toBe(true);
    await handle.complete();
    expect(await on.records()).toMatchObject([
      { status: "started" },
      { status: "failed", error: { message: "first" } },
    ]);
  });

  test("finds the depth of the parent in the process and in the log", async () => {
    const on = bench();
    const outer = await on.handoffs.start(on.session, work);
    const inner = await on.handoffs.start(on.session, { ...work, parentId: outer.handoffId });
    const elsewhere = bench({}, () => on.log);
    await elsewhere.handoffs.start(on.session, { ...work, parentId: inner.handoffId });
    await elsewhere.handoffs.start(on.session, { ...work, parentId: "unknown" });
    expect((await on.records()).map(({ depth }) => depth)).toEqual([0, 1, 2, 1]);
  });

  test("stands inside the handoff that runs around it", async () => {
    const on = bench();
    await on.handoffs.run({ ...work, session: on.session }, async () => {
      await (await on.handoffs.start(on.session, { ...work, to: "inner" })).complete();
    });
    const [outer, inner] = await on.records();
    expect(inner).toMatchObject({ to: "inner", depth: 1, parentId: outer?.handoffId });
  });

  test("blanks inline messages with any message that they may repeat", async () => {
    const on = bench();
    await on.say("secret", "other");
    const context = {
      policy: "filter",
      passed: [],
      dropped: [{ from: 1, to: 2 }],
      inline: [{ role: "user", content: "a secret" }],
    } as const;
    const handle = await on.handoffs.start(on.session, { ...work, context });
    await handle.complete();
    await on.log.erase(on.session, { seqs: [{ from: 1, to: 1 }] });
    expect(JSON.stringify((await on.log.read(on.session)).events)).not.toContain("secret");
    expect(await statuses(on)).toEqual(["completed"]);
  });

  test("under `degrade` records everything at the end when the start could not be", async () => {
    const on = bench({ onMemoryFailure: "degrade" }, (log) => failingAppends(log, ["down", "down", "down"]));
    const handle = await on.handoffs.start(on.session, work);
    await handle.complete("ok");
    expect(await on.records()).toMatchObject([{ ...work, status: "degraded", outcome: "ok" }]);
  });
});

describe("an observer", () => {
  const trace = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };

  test("wraps the receiver, gives the trace that both events carry, and sees the end", async () => {
    const seen: string[] = [];
    const onStart = ({ record, session }: ObservedStart): HandoffObservation => {
      seen.push(`start ${session.session} ${record.to}`);
      return {
        trace,
        within: (run) => {
          seen.push("within");
          return run();
        },
        onEnd: ({ record, error }) => seen.push(`end ${record.status} ${error}`),
      };
    };
    const on = bench({ observer: { onStart } });
    await on.handoffs.run({ ...work, session: on.session }, () => seen.push("receiver"));
    await rejectionOf(
      on.handoffs.run({ ...work, session: on.session }, () => Promise.reject(new Error("bad"))),
    );
    expect(seen).toEqual([
      "start lead-7 qualifier",
      "within",
      "receiver",
      "end completed undefined",
      "start lead-7 qualifier",
      "within",
      "end failed Error: bad",
    ]);
    expect((await on.records()).map((record) => record.trace)).toEqual([trace, trace, trace, trace]);
  });

  test("sees refused handoffs end too", async () => {
    const ends: string[] = [];
    const onStart = (): HandoffObservation => ({
      onEnd: ({ record, recorded }) => ends.push(`${record.status}${recorded ? "" : " unrecorded"}`),
    });
    const on = bench({ observer: { onStart }, maxDepth: 0 });
    const inner = { to: "x", reason: "y" };
    await rejectionOf(
      on.handoffs.run({ ...work, session: on.session }, ({ handoff }) => handoff(inner, done)),
    );
    const down = bench({ observer: { onStart } }, (log) => failingAppends(log, ["down", "down", "down"]));
    await rejectionOf(down.handoffs.run({ ...work, session: down.session }, done));
    expect(ends).toEqual(["rejected", "failed", "failed unrecorded"]);
  });

  test.each<[string, () => HandoffObservation]>([
    [
      "at the start",
      () => {
        throw new Error("broken");
      },
    ],
    [
      "around the receiver",
      () => ({
        within: () => {
          throw new Error("broken");
        },
      }),
    ],
    [
      "behind the receiver",
      () => ({
        within: async (run) => {
          await run();
          throw new Error("broken");
        },
      }),
    ],
    [
      "at the end",
      () => ({
        onEnd: () => {
          throw new Error("broken");
        },
      }),
    ],
  ])("that throws %s is reported and breaks nothing", async (_, onStart) => {
    const on = bench({ observer: { onStart } });
    let runs = 0;
    expect(await on.handoffs.run({ ...work, session: on.session }, () => ++runs)).toBe(1);
    expect(await statuses(on)).toEqual(["started", "completed"]);
    await expect.poll(() => on.problems.map(({ problem }) => problem.phase)).toEqual(["observer"]);
  });

  test("that fails with the receiver is not blamed for it", async () => {
    const on = bench({ observer: { onStart: () => ({ within: async (run) => await run() }) } });
    await rejectionOf(
      on.handoffs.run({ ...work, session: on.session }, () => Promise.reject(new Error("mine"))),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(on.problems).toEqual([]);
  });
});
