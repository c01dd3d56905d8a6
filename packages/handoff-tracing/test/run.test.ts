import { MemoryError } from "@relevo/core";
import { describe, expect, test } from "vitest";
import { none } from "../src/context/policies.ts";
import { createHandoffs, type HandoffsOptions } from "../src/create-handoffs.ts";
import type { HandoffInput } from "../src/handoff-types.ts";
import { HandoffRejected } from "../src/record/handoff-errors.ts";
import { bench, done, rejectionOf, work } from "./support.ts";

describe("a handoff that goes well", () => {
  test("gives the receiver its input, returns its result and records both ends", async () => {
    const { handoffs, session, say, records, pass } = bench();
    await say("Hola, I need a CRM");
    let seen: HandoffInput | undefined;
    const result = await handoffs.run(
      { ...work, session, priority: "high", data: { score: 85 }, documents: [["leads", "lead-7"]] },
      (input) => {
        seen = input;
        pass(250);
        return { qualified: true };
      },
    );

    expect(result).toEqual({ qualified: true });
    expect(seen).toMatchObject({
      ...work,
      priority: "high",
      data: { score: 85 },
      depth: 0,
      degraded: false,
      documents: [["leads", "lead-7"]],
      messages: [{ role: "user", content: "Hola, I need a CRM" }],
    });
    const [start, end] = await records();
    const common = { ...work, handoffId: seen?.handoffId, priority: "high", depth: 0, mode: "transfer" };
    expect(start).toEqual({
      ...common,
      data: { score: 85 },
      status: "started",
      context: {
        policy: "full",
        passed: [{ from: 1, to: 1 }],
        dropped: [],
        version: 1,
        documents: [["leads", "lead-7"]],
      },
    });
    expect(end).toEqual({ ...common, status: "completed", durationMs: 250 });
    expect((await handoffs.chain(session)).entries).toMatchObject([
      { ...common, data: { score: 85 }, outcome: { qualified: true } },
    ]);
  });

  test("works in a session that does not exist yet, and with the defaults", async () => {
    const { handoffs, session, records } = bench();
    expect(await handoffs.run({ ...work, session }, ({ messages }) => messages.length)).toBe(0);
    expect((await records()).map(({ status, priority }) => [status, priority])).toEqual([
      ["started", "normal"],
      ["completed", "normal"],
    ]);
  });

  test("puts the wall time and the agents on the events", async () => {
    const { handoffs, session, log, clock, pass } = bench();
    const begin = clock.now();
    await handoffs.run({ ...work, session }, () => pass(40));
    const { events } = await log.read(session);
    expect(events.map(({ at, agent }) => ({ at, agent }))).toEqual([
      { at: begin, agent: "coordinator" },
      { at: begin + 40, agent: "qualifier" },
    ]);
  });

  test("records what `outcome` makes of the result, and returns the result itself", async () => {
    const { handoffs, session, records } = bench();
    const result = new Map([["score", 9]]);
    const outcome = (map: Map<string, number>): number => map.get("score") ?? 0;
    expect(await handoffs.run({ ...work, session, outcome }, () => result)).toBe(result);
    expect((await records())[1]?.outcome).toBe(9);
  });

  test("keeps a result that JSON cannot carry, records none and says so", async () => {
    const { handoffs, session, records, problems } = bench();
    const result = new Date(0);
    expect(await handoffs.run({ ...work, session }, () => result)).toBe(result);
    expect((await records())[1]).toMatchObject({ status: "completed" });
    expect((await records())[1]).not.toHaveProperty("outcome");
    expect(problems.map(({ problem }) => problem.phase)).toEqual(["outcome"]);
  });

  test("reads only the address of a session object, and writes under its incarnation and fence", async () => {
    const { handoffs, session, store, records } = bench();
    const lease = await store.leases?.acquire(session, { ttlMs: 10_000 });
    const { incarnation } = await store.log.append(session, [
      { type: "message", body: { role: "user", content: "hi" } },
    ]);
    const facade = { ...session, incarnation, fence: lease?.fence, append: () => "not a store's business" };
    await handoffs.run({ ...work, session: facade }, done);
    expect(await records()).toHaveLength(2);
    const stale = await rejectionOf(handoffs.run({ ...work, session: { ...facade, fence: 1 } }, done));
    expect(MemoryError.isInstance(stale, "conflict")).toBe(true);
    const gone = { ...session, incarnation: "01890000-0000-7000-8000-000000000000" };
    expect(
      MemoryError.isInstance(
        await rejectionOf(handoffs.run({ ...work, session: gone }, done)),
        "history-lost",
      ),
    ).toBe(true);
  });
});

