import { MemoryError } from "@relevo/core";
import { describe, expect, test } from "vitest";
import type { HandoffInput, HandoffParent } from "../src/handoff-types.ts";
import { type Bench, bench, done, rejectionOf } from "./support.ts";

/** Hands over one after the other, each by the agent that got control before. */
async function pass(on: Bench, ...agents: string[]): Promise<void> {
  for (let index = 1; index < agents.length; index++) {
    const [from = "", to = ""] = agents.slice(index - 1, index + 1);
    await on.handoffs.run({ session: on.session, from, to, reason: "next" }, done);
  }
}

describe("loops", () => {
  test("are refused before the receiver runs, and recorded as rejected", async () => {
    const on = bench({ maxRepeats: 2 });
    await pass(on, "a", "b", "a", "b", "a");
    const again = { session: on.session, from: "a", to: "b", reason: "again" };
    const error = await rejectionOf(on.handoffs.run(again, () => expect.unreachable()));
    expect(error).toMatchObject({
      code: "denied",
      details: { refusal: "repeats", repeats: 3, maxRepeats: 2 },
    });
    expect((await on.records()).at(-1)).toMatchObject({
      status: "rejected",
      from: "a",
      to: "b",
      error: { code: "denied" },
    });
    expect((await on.records()).filter(({ status }) => status === "started")).toHaveLength(4);
  });

  test("are found when the handoffs stand in each other", async () => {
    const on = bench({ maxRepeats: 2 });
    let runs = 0;
    const bounce = async (input: HandoffInput): Promise<void> => {
      runs++;
      await input.handoff({ to: input.from, reason: "back to you" }, bounce);
    };
    const error = await rejectionOf(
      on.handoffs.run({ session: on.session, from: "a", to: "b", reason: "start" }, bounce),
    );
    expect(MemoryError.isInstance(error, "denied")).toBe(true);
    expect(runs).toBe(4);
  });

  test("are found over three agents", async () => {
    const on = bench({ maxRepeats: 1 });
    await pass(on, "a", "b", "c", "a");
    expect(await rejectionOf(pass(on, "a", "b"))).toMatchObject({ refusal: "repeats" });
  });

  test("do not include calls that return to their sender, side by side ones, or other sessions", async () => {
    const on = bench({ maxRepeats: 1 });
    for (let round = 0; round < 5; round++) await pass(on, "writer", "critic");
    const fan = Array.from({ length: 5 }, () => pass(on, "planner", "worker"));
    await Promise.all(fan);
    const elsewhere = { ...on.session, session: "other" };
    await pass(on, "critic", "writer");
    await on.handoffs.run({ session: elsewhere, from: "writer", to: "critic", reason: "x" }, done);
    expect((await on.records()).filter(({ status }) => status === "rejected")).toEqual([]);
  });

  test("are told apart from the same agents at work in parallel, each within its own handoff", async () => {
    const on = bench({ maxRepeats: 1 });
    const step = (from: string, to: string, parent: HandoffParent | null): Promise<HandoffParent> => {
      const outcome = (): undefined => undefined;
      const request = { session: on.session, from, to, reason: "next", parent, outcome };
      return on.handoffs.run(request, ({ handoffId, depth }) => ({ handoffId, depth }));
    };
    const [slow, fast] = [await step("a", "b", null), await step("a", "b", null)];
    await step("c", "b", await step("b", "c", fast));
    await step("c", "b", await step("b", "c", slow));
    expect((await on.records()).filter(({ status }) => status === "started")).toHaveLength(6);
  });

  test("begin anew with a message of the user", async () => {
    const on = bench({ maxRepeats: 1 });
    await pass(on, "a", "b", "a");
    await on.say("something new");
    await pass(on, "a", "b", "a");
    expect(await rejectionOf(pass(on, "a", "b"))).toMatchObject({ code: "denied" });
  });

  test("are seen by another process from the log alone", async () => {
    const on = bench({ maxRepeats: 1 });
    await pass(on, "a", "b", "a");
    const other = bench({ maxRepeats: 1 }, () => on.log);
    expect(await rejectionOf(pass(other, "a", "b"))).toMatchObject({ code: "denied" });
  });
});

describe("depth", () => {
  test("beyond the limit is refused and recorded", async () => {
    const on = bench({ maxDepth: 1 });
    const error = await rejectionOf(
      on.handoffs.run({ session: on.session, from: "a", to: "b", reason: "1" }, ({ handoff }) =>
        handoff({ to: "c", reason: "2" }, (input) =>
          input.handoff({ to: "d", reason: "3" }, () => expect.unreachable()),
        ),
      ),
    );
    expect(error).toMatchObject({ code: "denied", details: { refusal: "depth", depth: 2, maxDepth: 1 } });
    expect((await on.records()).map(({ to, status }) => `${to} ${status}`)).toEqual([
      "b started",
      "c started",
      "d rejected",
      "c failed",
      "b failed",
    ]);
  });

  test.each([[{ maxDepth: -1 }], [{ maxRepeats: 0 }], [{ timeoutMs: 0 }], [{ retry: { attempts: 0 } }]])(
    "and other limits are checked: %j",
    (options) => {
      expect(() => bench(options)).toThrow(MemoryError);
    },
  );
});
