import { once } from "node:events";
import { type EventInput, isEvent, MemoryError, type Message } from "@relevo/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { ContextFunction } from "../src/context/context-policy.ts";
import { last, policies } from "../src/context/policies.ts";
import { HandoffRefused } from "../src/record/handoff-errors.ts";
import { type Bench, bench, bound, callMessage, failingAppends, rejectionOf, work } from "./support.ts";

/** The types of the log's events, with what the messages say. */
async function story(on: Bench): Promise<string[]> {
  const { events } = await on.log.read(on.session);
  return events.map((event) => {
    if (isEvent(event, "handoff")) return event.body.status;
    const content = isEvent(event, "message") ? event.body.content : event.type;
    return typeof content === "string" ? content : (content[0]?.type ?? "");
  });
}

function said(rebuilt: { readonly messages: readonly object[] } | undefined): unknown[] {
  return (rebuilt?.messages ?? []).map((one) =>
    "message" in one ? (one.message as Message).content : "missing" in one && one.missing,
  );
}

const says = (content: string): Message => ({ role: "assistant", content });

describe("a start with its cause", () => {
  test("appends the message right before it, in one step, with an id and a time", async () => {
    const on = bench();
    await on.say("hello");
    const handle = await on.handoffs.start(on.session, { ...work, cause: says("I pass you on.") });
    await handle.complete();
    expect(await story(on)).toEqual(["hello", "I pass you on.", "started", "completed"]);
    const { events } = await on.log.read(on.session, { types: ["message"] });
    expect(events[1]?.body).toMatchObject({ id: expect.any(String), at: on.clock.now() });
  });

  test("lets the policy choose among the new messages, and what it chose can be rebuilt", async () => {
    const on = bench();
    await on.say("one", "two");
    const request = { ...work, policy: last(2), cause: [callMessage("c1"), says("Passing on.")] };
    const handle = await on.handoffs.start(on.session, request);
    expect(handle.messages?.at(-1)?.content).toBe("Passing on.");
    await on.say("later");
    const rebuilt = await on.handoffs.rebuild(on.session, handle.handoffId);
    expect(rebuilt?.messages.map((one) => "message" in one && one.message)).toEqual(handle.messages);
    expect(rebuilt?.complete).toBe(true);
    const [entry] = (await on.handoffs.chain(on.session)).entries;
    expect(entry?.context).toMatchObject({ version: 4, dropped: [{ from: 1, to: 2 }] });
  });

  test("stands in order although others write first, and names the right messages", async () => {
    let others = 3;
    const on = bench({}, (log) => ({
      ...bound(log),
      append: async (...call) => {
        const isStart = call[1].some(({ type }) => type === "handoff");
        if (isStart && others-- > 0) await log.append(call[0], [hello]);
        return await log.append(...call);
      },
    }));
    const hello: EventInput = { type: "message", body: { role: "user", content: "meanwhile" } };
    await on.say("first");
    const handle = await on.handoffs.start(on.session, { ...work, policy: last(2), cause: says("cause") });
    expect(await story(on)).toEqual(["first", "meanwhile", "meanwhile", "meanwhile", "cause", "started"]);
    expect(said(await on.handoffs.rebuild(on.session, handle.handoffId))).toEqual(["meanwhile", "cause"]);
  });

  test("stands in order in `run` too when others write first", async () => {
    let others = 2;
    const on = bench({}, (log) => ({
      ...bound(log),
      append: async (...call) => {
        if (others-- > 0) await log.append(call[0], [{ type: "message", body: says("meanwhile") }]);
        return await log.append(...call);
      },
    }));
    const told = { policy: last(1), outcome: () => undefined, cause: says("cause") };
    const request = { ...work, session: on.session, ...told };
    const id = await on.handoffs.run(request, ({ handoffId }) => handoffId);
    expect(await story(on)).toEqual(["meanwhile", "meanwhile", "cause", "started", "completed"]);
    expect(said(await on.handoffs.rebuild(on.session, id)).at(-1)).toBe("cause");
  });

  test("gives up when others write first each time, and leaves no start", async () => {
    const on = bench({}, (log) => ({
      ...bound(log),
      append: async (...call) => {
        const isStart = call[1].some(({ type, body }) => type === "handoff" && body.status === "started");
        if (isStart) await log.append(call[0], [{ type: "x-noise", body: 1 }]);
        return await log.append(...call);
      },
    }));
    const request = { ...work, policy: last(2), cause: says("cause") };
    const error = await rejectionOf(on.handoffs.start(on.session, request));
    expect(MemoryError.isInstance(error, "conflict")).toBe(true);
    expect(error).toMatchObject({ retryable: true, details: { attempts: 20 } });
    expect((await story(on)).filter((one) => one !== "x-noise")).toEqual([]);
  });

  test("is appended once, whatever answer is lost", async () => {
    const on = bench({}, (log) => failingAppends(log, ["applied-but-lost", "applied-but-lost"]));
    const handle = await on.handoffs.start(on.session, { ...work, policy: last(2), cause: says("cause") });
    await handle.complete();
    expect(await story(on)).toEqual(["cause", "started", "completed"]);
  });

  test("works in `run` too, and is recorded with a refusal", async () => {
    const on = bench({ maxDepth: 0 });
    await on.say("book it");
    const request = { ...work, session: on.session, cause: callMessage("c1"), callId: "c1" };
    await on.handoffs.run(request, async ({ messages, handoff }) => {
      expect(messages).toHaveLength(3);
      await rejectionOf(
        handoff({ to: "next", reason: "r", cause: says("over to you") }, () => expect.unreachable()),
      );
    });
    expect(await story(on)).toEqual([
      "book it",
      "tool-call",
      "started",
      "over to you",
      "rejected",
      "completed",
      "tool-result",
    ]);
  });

  test.each([
    ["the store refuses every try", ["down", "down", "down"] as const],
    ["its answer is lost", ["applied-but-lost", "down", "down"] as const],
  ])("under `degrade` comes with the end, once, when %s", async (_, plan) => {
    const on = bench({ onMemoryFailure: "degrade" }, (log) => failingAppends(log, [undefined, ...plan]));
    await on.log.append(on.session, [{ type: "message", body: { role: "user", content: "hello" } }]);
    await on.handoffs.start(on.session, work);
    const handle = await on.handoffs.start(on.session, { ...work, policy: last(5), cause: says("cause") });
    expect(handle.messages).toHaveLength(2);
    await handle.complete();
    expect((await story(on)).filter((one) => one === "cause")).toHaveLength(1);
    const rebuilt = await on.handoffs.rebuild(on.session, handle.handoffId);
    if (plan[0] === "down") {
      expect(said(rebuilt)).toEqual(["hello", "erased"]);
      expect(rebuilt?.complete).toBe(false);
    } else expect(said(rebuilt)).toEqual(["hello", "cause"]);
  });

  test("is refused when it is no message", async () => {
    const on = bench();
    const cause = { role: "nobody", content: "x" } as never;
    expect(await rejectionOf(on.handoffs.start(on.session, { ...work, cause }))).toMatchObject({
      code: "invalid-input",
    });
    expect(await story(on)).toEqual([]);
  });
});