describe("a handoff that fails", () => {
  test("throws what the receiver threw, unchanged, after recording it", async () => {
    const { handoffs, session, records, pass } = bench();
    const error = Object.assign(new TypeError("no such tool\0"), { code: "E_TOOL" });
    const thrown = await rejectionOf(
      handoffs.run({ ...work, session }, () => {
        pass(5);
        throw error;
      }),
    );
    expect(thrown).toBe(error);
    expect((await records())[1]).toMatchObject({
      status: "failed",
      durationMs: 5,
      error: { name: "TypeError", message: "no such tool\uFFFD", code: "E_TOOL" },
    });
  });

  test.each([["a string"], [undefined], [null], [42]])("records a thrown %s", async (value) => {
    const { handoffs, session, records } = bench();
    const thrown = await rejectionOf(handoffs.run({ ...work, session }, () => Promise.reject(value)));
    expect(thrown).toBe(value);
    expect((await records())[1]).toMatchObject({ status: "failed", error: { message: String(value) } });
  });

  test("is `rejected` when the receiver does not take it", async () => {
    const { handoffs, session, records } = bench();
    const byCall = await rejectionOf(handoffs.run({ ...work, session }, ({ reject }) => reject("too busy")));
    expect(byCall).toBeInstanceOf(HandoffRejected);
    const own = new HandoffRejected("not mine");
    expect(await rejectionOf(handoffs.run({ ...work, session }, () => Promise.reject(own)))).toBe(own);
    expect((await records()).map(({ status, error }) => [status, error?.message])).toEqual([
      ["started", undefined],
      ["rejected", "too busy"],
      ["started", undefined],
      ["rejected", "not mine"],
    ]);
  });

  test("is a failure of the outer handoff when an inner one was rejected", async () => {
    const { handoffs, session, records } = bench();
    const inner = { to: "scheduler", reason: "book" };
    await rejectionOf(
      handoffs.run({ ...work, session }, ({ handoff }) => handoff(inner, ({ reject }) => reject("no"))),
    );
    expect((await records()).map(({ to, status }) => `${to} ${status}`)).toEqual([
      "qualifier started",
      "scheduler started",
      "scheduler rejected",
      "qualifier failed",
    ]);
  });

  test("ends as aborted when the signal fires, whatever the receiver does", async () => {
    const { handoffs, session, records, problems } = bench();
    const controller = new AbortController();
    let release = (_error: Error): void => {};
    const stubborn = new Promise<never>((_, reject) => {
      release = reject;
    });
    const running = handoffs.run(
      { ...work, session },
      ({ signal }) => {
        signal.addEventListener("abort", () => release(new Error("late")));
        controller.abort(new Error("user left"));
        return stubborn;
      },
      { signal: controller.signal },
    );
    const error = await rejectionOf(running);
    expect(error).toMatchObject({ code: "aborted", cause: { message: "user left" } });
    expect((await records())[1]).toMatchObject({ status: "failed", error: { code: "aborted" } });
    expect(problems.map(({ problem }) => problem.phase)).toEqual(["late"]);
  });

  test("does not begin under a signal that has fired", async () => {
    const { handoffs, session, records } = bench();
    const error = await rejectionOf(
      handoffs.run({ ...work, session }, done, { signal: AbortSignal.abort() }),
    );
    expect(MemoryError.isInstance(error, "aborted")).toBe(true);
    expect(await records()).toEqual([]);
  });
});

