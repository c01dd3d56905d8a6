import { isEvent, MemoryError } from "@relevo/core";
import { describe, expect, test } from "vitest";
import { HandoffRefused } from "../src/index.ts";
import { type Bench, bench, callMessage, done, rejectionOf, work } from "./support.ts";

async function lastResult(on: Bench): Promise<unknown> {
  const { events } = await on.log.read(on.session, { types: ["message"] });
  const message = events.findLast((event) => isEvent(event, "message"))?.body;
  const part = typeof message?.content === "string" ? undefined : message?.content[0];
  return part?.type === "tool-result" ? part.output : undefined;
}

describe("a transfer and a delegation", () => {
  test("are recorded, and a handoff that says nothing is a transfer", async () => {
    const on = bench();
    await on.handoffs.run({ ...work, session: on.session }, ({ mode }) => expect(mode).toBe("transfer"));
    await on.handoffs.run({ ...work, session: on.session, mode: "delegate" }, done);
    await (await on.handoffs.start(on.session, { ...work, mode: "delegate" })).complete();
    const { entries } = await on.handoffs.chain(on.session);
    expect(entries.map(({ mode }) => mode)).toEqual(["transfer", "delegate", "delegate"]);
  });

  test("the outcome of a delegation is the result of its call, and is erased with what it came from", async () => {
    const on = bench();
    await on.say("secret", callMessage("c1"));
    let shown: unknown;
    await on.handoffs.run(
      { ...work, session: on.session, mode: "delegate", callId: "c1" },
      ({ messages }) => {
        shown = messages.at(-1)?.content;
        return { found: "secret" };
      },
    );
    expect(shown).toMatchObject([{ type: "tool-result", output: "The task was delegated to qualifier." }]);
    expect(await lastResult(on)).toEqual({ found: "secret" });
    await on.log.erase(on.session, { seqs: [{ from: 1, to: 1 }] });
    expect(JSON.stringify((await on.log.read(on.session)).events)).not.toContain("secret");
  });

  test("a delegation without an outcome, and a transfer, only say what happened", async () => {
    const on = bench();
    await on.say(callMessage("c1"));
    await on.handoffs.run({ ...work, session: on.session, mode: "delegate", callId: "c1" }, () => undefined);
    expect(await lastResult(on)).toBe("qualifier has finished.");
    await on.say(callMessage("c2"));
    await on.handoffs.run({ ...work, session: on.session, callId: "c2" }, () => "a result");
    expect(await lastResult(on)).toBe("Control was passed to qualifier.");
  });

  test("delegations that have ended gave control back: they are no part of a loop", async () => {
    for (const mode of ["delegate", "transfer"] as const) {
      const on = bench({ maxRepeats: 1 });
      const pass = (from: string, to: string): Promise<string> =>
        on.handoffs.run({ session: on.session, from, to, reason: "r", mode }, done);
      await pass("a", "b");
      await pass("b", "a");
      if (mode === "delegate") await pass("a", "b");
      else expect(await rejectionOf(pass("a", "b"))).toBeInstanceOf(HandoffRefused);
    }
  });
});

describe("a handoff with a timeout", () => {
  test("ends as timed-out at once, tells its receiver, and reports what that throws later", async () => {
    const on = bench();
    const finished = Promise.withResolvers<string>();
    let told: unknown;
    const running = on.handoffs.run({ ...work, session: on.session, timeoutMs: 5 }, ({ signal }) => {
      signal.addEventListener("abort", () => {
        told = signal.reason;
      });
      return finished.promise;
    });
    const error = await rejectionOf(running);
    expect(MemoryError.isInstance(error, "timeout")).toBe(true);
    expect(error).toMatchObject({ outcome: "unknown", retryable: false, details: { timeoutMs: 5 } });
    expect(told).toBe(error);
    expect(await on.records()).toMatchObject([
      { status: "started" },
      { status: "timed-out", error: { code: "timeout" } },
    ]);
    finished.reject(new Error("too late"));
    await expect.poll(() => on.problems).toMatchObject([{ problem: { phase: "late" } }]);
  });

  test("aborts what runs inside it; a timeout of the receiver's own making is a failure", async () => {
    const on = bench();
    const forever = new Promise<never>(() => undefined);
    await rejectionOf(
      on.handoffs.run({ ...work, session: on.session, timeoutMs: 5 }, ({ handoff }) =>
        handoff({ to: "inner", reason: "r" }, () => forever),
      ),
    );
    await rejectionOf(
      on.handoffs.run({ ...work, session: on.session, timeoutMs: 60_000 }, () => {
        throw new MemoryError("timeout", "the model did not answer");
      }),
    );
    await expect
      .poll(async () =>
        (await on.handoffs.chain(on.session)).entries.map(({ to, status }) => `${to} ${status}`),
      )
      .toEqual(["qualifier timed-out", "inner failed", "qualifier failed"]);
  });
});

describe("an error that passes through several handoffs", () => {
  test("is told once: outer handoffs name the one that it came from", async () => {
    const on = bench({ maxDepth: 1 });
    const deeper = { to: "inner", reason: "r" };
    const error = await rejectionOf(
      on.handoffs.run({ ...work, session: on.session }, ({ handoff }) =>
        handoff(deeper, (input) => input.handoff({ ...deeper, to: "deepest" }, done)),
      ),
    );
    expect(error).toMatchObject({ refusal: "depth", code: "denied" });
    const { entries } = await on.handoffs.chain(on.session);
    const refused = entries.find(({ to }) => to === "deepest");
    expect(refused).toMatchObject({ status: "rejected", error: { name: "HandoffRefused" } });
    expect(refused?.error?.message).toContain("nested 1 deep");
    for (const outer of entries.filter(({ to }) => to !== "deepest")) {
      expect(outer).toMatchObject({
        status: "failed",
        error: { name: "HandoffRefused", code: "denied", message: "" },
        causedBy: refused?.handoffId,
      });
    }
    expect(on.problems).toEqual([]);
  });

  test("is told again where the end that would tell it could not be recorded", async () => {
    let down = false;
    const on = bench({}, (log) => ({
      ...log,
      read: (...call) => log.read(...call),
      append: (...call) => (down ? Promise.reject(new Error("down")) : log.append(...call)),
    }));
    await rejectionOf(
      on.handoffs.run({ ...work, session: on.session }, async ({ handoff }) => {
        try {
          await handoff({ to: "inner", reason: "r" }, () => {
            down = true;
            throw new Error("out of paper");
          });
        } finally {
          down = false;
        }
      }),
    );
    const { entries } = await on.handoffs.chain(on.session);
    expect(entries).toMatchObject([
      { to: "qualifier", status: "failed", error: { message: "out of paper" } },
      { to: "inner", status: "running" },
    ]);
    expect(entries[0]).not.toHaveProperty("causedBy");
  });
});