describe("a start with seqs", () => {
  test("records them as shown, in their order, and the cause after them", async () => {
    const on = bench();
    await on.say("one", "two", "three", "four");
    const seqs = [4, { from: 1, to: 2 }];
    const handle = await on.handoffs.start(on.session, { ...work, seqs, cause: says("cause") });
    expect(handle.messages).toBeUndefined();
    const rebuilt = await on.handoffs.rebuild(on.session, handle.handoffId);
    expect(said(rebuilt)).toEqual(["four", "one", "two", "cause"]);
    expect((await on.records())[0]?.context).toEqual({
      policy: "seqs",
      passed: [
        { from: 4, to: 4 },
        { from: 1, to: 2 },
        { from: 5, to: 5 },
      ],
      dropped: [{ from: 3, to: 3 }],
      version: 5,
    });
  });

  test.each([[[5]], [[0]], [[1, 1]], [[{ from: 1, to: 3 }, 2]], [["1"]]])("refuses %j", async (seqs) => {
    const on = bench();
    await on.say("one", "two", "three", "four");
    const request = { ...work, seqs: seqs as number[] };
    expect(await rejectionOf(on.handoffs.start(on.session, request))).toMatchObject({
      code: "invalid-input",
    });
    expect(await on.records()).toEqual([]);
  });

  test("refuses a policy beside them", async () => {
    const on = bench();
    const request = { ...work, seqs: [], policy: policies.none() };
    expect(await rejectionOf(on.handoffs.start(on.session, request))).toMatchObject({
      message: expect.stringContaining("one of policy, seqs and context"),
    });
  });
});

describe("a start with a policy", () => {
  test("under `degrade` says that nothing could be read, and goes on", async () => {
    let down = false;
    const on = bench({ onMemoryFailure: "degrade" }, (log) => ({
      ...bound(log),
      read: (...call) => (down ? Promise.reject(new MemoryError("unavailable", "down")) : log.read(...call)),
    }));
    await on.say("one");
    down = true;
    const handle = await on.handoffs.start(on.session, { ...work, policy: last(2) });
    down = false;
    await handle.complete();
    expect(handle.messages).toBeUndefined();
    expect(on.problems).toMatchObject([{ problem: { phase: "read" } }]);
    expect(await on.records()).toMatchObject([{ status: "started" }, { status: "degraded" }]);
  });

  test("that fails is thrown, and nothing is recorded", async () => {
    const on = bench();
    const policy = (): never => {
      throw new Error("no idea");
    };
    expect(await rejectionOf(on.handoffs.start(on.session, { ...work, policy }))).toMatchObject({
      message: "no idea",
    });
    expect(await on.records()).toEqual([]);
  });
});