describe("bad requests", () => {
  test.each([
    ["an empty receiver", { to: "" }],
    ["a NUL in a name", { from: "a\0b" }],
    ["a reason that is none", { reason: 5 }],
    ["an unknown priority", { priority: "asap" }],
    ["data that is not JSON", { data: () => 1 }],
    ["a misspelt field", { polcy: none() }],
    ["a policy that is none", { policy: { name: "x" } }],
    ["a document key without a namespace", { documents: [["alone"]] }],
    ["a session without a tenant", { session: { session: "x" } }],
  ])("%s is refused before anything is recorded", async (_, fields) => {
    const { handoffs, session, records } = bench();
    const request = { ...work, session, ...fields } as Parameters<typeof handoffs.run>[0];
    const error = await rejectionOf(handoffs.run(request, () => expect.unreachable()));
    expect(MemoryError.isInstance(error, "invalid-input")).toBe(true);
    expect(await records()).toEqual([]);
  });

  test("a policy that throws ends the handoff before the receiver runs, and is recorded", async () => {
    const { handoffs, session, records } = bench();
    const broken = new Error("bad policy");
    const policy = (): never => {
      throw broken;
    };
    expect(await rejectionOf(handoffs.run({ ...work, session, policy }, () => expect.unreachable()))).toBe(
      broken,
    );
    expect(await records()).toMatchObject([{ status: "failed", error: { message: "bad policy" } }]);
  });
});

describe("nesting", () => {
  test("is found through the asynchronous context, or told by the receiver's own `handoff`", async () => {
    const { handoffs, session, records } = bench();
    await handoffs.run({ ...work, session }, async ({ handoff, handoffId }) => {
      expect(handoffs.current()).toEqual({ handoffId, depth: 0 });
      await handoffs.run({ session, from: "qualifier", to: "outbound", reason: "contact" }, async () => {
        await Promise.resolve();
        await handoffs.run({ session, from: "outbound", to: "scheduler", reason: "meet" }, done);
      });
      await handoff({ to: "archivist", reason: "file" }, ({ from }) => expect(from).toBe("qualifier"));
    });
    expect(handoffs.current()).toBeUndefined();
    const starts = (await records()).filter(({ status }) => status === "started");
    const [root, outbound, scheduler, archivist] = starts;
    expect(starts.map(({ to, depth }) => `${to} ${depth}`)).toEqual([
      "qualifier 0",
      "outbound 1",
      "scheduler 2",
      "archivist 1",
    ]);
    expect([outbound?.parentId, scheduler?.parentId, archivist?.parentId]).toEqual([
      root?.handoffId,
      outbound?.handoffId,
      root?.handoffId,
    ]);
  });

  test("can be given or refused explicitly", async () => {
    const { handoffs, session, records } = bench();
    await handoffs.run({ ...work, session, parent: { handoffId: "elsewhere", depth: 4 } }, async () => {
      await handoffs.run({ ...work, session, to: "other", parent: null }, done);
    });
    const [given, refused] = await records();
    expect(given).toMatchObject({ parentId: "elsewhere", depth: 5 });
    expect(refused?.depth).toBe(0);
    expect(refused).not.toHaveProperty("parentId");
  });

  test("leaves no trace of another tenant's handoff, and ends with it", async () => {
    const { handoffs, session, log } = bench();
    const foreign = { tenant: "globex", session: "s" };
    const controller = new AbortController();
    let inner: HandoffInput | undefined;
    await handoffs.run(
      { ...work, session },
      async () => {
        await handoffs.run({ ...work, session: foreign, to: "other" }, async (input) => {
          inner = input;
        });
        await (await handoffs.start(foreign, { from: "a", to: "b", reason: "r" })).complete();
      },
      { signal: controller.signal },
    );
    expect(inner?.depth).toBe(1);
    const { events } = await log.read(foreign);
    expect(events).toHaveLength(4);
    expect(JSON.stringify(events)).not.toMatch(/parentId|acme|lead-7/);
    const outerIds = (await log.read(session)).events.map(
      ({ body }) => (body as { handoffId: string }).handoffId,
    );
    for (const id of outerIds) expect(JSON.stringify(events)).not.toContain(id);
  });

  test("hands the abort of the outer one on to the inner ones", async () => {
    const { handoffs, session, records } = bench();
    const controller = new AbortController();
    let innerSignal: AbortSignal | undefined;
    const running = handoffs.run(
      { ...work, session },
      ({ handoff }) =>
        handoff({ to: "scheduler", reason: "book" }, ({ signal }) => {
          innerSignal = signal;
          controller.abort();
          return new Promise<never>(() => {});
        }),
      { signal: controller.signal },
    );
    await rejectionOf(running);
    expect(innerSignal?.aborted).toBe(true);
    await expect
      .poll(async () => (await records()).map(({ to, status }) => `${to} ${status}`).sort())
      .toEqual(["qualifier failed", "qualifier started", "scheduler failed", "scheduler started"]);
  });
});

