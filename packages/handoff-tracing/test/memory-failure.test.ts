import { type EventLog, MemoryError } from "@relevo/core";
import { retry } from "@relevo/core/input";
import { describe, expect, test } from "vitest";
import { full } from "../src/context/policies.ts";
import { HandoffNotRecorded } from "../src/record/handoff-errors.ts";
import { bench, bound, done, type Fault, failingAppends, rejectionOf, work } from "./support.ts";

const unreachable = (): never => expect.unreachable("the receiver must not run");

describe("lost answers", () => {
  test.each<[string, Fault[]]>([
    ["the start was written, its answer lost", ["applied-but-lost"]],
    ["the start was lost once, then written", ["lost"]],
    ["the store was down twice", ["down", "down"]],
  ])("%s: one start, one end", async (_, plan) => {
    const { handoffs, session, records } = bench({}, (log) => failingAppends(log, [...plan]));
    expect(await handoffs.run({ ...work, session }, done)).toBe("done");
    expect((await records()).map(({ status }) => status)).toEqual(["started", "completed"]);
  });

  test("of the end change nothing either", async () => {
    const plan: (Fault | undefined)[] = [undefined, "applied-but-lost", "lost", undefined];
    const { handoffs, session, records } = bench({}, (log) => failingAppends(log, plan));
    await handoffs.run({ ...work, session }, done);
    expect((await records()).map(({ status }) => status)).toEqual(["started", "completed"]);
  });

  test("make the outcome `unknown`, even when the last try was refused", async () => {
    const plan: (Fault | undefined)[] = ["applied-but-lost", "down", "down", undefined];
    const { handoffs, session, records } = bench({}, (log) => failingAppends(log, plan));
    const error = await rejectionOf(handoffs.run({ ...work, session }, unreachable));
    expect(error).toMatchObject({ code: "unavailable", outcome: "unknown" });
    // The start is there after all: without an end it would look as if it ran for ever.
    expect((await records()).map(({ status }) => status)).toEqual(["started", "failed"]);
  });
});

describe("fail", () => {
  test("a start that cannot be recorded throws, and the receiver does not run", async () => {
    const { handoffs, session, records } = bench({}, (log) => failingAppends(log, ["down", "down", "down"]));
    const error = await rejectionOf(handoffs.run({ ...work, session }, unreachable));
    expect(error).toMatchObject({ code: "unavailable", outcome: "not-applied" });
    expect(await records()).toEqual([]);
  });

  test("so does a session that cannot be read", async () => {
    const { handoffs, session } = bench({}, brokenReads);
    const error = await rejectionOf(handoffs.run({ ...work, session }, unreachable));
    expect(MemoryError.isInstance(error, "unavailable")).toBe(true);
  });

  test("an end that cannot be recorded throws with the result and the record", async () => {
    const plan: (Fault | undefined)[] = [undefined, "down", "lost", "down"];
    const { handoffs, session } = bench({}, (log) => failingAppends(log, plan));
    const error = await rejectionOf(handoffs.run({ ...work, session }, done));
    expect(error).toBeInstanceOf(HandoffNotRecorded);
    expect(error).toMatchObject({
      code: "unavailable",
      outcome: "unknown",
      retryable: false,
      result: "done",
      record: { status: "completed", outcome: "done" },
    });
  });

  test("a receiver's own error matters more than an end that cannot be recorded", async () => {
    const plan: (Fault | undefined)[] = [undefined, "down", "down", "down"];
    const { handoffs, session, problems } = bench({}, (log) => failingAppends(log, plan));
    const own = new Error("mine");
    expect(await rejectionOf(handoffs.run({ ...work, session }, () => Promise.reject(own)))).toBe(own);
    expect(problems).toMatchObject([{ problem: { phase: "end", record: { status: "failed" } } }]);
  });

  test("a session that was deleted meanwhile is not brought back by the end", async () => {
    const { handoffs, session, log } = bench();
    const error = await rejectionOf(handoffs.run({ ...work, session }, () => log.delete(session)));
    expect(error).toMatchObject({ code: "history-lost", result: true });
    expect(await log.head(session)).toBeUndefined();
  });
});