describe("the handoffs of one session", () => {
  test("are the same calls, bound to it", async () => {
    const on = bench();
    const own = on.handoffs.for(on.session);
    const id = await own.run({ ...work }, ({ handoffId }) => handoffId);
    await (await own.start(work)).complete();
    expect((await own.chain()).entries).toHaveLength(2);
    expect((await own.graph()).edges).toMatchObject([{ count: 2 }]);
    expect(await own.rebuild(id)).toMatchObject({ handoffId: id, complete: true });
    expect(await own.abandonStale()).toEqual([]);
    expect(() => on.handoffs.for({} as never)).toThrow("tenant");
  });
});

describe("a start with a schema", () => {
  const schema = z.object({ score: z.coerce.number().min(0) });

  test("records the data as the schema makes it, and gives it back", async () => {
    const on = bench();
    let given: unknown;
    const policy: ContextFunction = ({ data }) => {
      given = data;
      return [];
    };
    const handle = await on.handoffs.start(on.session, { ...work, data: { score: "85" }, schema, policy });
    await handle.complete();
    expect([handle.data, given]).toEqual([{ score: 85 }, { score: 85 }]);
    expect(await on.records()).toMatchObject([{ data: { score: 85 } }, { status: "completed" }]);
  });

  test("refuses other data before anything starts, and records that with its cause", async () => {
    const on = bench();
    const request = { ...work, data: { score: -1 }, schema, cause: says("Passing on.") };
    const error = await rejectionOf(on.handoffs.start(on.session, request));
    expect(error).toBeInstanceOf(HandoffRefused);
    expect(error).toMatchObject({ refusal: "data", details: { issues: [{ path: "score" }] } });
    expect(await story(on)).toEqual(["Passing on.", "rejected"]);
    expect((await on.records())[0]).toMatchObject({ data: { score: -1 } });
  });

  test("throws the refusal although it cannot be recorded, and reports that", async () => {
    const on = bench({}, (log) => failingAppends(log, ["down", "down", "down"]));
    const error = await rejectionOf(on.handoffs.start(on.session, { ...work, data: {}, schema }));
    expect(error).toBeInstanceOf(HandoffRefused);
    expect(on.problems).toMatchObject([{ problem: { phase: "end", record: { status: "rejected" } } }]);
  });
});

describe("a start with a time limit", () => {
  const ended = async (handle: { readonly signal: AbortSignal }): Promise<unknown> => {
    if (!handle.signal.aborted) await once(handle.signal, "abort");
    return handle.signal.reason;
  };

  test("is recorded as timed out when it is over; the signal fires, and a later end throws the same", async () => {
    const on = bench();
    const handle = await on.handoffs.start(on.session, { ...work, timeoutMs: 1 });
    const reason = await ended(handle);
    expect(reason).toMatchObject({ code: "timeout", details: { handoffId: handle.handoffId, timeoutMs: 1 } });
    for (const late of [handle.complete(), handle.fail(new Error("late")), handle.reject("late")])
      expect(await rejectionOf(late)).toBe(reason);
    await expect.poll(() => story(on)).toEqual(["started", "timed-out"]);
  });

  test("ends as usual before it is over", async () => {
    const on = bench();
    const handle = await on.handoffs.start(on.session, { ...work, timeoutMs: Number.MAX_SAFE_INTEGER });
    await handle.complete("done");
    await handle.complete("again");
    expect(handle.signal.aborted).toBe(false);
    expect(await story(on)).toEqual(["started", "completed"]);
  });

  test("reports an end that cannot be recorded", async () => {
    const on = bench({}, (log) => failingAppends(log, [undefined, "down", "down", "down"]));
    await ended(await on.handoffs.start(on.session, { ...work, timeoutMs: 1 }));
    await expect
      .poll(() => on.problems)
      .toMatchObject([{ problem: { phase: "end", record: { status: "timed-out" } } }]);
  });

  test.each([0, -1, 1.5, Number.NaN, "1"])("refuses %s as one", async (timeoutMs) => {
    const on = bench();
    const error = await rejectionOf(
      on.handoffs.start(on.session, { ...work, timeoutMs: timeoutMs as number }),
    );
    expect(error).toMatchObject({ code: "invalid-input", details: { field: "timeoutMs" } });
    expect(await story(on)).toEqual([]);
  });
});
