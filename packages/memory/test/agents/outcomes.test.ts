import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { durationQuantile } from "../../src/agents/duration-sketch.ts";
import { addOutcome, emptyTally, readTally, writeTally } from "../../src/agents/tally.ts";
import { createMemory, type Outcome } from "../../src/index.ts";
import { aborted, failure, oneStore, storyCount, twoStores, user } from "../fixture.ts";
import { randomFrom } from "../stats/random.ts";
import { countAll, differences, type Recorded } from "./reference.ts";

const hourMs = 3600 * 1000;

describe.each([
  { stores: "one store", open: () => oneStore() },
  { stores: "two stores", open: () => twoStores() },
])("an agent's outcomes on $stores", ({ open }) => {
  it("are counted by strategy, with rates, ratings, durations and the newest of them", async () => {
    const { memory, clock } = open();
    const planner = memory.tenant("acme").agent("planner");
    expect(await planner.performance()).toEqual({ total: 0, succeeded: 0, strategies: [], feedback: [] });
    for (const [strategy, success, rating] of [
      ["persona", true, 5],
      ["persona", true, 4],
      ["cold", false, 1],
    ] as const) {
      clock.advance(1_000);
      await planner.recordOutcome({ strategy, success, rating, durationMs: 100, task: "campaign" });
    }
    clock.advance(1_000);
    await planner.recordOutcome({ success: false });
    const found = await memory.tenant("acme").agent("planner").performance({ feedback: 2 });
    expect(found).toMatchObject({
      total: 4,
      succeeded: 2,
      successRate: { value: 0.5 },
      durationMs: { mean: 100 },
    });
    expect(found.strategies).toMatchObject([
      { strategy: "persona", count: 2, succeeded: 2, rating: 4.5, supported: false },
      { strategy: "cold", count: 1, succeeded: 0, rating: 1, supported: false },
    ]);
    expect(found.feedback).toEqual([
      { success: false, at: clock.now() },
      {
        success: false,
        strategy: "cold",
        rating: 1,
        durationMs: 100,
        task: "campaign",
        at: clock.now() - 1_000,
      },
    ]);
    expect((await memory.tenant("acme").agent("writer").performance()).total).toBe(0);
    expect((await memory.tenant("other").agent("planner").performance()).total).toBe(0);
    expect((await memory.tenant("acme").agents()).items).toEqual(["planner"]);
  });

  it("count once under an operation id, also when others were recorded since", async () => {
    const { memory } = open();
    const planner = memory.tenant("acme").agent("planner");
    const outcome: Outcome = { success: true, strategy: "a" };
    await planner.recordOutcome(outcome, { operationId: "job-1" });
    for (let index = 0; index < 20; index++) await planner.recordOutcome({ success: false, strategy: "b" });
    for (let index = 0; index < 20; index++) await planner.recordOutcome(outcome, { operationId: "job-1" });
    const { total, succeeded, feedback } = await planner.performance({ feedback: 50 });
    expect([total, succeeded, feedback.length]).toEqual([21, 1, 21]);
    const error = await failure(
      planner.recordOutcome({ success: false, strategy: "a" }, { operationId: "job-1" }),
      "conflict",
    );
    expect(error.details.conflict).toBe("operation");
    // Another agent's operations are its own.
    await memory.tenant("acme").agent("writer").recordOutcome(outcome, { operationId: "job-1" });
    expect((await memory.tenant("acme").agent("writer").performance()).total).toBe(1);
  });

  it("are all counted when many are recorded at once", async () => {
    const { memory } = open();
    const planner = memory.tenant("acme").agent("planner");
    await Promise.all(
      Array.from({ length: 64 }, (_, index) =>
        planner.recordOutcome(
          { success: index % 2 === 0, strategy: `s${index % 3}`, durationMs: index },
          { operationId: `op-${index % 48}-${index % 2}-${index % 3}` },
        ),
      ).map((one) => one.catch((error) => error)),
    );
    // 64 calls under 48 ids, of which 16 are used twice: each for another duration.
    const { total, succeeded } = await planner.performance();
    expect([total, succeeded]).toEqual([48, 24]);
  });

  it("of a session name it, go with it, and leave the counts", async () => {
    const { memory } = open();
    const acme = memory.tenant("acme");
    const session = acme.session("chat", { subject: "juan" });
    await session.append(user("hola"));
    await session.agent("planner").recordOutcome({ success: true, strategy: "a", task: "Juan's launch" });
    await acme.agent("planner").recordOutcome({ success: true, strategy: "a", task: "launch" });
    const before = await acme.agent("planner").performance();
    expect(before.feedback.map(({ session }) => session).sort()).toEqual(["chat", undefined]);
    const exported: string[] = [];
    for await (const line of acme.user("juan").export()) exported.push(line);
    expect(exported.filter((line) => line.includes("Juan's launch"))).toHaveLength(1);
    await acme.user("juan").erase();
    const after = await acme.agent("planner").performance();
    expect(after).toMatchObject({ total: 2, succeeded: 2, feedback: [{ task: "launch" }] });
    expect(after.feedback).toHaveLength(1);
    await failure(session.agent("planner").recordOutcome({ success: true }), "history-lost");
    expect((await session.agent("planner").performance()).total).toBe(2);
    await acme.agent("planner").clearOutcomes();
    expect(await acme.agent("planner").performance()).toMatchObject({ total: 0, feedback: [] });
    await acme.agent("planner").recordOutcome({ success: false });
    expect((await acme.agent("planner").performance()).total).toBe(1);
  });
});