describe("a receiver that throws what cannot be read", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const hostile = {
    get name(): string {
      throw new Error("from the getter");
    },
  };

  test.each([
    ["an object whose getters throw", hostile],
    ["a revoked proxy", proxy],
  ])("has its handoff ended, and the caller gets the very value: %s", async (_, thrown) => {
    const { handoffs, session, records, problems } = bench();
    const running = handoffs.run({ ...work, session }, () => {
      throw thrown;
    });
    // Compared at once: a promise cannot be resolved with a revoked proxy.
    const isSame = await running.then(
      () => false,
      (reason: unknown) => Object.is(reason, thrown),
    );
    expect(isSame).toBe(true);
    expect((await records())[1]).toMatchObject({
      status: "failed",
      error: { name: "object", message: "What was thrown could not be read." },
    });
    expect(problems).toEqual([]);
  });

  test("after an abort it is told as late", async () => {
    const { handoffs, session, problems } = bench();
    const controller = new AbortController();
    let fail: (error: unknown) => void = () => {};
    const running = handoffs.run(
      { ...work, session },
      () => {
        const receiving = new Promise<never>((_, reject) => {
          fail = reject;
        });
        queueMicrotask(() => controller.abort());
        return receiving;
      },
      { signal: controller.signal },
    );
    expect(MemoryError.isInstance(await rejectionOf(running), "aborted")).toBe(true);
    fail(hostile);
    await expect.poll(() => problems.map(({ problem }) => problem.phase)).toEqual(["late"]);
  });
});

describe("a result that is storable only by itself", () => {
  test("is returned, the end is recorded without it, and that is told", async () => {
    const { handoffs, session, records, problems } = bench();
    // As deep as a value may be, so one level too deep inside a record.
    const result: unknown = JSON.parse("[".repeat(64) + "]".repeat(64));
    expect(await handoffs.run({ ...work, session }, () => result)).toBe(result);
    const [, end] = await records();
    expect(end).toMatchObject({ status: "completed" });
    expect(end).not.toHaveProperty("outcome");
    expect(problems.map(({ problem }) => problem.phase)).toEqual(["outcome"]);
    expect(await handoffs.chain(session)).toMatchObject({ entries: [{ status: "completed" }] });
  });

  test("does not keep a framework's handoff running for ever", async () => {
    const { handoffs, session, records } = bench();
    const handle = await handoffs.start(session, work);
    await handle.complete(JSON.parse("[".repeat(64) + "]".repeat(64)));
    expect((await records()).map(({ status }) => status)).toEqual(["started", "completed"]);
  });
});

describe("what is no receiver and no log", () => {
  test("is refused before anything is recorded", async () => {
    const { handoffs, session, records } = bench();
    const error = await rejectionOf(handoffs.run({ ...work, session }, undefined as unknown as typeof done));
    expect(MemoryError.isInstance(error, "invalid-input")).toBe(true);
    expect(await records()).toEqual([]);
    // With `degrade` a missing log would look like one that is down.
    for (const log of [undefined, null, {}]) {
      const options = { log, onMemoryFailure: "degrade", onError: () => {} };
      expect(() => createHandoffs(options as unknown as HandoffsOptions)).toThrow(
        /^(options\.log is undefined|log must be the event log)/,
      );
    }
  });
});
