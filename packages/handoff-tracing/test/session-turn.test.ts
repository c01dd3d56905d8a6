import type { StoredEvent } from "@relevo/core";
import type { TurnOptions, TurnSession } from "@relevo/memory";
import { describe, expect, test } from "vitest";
import { bench, bound, callMessage, done, rejectionOf, work } from "./support.ts";
import { withMemory } from "./with-memory.ts";

const asks: TurnOptions = { operationId: "request-1", request: "question" };
const turnName = "relevo:turn";

/** Runs the work in a turn that dies before its end. */
async function dying(
  on: ReturnType<typeof withMemory>,
  run: (turn: TurnSession) => Promise<unknown>,
): Promise<void> {
  const open = await on.session.beginTurn(asks);
  await open.run(() => run(open.session));
  await open.abandon();
}

/** All that was ever appended. */
async function allOf(on: ReturnType<typeof withMemory>): Promise<readonly StoredEvent[]> {
  return (await on.session.events({ retracted: "include", limit: 1000 })).events;
}

async function shown(on: ReturnType<typeof withMemory>): Promise<readonly unknown[]> {
  return (await on.session.messages()).map(({ content }) => content);
}

describe("what a handoff appends in a turn", () => {
  test("carries the id of the turn, through each object of the session", async () => {
    const on = withMemory();
    const { handoffs } = on;
    await on.session.append({ role: "user", content: "before" });
    await on.session.turn(async (turn) => {
      for (const session of [turn, on.open()]) {
        const cause = { role: "assistant", content: "I pass you on." } as const;
        await handoffs.run({ ...work, session, cause }, ({ handoff }) =>
          handoff({ to: "c", reason: "r" }, done),
        );
        const handle = await handoffs.start(session, { ...work, policy: ({ messages }) => messages, cause });
        await handle.fail(new Error("it is busy"));
      }
      const stale = await handoffs.start(turn, work);
      on.pass(60_000);
      expect(await handoffs.abandonStale(turn, { olderThanMs: 1 })).toMatchObject([
        { handoffId: stale.handoffId },
      ]);
    }, asks);
    const [first, ...rest] = await allOf(on);
    expect(first?.metadata).toBeUndefined();
    expect(rest.length).toBeGreaterThan(18);
    expect(new Set(rest.map(({ metadata }) => metadata?.[turnName]))).toEqual(new Set(["request-1"]));
    expect(new Set(rest.map(({ type }) => type))).toEqual(
      new Set(["message", "handoff", "x-handoff-result", "x-relevo-turn"]),
    );
  });

  test("carries nothing outside of a turn, nor for an address", async () => {
    const on = withMemory();
    await on.handoffs.run({ ...work, session: on.session }, done);
    await on.session.turn(async () => {
      await on.handoffs.run({ ...work, session: on.session.address }, done);
    });
    expect((await allOf(on)).map(({ metadata }) => metadata)).toEqual(Array(4).fill(undefined));
  });

  test("is retracted when the turn died and runs again: no call is left without its result, and no result", async () => {
    const on = withMemory();
    const work1 = async (turn: TurnSession): Promise<void> => {
      await turn.append([{ role: "user", content: "question" }, callMessage("call-1")]);
      const request = { ...work, session: turn, callId: "call-1", callResult: "passed on" };
      await on.handoffs.run(request, done);
      const cause = { role: "assistant", content: "and on" } as const;
      await on.handoffs.run({ ...work, session: turn, cause }, done);
    };
    await dying(on, work1);
    await dying(on, work1);
    await on.session.turn(work1, asks);
    expect(await shown(on)).toEqual([
      "question",
      [expect.objectContaining({ toolCallId: "call-1", type: "tool-call" })],
      [expect.objectContaining({ toolCallId: "call-1", output: "passed on" })],
      "and on",
    ]);
    // What happened stays in the audit.
    expect((await on.records()).filter(({ status }) => status === "completed")).toHaveLength(6);
  });

  test("is retracted with the turn when that is abandoned so", async () => {
    const on = withMemory();
    const open = await on.session.beginTurn(asks);
    const cause = { role: "assistant", content: "I pass you on." } as const;
    await on.handoffs.run({ ...work, session: open.session, cause }, done);
    await open.abandon({ retract: true });
    expect(await shown(on)).toEqual([]);
  });
});