describe("an agent's outcomes", () => {
  it("are what a count of all of them says", async () => {
    const outcomes = fc.array(
      fc.record(
        {
          success: fc.boolean(),
          strategy: fc.constantFrom("a", "b", "constructor", "ñ"),
          rating: fc.integer({ min: 0, max: 5 }),
          durationMs: fc.oneof(fc.double({ min: 0, max: 2, noNaN: true }), fc.integer({ min: 0, max: 1e9 })),
          passedMs: fc.integer({ min: -hourMs, max: 72 * hourMs }),
        },
        { requiredKeys: ["success", "passedMs"] },
      ),
      { maxLength: 100 },
    );
    await fc.assert(
      fc.asyncProperty(outcomes, async (list) => {
        let time = Date.UTC(2026, 0);
        const { memory } = oneStore({ clock: { now: () => time } });
        const agent = memory.tenant("acme").agent("planner");
        const recorded: Recorded[] = [];
        let newest = time;
        for (const { passedMs, ...outcome } of list) {
          time += passedMs;
          newest = Math.max(newest, time);
          await agent.recordOutcome(outcome);
          recorded.push({ ...outcome, at: time });
        }
        time = newest + hourMs;
        for (const halfLife of [undefined, "day", "week", "month"] as const) {
          const found = await agent.performance({ halfLife, feedback: 0 });
          expect(differences(found, countAll(recorded, time, halfLife))).toEqual([]);
        }
        const { feedback } = await agent.performance({ feedback: 50 });
        const times = recorded.map(({ at }) => at).sort((a, b) => b - a);
        if (recorded.length <= 50) expect(feedback.map(({ at }) => at)).toEqual(times);
      }),
      { numRuns: storyCount(12) },
    );
  });

  it("take no more room for a million than for some thousands, and their 95th percentile stays within 2 %", () => {
    const count = storyCount(1_000_000);
    const tally = emptyTally();
    const durations: number[] = [];
    const sizes: number[] = [];
    const { pick, chance } = randomFrom(7);
    const powers = Array.from({ length: 160 }, (_, power) => 1.25 ** power);
    for (let index = 1; index <= count; index++) {
      // From below a millisecond to the greatest that is admitted, some of them again and again.
      const durationMs = chance(0.001) ? Number.MAX_SAFE_INTEGER : pick(powers) * (0.5 + (index % 97) / 97);
      durations.push(durationMs);
      addOutcome(tally, {
        success: chance(0.5),
        strategy: pick(["a", "b"]),
        rating: 100,
        durationMs,
        at: index,
      });
      if (index === count || index === 20_000) sizes.push(JSON.stringify(writeTally(tally)).length);
    }
    durations.sort((a, b) => a - b);
    const exact = durations[Math.ceil(0.95 * count) - 1] ?? 0;
    const found = durationQuantile(readTally(writeTally(tally)).durations, 0.95) ?? 0;
    expect(Math.abs(found / exact - 1)).toBeLessThan(0.0200001);
    // A number more may have a digit more; there are no more numbers.
    expect(Math.max(...sizes)).toBeLessThan(2 * (sizes[0] ?? 0));
    expect(Math.max(...sizes)).toBeLessThan(20_000);
    const sums = [...tally.groups.values()].map(({ count, ratings }) => ratings / count);
    expect(sums).toEqual([100, 100]);
  });

  it("are all counted when several memories record at once, which meet in the store", async () => {
    const { store } = oneStore();
    const memories = Array.from({ length: 4 }, () => createMemory({ store }));
    const record = (index: number) =>
      memories[index % 4]?.tenant("acme").agent("planner").recordOutcome({ success: true });
    await Promise.all(Array.from({ length: 40 }, (_, index) => record(index)));
    expect((await memories[0]?.tenant("acme").agent("planner").performance())?.total).toBe(40);
  });

  it("keep the newest fifty, however many there were", async () => {
    const { memory, clock } = oneStore();
    const agent = memory.tenant("acme").agent("planner");
    for (let index = 0; index < 450; index++) {
      clock.advance(1);
      await agent.recordOutcome({ success: true, task: `${index}` });
    }
    const { feedback, total } = await agent.performance({ feedback: 50 });
    expect(total).toBe(450);
    expect(feedback.map(({ task }) => task)).toEqual(
      Array.from({ length: 50 }, (_, index) => `${449 - index}`),
    );
  });

  it("recommend what has enough behind it", async () => {
    const { memory, clock } = oneStore();
    const agent = memory.tenant("acme").agent("planner");
    const record = async (strategy: string, good: number, bad: number, rating = 3): Promise<void> => {
      for (let index = 0; index < good + bad; index++)
        await agent.recordOutcome({ strategy, success: index < good, rating });
    };
    expect(await agent.recommend()).toBeUndefined();
    await record("lucky", 2, 0, 5);
    expect(await agent.recommend()).toBeUndefined();
    await record("steady", 18, 2);
    await record("even", 10, 10);
    const best = await agent.recommend();
    expect(best).toMatchObject({ strategy: "steady", count: 20, succeeded: 18, rating: 3, supported: true });
    // Wilson's interval for 18 of 20, as tables have it.
    expect(best?.successRate.low).toBeCloseTo(0.699, 3);
    expect(best?.successRate.high).toBeCloseTo(0.9721, 3);
    expect(best?.others.map(({ strategy }) => strategy)).toEqual(["even", "lucky"]);
    // One success in one: as little as it says.
    expect((await agent.recommend({ minimumSupport: 1 }))?.strategy).toBe("steady");
    // What worked a year ago weighs nothing beside what works today.
    clock.advance(365 * 24 * hourMs);
    await record("even", 6, 0);
    expect((await agent.recommend())?.strategy).toBe("steady");
    expect((await agent.recommend({ halfLife: "week" }))?.strategy).toBe("even");
    clock.advance(20 * 365 * 24 * hourMs);
    expect(await agent.recommend({ halfLife: "day" })).toBeUndefined();
    expect((await agent.performance({ halfLife: "day" })).total).toBe(48);
  });

  it("refuse what is no outcome, before anything is written", async () => {
    const { memory } = oneStore();
    const agent = memory.tenant("acme").agent("planner");
    const refused: readonly unknown[] = [
      undefined,
      {},
      { success: "yes" },
      { success: undefined },
      { success: true, rating: Number.NaN },
      { success: true, rating: -1 },
      { success: true, rating: 101 },
      { success: true, rating: "5" },
      { success: true, durationMs: Number.POSITIVE_INFINITY },
      { success: true, durationMs: -1 },
      { success: true, strategy: "" },
      { success: true, strategy: "\ud800" },
      { success: true, strategy: "a\0" },
      { success: true, task: "x".repeat(4_001) },
      { success: true, task: "\udc00" },
      { success: true, task: 7 },
      { success: true, stategy: "a" },
    ];
    for (const outcome of refused) await failure(agent.recordOutcome(outcome as Outcome), "invalid-input");
    await failure(agent.recordOutcome({ success: true }, { operationId: "" }), "invalid-input");
    await failure(agent.recordOutcome({ success: true }, aborted()), "aborted");
    await failure(agent.performance(aborted()), "aborted");
    await failure(agent.performance({ feedback: 51 }), "invalid-input");
    await failure(agent.performance({ minimumSupport: 0 }), "invalid-input");
    await failure(agent.recommend({ halfLife: "year" as "week" }), "invalid-input");
    expect((await agent.performance()).total).toBe(0);
    await memory.close();
    await failure(agent.recordOutcome({ success: true }), "closed");
    await failure(agent.performance(), "closed");
  });

  it("refuse texts in place of strategies before they fill a document", async () => {
    const { memory } = oneStore({ random: () => 0 });
    const agent = memory.tenant("acme").agent("planner");
    for (let index = 0; index < 200; index++)
      await agent.recordOutcome({ success: true, strategy: `text ${index}` });
    const error = await failure(agent.recordOutcome({ success: true, strategy: "text 200" }), "too-large");
    expect(error.message).toContain("small set");
    await agent.recordOutcome({ success: true, strategy: "text 0" });
    await agent.recordOutcome({ success: true });
    expect((await agent.performance()).total).toBe(202);
  });

  it("say when they cannot be read", async () => {
    const { memory, store } = oneStore({ random: () => 0 });
    const agent = memory.tenant("acme").agent("planner");
    await agent.recordOutcome({ success: true });
    const address = { tenant: "acme", namespace: ["relevo:outcomes", "planner", "tallies"], key: "0" };
    for (const [value, code] of [
      [{ format: 2 }, "unsupported"],
      [{ format: 1, added: 1, groups: [{ at: 1, sums: ["1"] }], durations: [] }, "corrupt"],
      [null, "corrupt"],
      ["x", "corrupt"],
    ] as const) {
      await store.documents.put(address, { value });
      await failure(agent.performance(), code);
      await failure(agent.recordOutcome({ success: true }), code);
    }
    await agent.clearOutcomes();
    await agent.recordOutcome({ success: true });
    expect((await agent.performance()).total).toBe(1);
  });

  it("are not lost and not counted twice when the store fails at any call", async () => {
    for (const method of ["get", "putMany"] as const) {
      const { memory, durableFaults } = twoStores();
      const agent = memory.tenant("acme").agent("planner");
      durableFaults.failing.add(method);
      await failure(agent.recordOutcome({ success: true }, { operationId: "1" }), "unavailable");
      durableFaults.failing.delete(method);
      // Written, and the answer was lost.
      durableFaults.after = {
        method: "putMany",
        run: () => Promise.reject(new Error("The connection was lost.")),
      };
      await expect(agent.recordOutcome({ success: true }, { operationId: "1" })).rejects.toThrow("lost");
      await agent.recordOutcome({ success: true }, { operationId: "1" });
      expect((await agent.performance()).total).toBe(1);
    }
  });
});

