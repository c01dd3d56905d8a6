import { MemoryError } from "@relevo/core";
import { describe, expect, test } from "vitest";
import type { HandoffCallbacks } from "../src/index.ts";
import { type Bench, bench, bound, done, failingAppends, rejectionOf, work } from "./support.ts";

/** Callbacks that note what they are told, as `phase to status recorded`. */
function noting(): { readonly seen: string[]; readonly onHandoff: HandoffCallbacks } {
  const seen: string[] = [];
  const note =
    (phase: string): NonNullable<HandoffCallbacks["ended"]> =>
    ({ record, recorded }) => {
      seen.push(`${phase} ${record.to} ${record.status}${recorded ? "" : " unrecorded"}`);
    };
  return { seen, onHandoff: { started: note("started"), ended: note("ended") } };
}

async function run(on: Bench, receiver: () => unknown = () => "done"): Promise<void> {
  await on.handoffs.run({ ...work, session: on.session }, receiver);
}

describe("onHandoff", () => {
  test("is told of starts and ends after they are recorded", async () => {
    const order: string[] = [];
    const { seen, onHandoff } = noting();
    const on = bench({ onHandoff }, (log) => ({
      ...bound(log),
      append: async (...call) => {
        const result = await log.append(...call);
        order.push(`appended ${seen.length}`);
        return result;
      },
    }));
    await run(on, () => order.push("receiver"));
    await (await on.handoffs.start(on.session, work)).reject("busy");
    expect(seen).toEqual([
      "started qualifier started",
      "ended qualifier completed",
      "started qualifier started",
      "ended qualifier rejected",
    ]);
    expect(order.slice(0, 3)).toEqual(["appended 0", "receiver", "appended 1"]);
  });

  test("is told of a refusal as an end alone, and of each end once", async () => {
    const { seen, onHandoff } = noting();
    const on = bench({ onHandoff, maxDepth: 0 });
    await on.handoffs.run({ ...work, session: on.session }, async ({ handoff }) => {
      await rejectionOf(handoff({ to: "inner", reason: "r" }, done));
    });
    const handle = await on.handoffs.start(on.session, work);
    await Promise.all([handle.complete(), handle.fail(new Error("late"))]);
    expect(seen.filter((one) => one.startsWith("ended"))).toEqual([
      "ended inner rejected",
      "ended qualifier completed",
      "ended qualifier completed",
    ]);
    expect(seen.filter((one) => one.startsWith("started"))).toHaveLength(2);
  });

  test("that throws or rejects goes to onError and breaks nothing", async () => {
    const on = bench({
      onHandoff: {
        started: () => {
          throw new Error("started");
        },
        ended: () => Promise.reject(new Error("ended")),
      },
    });
    expect(await on.handoffs.run({ ...work, session: on.session }, done)).toBe("done");
    await expect
      .poll(() => on.problems.map(({ error, problem }) => `${problem.phase} ${(error as Error).message}`))
      .toEqual(["callback started", "callback ended"]);
    expect(await on.records()).toMatchObject([{ status: "started" }, { status: "completed" }]);
  });

  test("is told what could not be recorded", async () => {
    const down = ["down", "down", "down"] as const;
    const { seen, onHandoff } = noting();
    const on = bench({ onHandoff, onMemoryFailure: "degrade" }, (log) =>
      failingAppends(log, [...down, ...down]),
    );
    await run(on);
    expect(seen).toEqual(["started qualifier started unrecorded", "ended qualifier degraded unrecorded"]);
  });

  test("is told once of an end that is recorded at the second call", async () => {
    const { seen, onHandoff } = noting();
    const on = bench({ onHandoff }, (log) => failingAppends(log, [undefined, "down", "down", "down"]));
    const handle = await on.handoffs.start(on.session, work);
    expect(MemoryError.isInstance(await rejectionOf(handle.complete()), "unavailable")).toBe(true);
    expect(seen).toHaveLength(1);
    await handle.complete();
    await handle.complete();
    expect(seen).toEqual(["started qualifier started", "ended qualifier completed"]);
  });

  test("refuses a name that it does not know", () => {
    expect(() => bench({ onHandoff: { onStart: () => undefined } as never })).toThrow("onStart");
  });
});