describe("degrade", () => {
  const degrade = { onMemoryFailure: "degrade" } as const;

  test("runs the receiver, tells it, and records at the end what the start would have said", async () => {
    const down: Fault[] = ["down", "down", "down"];
    const { handoffs, session, say, records, problems, pass } = bench(degrade, (log) =>
      failingAppends(log, down),
    );
    await say("hello");
    const result = await handoffs.run(
      { ...work, session, data: 7, policy: full() },
      ({ degraded, messages }) => {
        pass(30);
        return { degraded, heard: messages.length };
      },
    );
    expect(result).toEqual({ degraded: true, heard: 1 });
    expect(problems.map(({ problem }) => problem.phase)).toEqual(["start"]);
    expect(await records()).toMatchObject([
      {
        ...work,
        status: "degraded",
        data: 7,
        durationMs: 30,
        context: { passed: [{ from: 1, to: 1 }], dropped: [], version: 1 },
      },
    ]);
    expect((await handoffs.chain(session)).entries).toMatchObject([
      { outcome: { degraded: true, heard: 1 } },
    ]);
  });

  test("runs without messages when the session cannot be read", async () => {
    const { handoffs, session, say, records, problems } = bench(degrade, brokenReads);
    await say("hello");
    const result = await handoffs.run({ ...work, session }, ({ messages, degraded }) => ({
      degraded,
      heard: messages.length,
    }));
    expect(result).toEqual({ degraded: true, heard: 0 });
    expect(problems.map(({ problem }) => problem.phase)).toEqual(["read"]);
    expect((await records()).map(({ status, context }) => [status, context?.policy])).toEqual([
      ["started", "none"],
      ["degraded", undefined],
    ]);
  });

  test("keeps the error of a receiver that failed while degraded", async () => {
    const { handoffs, session, records } = bench(degrade, (log) =>
      failingAppends(log, ["down", "down", "down"]),
    );
    await rejectionOf(handoffs.run({ ...work, session }, () => Promise.reject(new Error("mine"))));
    expect(await records()).toMatchObject([{ status: "degraded", error: { message: "mine" } }]);
  });

  test("returns the result and reports the whole record when the memory never comes back", async () => {
    const { handoffs, session, records, problems } = bench(degrade, (log) => ({
      ...bound(log),
      append: () => Promise.reject(new Error("socket closed")),
    }));
    expect(await handoffs.run({ ...work, session }, done)).toBe("done");
    expect(await records()).toEqual([]);
    expect(problems).toMatchObject([
      { problem: { phase: "start" } },
      { problem: { phase: "end", record: { ...work, status: "degraded", outcome: "done" } } },
    ]);
  });

  test("never runs what the store refuses: a stale fence, a lost history", async () => {
    const { handoffs, session, store, say } = bench(degrade);
    await say("hello");
    await store.leases?.acquire(session, { ttlMs: 10_000 });
    const stale = await rejectionOf(
      handoffs.run({ ...work, session: { ...session, fence: 1 } }, unreachable),
    );
    expect(MemoryError.isInstance(stale, "conflict")).toBe(true);
  });

  test("needs somebody to be told", () => {
    const { log } = bench();
    expect(() => bench({ ...degrade, onError: undefined as never }, () => log)).toThrow(/onError/);
  });
});

test("a store that hangs is a store that is down", async () => {
  const hang = new Promise<never>(() => {});
  const { handoffs, session } = bench({ timeoutMs: 20 }, (log) => ({ ...bound(log), read: () => hang }));
  const error = await rejectionOf(handoffs.run({ ...work, session }, unreachable));
  expect(MemoryError.isInstance(error, "timeout")).toBe(true);
});

describe("a store that never answers well", () => {
  /** A log whose appends fail as `fail` says, and how often the store was asked in all. */
  function broken(
    fail: (count: () => number, signal?: AbortSignal) => Promise<never>,
    patience: { readonly timeoutMs?: number } = {},
  ) {
    let calls = 0;
    const { handoffs, session } = bench({ retry: { attempts: 3, delayMs: 0 }, ...patience }, (log) => ({
      ...bound(log),
      append: (_address, _events, options) => fail(() => ++calls, options?.signal),
    }));
    return { handoffs, session, calls: () => calls };
  }
  const down = (): Promise<never> => Promise.reject(new MemoryError("unavailable", "The store is down."));
  const inner = { attempts: 4, delayMs: 0, when: () => true };

  test("is asked as often as the handoffs try, when it does not retry by itself", async () => {
    const { handoffs, session, calls } = broken((count) => {
      count();
      return down();
    });
    const error = await rejectionOf(handoffs.run({ ...work, session }, unreachable));
    expect(error).toMatchObject({ code: "unavailable", details: { attempts: 3 } });
    expect(calls()).toBe(3);
  });

  test("is asked no more often than it retries by itself", async () => {
    const { handoffs, session, calls } = broken((count) =>
      retry(() => {
        count();
        return down();
      }, inner),
    );
    const error = await rejectionOf(handoffs.run({ ...work, session }, unreachable));
    expect(error).toMatchObject({ code: "unavailable", details: { attempts: 4 } });
    expect(calls()).toBe(4);
  });

  test("is not asked again when it is still retrying at the end of our patience", async () => {
    let given: AbortSignal | undefined;
    const { handoffs, session, calls } = broken(
      (count, signal) => {
        count();
        given ??= signal;
        return new Promise(() => undefined);
      },
      { timeoutMs: 20 },
    );
    const error = await rejectionOf(handoffs.run({ ...work, session }, unreachable));
    expect(error).toMatchObject({ code: "timeout", outcome: "unknown" });
    expect(given?.aborted).toBe(true);
    // The start, and the end that says that it may stand there without a receiver that runs.
    expect(calls()).toBe(2);
  });
});

function brokenReads(log: EventLog): EventLog {
  return { ...bound(log), read: () => Promise.reject(new MemoryError("unavailable", "The store is down.")) };
}