it("executions are listed by agent across sessions, by session, and exported", async () => {
  const { memory, clock } = oneStore();
  const acme = memory.tenant("acme");
  for (const [session, agent] of [
    ["one", "planner"],
    ["two", "planner"],
    ["two", "writer"],
    ["one", "planner"],
  ] as const) {
    clock.advance(1_000);
    await acme.session(session).append(user("x"));
    await acme.session(session).recordExecution({ agent, input: session, output: 1, durationMs: 5 });
  }
  await memory.tenant("other").session("one").recordExecution({ agent: "planner" });
  const planner = await acme.executions({ agent: "planner" });
  expect(planner.items.map(({ session, seq }) => [session, seq])).toEqual([
    ["one", 2],
    ["two", 2],
    ["one", 4],
  ]);
  expect(planner.items[0]).toMatchObject({
    agent: "planner",
    status: "completed",
    input: "one",
    durationMs: 5,
  });
  const first = await acme.executions({ limit: 3 });
  const rest = await acme.executions({ limit: 3, cursor: first.cursor });
  expect([first.items.length, rest.items.length, rest.cursor]).toEqual([3, 1, undefined]);
  const inTwo = await acme.executions({ session: "two", limit: 1 });
  expect(inTwo.items).toMatchObject([{ agent: "planner", seq: 2 }]);
  expect((await acme.executions({ session: "two", limit: 1, cursor: inTwo.cursor })).items).toMatchObject([
    { agent: "writer", seq: 4 },
  ]);
  expect((await acme.executions({ session: "one", agent: "writer" })).items).toEqual([]);
  expect((await acme.executions({ since: clock.now() })).items).toMatchObject([{ session: "one", seq: 4 }]);
  expect((await acme.executions({ session: "one", until: clock.now() })).items).toMatchObject([{ seq: 2 }]);
  await acme.session("one").erase({ seqs: [2] });
  expect((await acme.executions({ session: "one" })).items).toMatchObject([{ seq: 4 }]);
  const lines: string[] = [];
  for await (const line of acme.exportExecutions({ agent: "planner" })) lines.push(line);
  expect(lines.every((line) => line.endsWith("\n"))).toBe(true);
  expect(lines.map((line) => JSON.parse(line))).toEqual((await acme.executions({ agent: "planner" })).items);
  await failure(acme.executions({ session: "one", cursor: "x" }), "invalid-input");
  await failure(acme.executions({ agent: "" }), "invalid-input");
  await failure(acme.executions({ agnet: "planner" } as object), "invalid-input");
  await failure(acme.executions({ session: "nobody", since: 0.5 }), "invalid-input");
});

it("closing is refused where a memory was closed", async () => {
  const { store } = oneStore();
  const memory = createMemory({ store });
  const acme = memory.tenant("acme");
  await memory.close();
  await failure(acme.executions(), "closed");
});