describe("the loop guard", () => {
  test("does not count the handoffs of a run of the turn that died", async () => {
    const on = withMemory({ maxRepeats: 1 });
    await on.session.append({ role: "user", content: "question" });
    const back = async (turn: TurnSession): Promise<void> => {
      await on.handoffs.run({ session: turn, from: "a", to: "b", reason: "1" }, done);
      await on.handoffs.start(turn, { from: "b", to: "a", reason: "2" });
    };
    for (let run = 0; run < 3; run++) await dying(on, back);
    await on.session.turn(back, asks);
    // Those of a turn that has ended count.
    const again = on.handoffs.run({ session: on.session, from: "a", to: "b", reason: "3" }, done);
    expect(await rejectionOf(again)).toMatchObject({ refusal: "repeats" });
  });

  test("counts those of this run, and those before the turn", async () => {
    const on = withMemory({ maxRepeats: 1 });
    await on.handoffs.run({ session: on.session, from: "a", to: "b", reason: "1" }, done);
    await on.session.turn(async (turn) => {
      await on.handoffs.run({ session: turn, from: "b", to: "a", reason: "2" }, done);
      const again = on.handoffs.run({ session: turn, from: "a", to: "b", reason: "3" }, done);
      expect(await rejectionOf(again)).toMatchObject({ refusal: "repeats" });
    }, asks);
  });
});

describe("the recorded result of a turn", () => {
  const secret = "+49 170 4711";

  test.each([
    [
      "a receiver was shown",
      async (on: ReturnType<typeof withMemory>, session: TurnSession) =>
        await on.handoffs.run({ ...work, session, outcome: () => undefined }, ({ messages }) =>
          String(messages[0]?.content),
        ),
    ],
    [
      "a framework was shown",
      async (on: ReturnType<typeof withMemory>, session: TurnSession) => {
        const handle = await on.handoffs.start(session, { ...work, policy: ({ messages }) => messages });
        await handle.complete();
        return String(handle.messages?.[0]?.content);
      },
    ],
    [
      "an earlier receiver was shown, as it is rebuilt",
      async (on: ReturnType<typeof withMemory>, session: TurnSession) => {
        const [earlier] = (await on.handoffs.chain(session)).entries;
        const rebuilt = await on.handoffs.rebuild(session, earlier?.handoffId ?? "");
        return JSON.stringify(rebuilt?.messages);
      },
    ],
  ] as const)("is erased with what %s", async (_, answer) => {
    const on = withMemory();
    await on.session.append({ role: "user", content: secret });
    await on.handoffs.run({ ...work, session: on.session }, () => undefined);
    const run = (): Promise<unknown> => on.session.turn((turn) => answer(on, turn), asks);
    expect(await run()).toContain(secret);
    await on.session.erase({ seqs: [1] });
    expect(JSON.stringify(await allOf(on))).not.toContain(secret);
    expect(await rejectionOf(run())).toMatchObject({ code: "not-found" });
  });
});

test("a handoff that is refused only on its second try is observed, reported and recorded once", async () => {
  const seen: string[] = [];
  let others = 1;
  const on = bench(
    {
      maxRepeats: 1,
      observer: {
        onStart: ({ record: { to } }) => {
          seen.push(`observed ${to}`);
          return { onEnd: ({ record }) => seen.push(`over ${to} ${record.status}`) };
        },
      },
      onHandoff: { ended: ({ record, recorded }) => seen.push(`ended ${record.to} ${recorded}`) },
    },
    (log) => ({
      ...bound(log),
      append: async (...[address, events, options]) => {
        // Others hand over to and fro before the first try is appended.
        if (others-- > 0) {
          const elsewhere = bench({ maxRepeats: 1 }, () => log);
          await elsewhere.handoffs.run({ session: address, from: "a", to: "b", reason: "1" }, done);
          await elsewhere.handoffs.run({ session: address, from: "b", to: "a", reason: "2" }, done);
        }
        return log.append(address, events, options);
      },
    }),
  );
  const cause = { role: "assistant", content: "I pass you on." } as const;
  const request = { session: on.session, from: "a", to: "b", reason: "3", cause };
  const refused = await rejectionOf(on.handoffs.run(request, () => expect.unreachable()));
  expect(refused).toMatchObject({ refusal: "repeats" });
  expect(seen).toEqual(["observed b", "over b rejected", "ended b true"]);
  expect((await on.records()).filter(({ status }) => status === "rejected")).toHaveLength(1);
  expect((await on.handoffs.chain(on.session)).entries.map(({ status }) => status)).toEqual([
    "completed",
    "completed",
    "rejected",
  ]);
  expect(on.problems).toEqual([]);
});
