import { type EventInput, isEvent, type Message, type Summarizer } from "@relevo/core";
import { countRanges, rangesInclude } from "@relevo/core/input";
import { window } from "@relevo/truncation";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ContextFunction, ContextPolicy } from "../src/context/context-policy.ts";
import { full, last, none, view } from "../src/context/policies.ts";
import { summary } from "../src/context/summary.ts";
import type { RebuiltContext } from "../src/read/rebuild-context.ts";
import { type Bench, bench, bound, callMessage, resultMessage, work } from "./support.ts";

/** Runs a handoff and gives what the receiver saw. */
async function seen(
  on: Bench,
  policy: ContextPolicy | ContextFunction,
): Promise<{ id: string; messages: readonly Message[] }> {
  const outcome = (): undefined => undefined;
  return await on.handoffs.run(
    { ...work, session: on.session, policy, outcome },
    ({ handoffId, messages }) => ({ id: handoffId, messages }),
  );
}

function messagesOf(rebuilt: RebuiltContext | undefined): (Message | string)[] {
  return (rebuilt?.messages ?? []).map((one) => ("message" in one ? one.message : one.missing));
}

const brief: ContextFunction = ({ messages }) => [
  { role: "system", content: `You heard: ${messages.map(({ content }) => content).join(", ")}` },
  ...messages.slice(-1),
];

describe("erasing", () => {
  test("a passed message leaves a hole where it stood", async () => {
    const on = bench();
    await on.say("one", "two", "three");
    const { id } = await seen(on, full());
    await on.log.erase(on.session, { seqs: [{ from: 2, to: 2 }] });
    const rebuilt = await on.handoffs.rebuild(on.session, id);
    expect(rebuilt).toMatchObject({ handoffId: id, complete: false });
    expect(messagesOf(rebuilt)).toEqual([
      { role: "user", content: "one" },
      "erased",
      { role: "user", content: "three" },
    ]);
  });

  test("a message that made ones repeat blanks them everywhere, and the rest can still be rebuilt", async () => {
    const on = bench();
    await on.say("secret", "public");
    const { id, messages } = await seen(on, brief);
    expect(messagesOf(await on.handoffs.rebuild(on.session, id))).toEqual(messages);
    await on.log.erase(on.session, { seqs: [{ from: 1, to: 1 }] });
    const { events } = await on.log.read(on.session, { retracted: "include" });
    expect(JSON.stringify(events)).not.toContain("secret");
    expect(messagesOf(await on.handoffs.rebuild(on.session, id))).toEqual([
      "erased",
      { role: "user", content: "public" },
    ]);
    expect((await on.handoffs.chain(on.session)).entries).toMatchObject([
      { handoffId: id, status: "completed", ...work },
    ]);
  });

  test("while the handoff starts leaves its content out of what is handed over", async () => {
    let between = async (): Promise<void> => {};
    const on = bench({}, (log) => ({
      ...bound(log),
      append: async (...call) => {
        await between();
        return await log.append(...call);
      },
    }));
    await on.say("secret", "public");
    between = async () => {
      between = async () => {};
      await on.log.erase(on.session, { seqs: [{ from: 1, to: 1 }] });
    };
    await seen(on, brief);
    const { events } = await on.log.read(on.session);
    expect(JSON.stringify(events)).not.toContain("secret");
    expect(events.map(({ type, erasedAt }) => `${type}${erasedAt === undefined ? "" : " erased"}`)).toEqual([
      "message erased",
      "message",
      "handoff",
      "handoff",
    ]);
  });

  test("blanks the end of a degraded handoff too", async () => {
    let down = true;
    const on = bench({ onMemoryFailure: "degrade" }, (log) => ({
      ...bound(log),
      append: (...call) => (down ? Promise.reject(new Error("down")) : log.append(...call)),
    }));
    await on.say("secret");
    const id = await on.handoffs.run({ ...work, session: on.session, policy: brief }, ({ handoffId }) => {
      down = false;
      return handoffId;
    });
    expect(messagesOf(await on.handoffs.rebuild(on.session, id))).toHaveLength(2);
    await on.log.erase(on.session, { seqs: [{ from: 1, to: 1 }] });
    expect(JSON.stringify((await on.log.read(on.session)).events)).not.toContain("secret");
  });
});

describe("rebuilding", () => {
  test("shows messages that were retracted since, and those that were trimmed as missing", async () => {
    const on = bench();
    await on.say("one", "two", "three");
    const { id } = await seen(on, full());
    await on.log.append(on.session, [
      { type: "retraction", body: { ranges: [{ from: 1, to: 3 }], reason: "clear" } },
    ]);
    expect(messagesOf(await on.handoffs.rebuild(on.session, id))).toHaveLength(3);
    await on.log.trim(on.session, { beforeSeq: 3 });
    expect((await on.handoffs.rebuild(on.session, id))?.messages).toEqual([
      { source: "log", seq: 1, to: 2, missing: "trimmed" },
      { source: "log", seq: 3, message: { role: "user", content: "three" } },
    ]);
  });

  test("gives nothing for a handoff that the log does not know", async () => {
    const on = bench();
    await seen(on, none());
    expect(await on.handoffs.rebuild(on.session, "no such")).toBeUndefined();
  });

  test("gives a handoff that a framework recorded without a context as incomplete", async () => {
    const on = bench();
    const { handoffId } = await on.handoffs.start(on.session, work);
    expect(await on.handoffs.rebuild(on.session, handoffId)).toEqual({
      handoffId,
      messages: [],
      documents: [],
      complete: false,
    });
  });
});

type Step =
  | { kind: "say" | "call" | "result" | "handoff" | "custom" }
  | { kind: "retract" | "erase"; at: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom<Step>(
      { kind: "say" },
      { kind: "call" },
      { kind: "result" },
      { kind: "custom" },
      { kind: "handoff" },
    ),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("retract", "erase"), at: fc.nat(60) }) },
);

const policy = fc.oneof(
  fc.constant(full()),
  fc.constant(none()),
  fc.integer({ min: 1, max: 12 }).map((count) => last(count)),
  fc.constant<ContextFunction>(({ messages }) => messages.filter((_, index) => index % 2 === 0)),
  fc.constant<ContextFunction>(({ messages }) => [
    ...messages.slice(3),
    { role: "user", content: "made" },
    ...messages.slice(0, 4),
  ]),
  fc.integer({ min: 0, max: 4 }).map((keep) => summary(telegraph, { keep })),
  fc.constant(summary({ name: "broken", summarize: () => Promise.reject(new Error("no model")) })),
  fc.constant(view(window({ messages: 4, low: 2 }))),
);

const telegraph: Summarizer = {
  name: "telegraph",
  summarize: async ({ messages }) => messages.map(({ role }) => role).join(" "),
};

async function play(on: Bench, steps: readonly Step[]): Promise<void> {
  await on.say("begin");
  let version = 1;
  let calls = 0;
  for (const one of steps) {
    if (one.kind === "handoff") {
      const { entries } = await on.handoffs.chain(on.session);
      if (entries.length < 4) {
        await on.handoffs.run({ ...work, session: on.session, policy: last(2) }, () => null);
        version += 2;
      }
    } else if (one.kind === "erase") {
      await on.log.erase(on.session, {
        seqs: [{ from: (one.at % version) + 1, to: (one.at % version) + 1 }],
      });
    } else {
      await on.log.append(on.session, [eventOf(one, version, one.kind === "call" ? ++calls : calls)]);
      version++;
    }
  }
}

function eventOf(one: Step, version: number, calls: number): EventInput {
  if (one.kind === "custom") return { type: "x-note", body: version };
  if (one.kind === "retract") {
    const from = (one.at % version) + 1;
    return {
      type: "retraction",
      body: { ranges: [{ from, to: Math.min(version, from + 1) }], reason: "undo" },
    };
  }
  const said: Message = { role: "user", content: `said ${version}` };
  return {
    type: "message",
    body:
      one.kind === "call"
        ? callMessage(`c${calls}`)
        : one.kind === "result"
          ? resultMessage(`c${calls}`)
          : said,
  };
}

/** How a handoff is recorded: by `run`, or by a framework that hands over by itself. */
const recordings = ["run", "start", "start with its cause"] as const;

const recording = fc.constantFrom(...recordings);

/** Hands over and gives what the receiver saw, with the messages that caused it. */
async function handOver(
  on: Bench,
  chosen: ContextPolicy | ContextFunction,
  how: (typeof recordings)[number],
): Promise<{ readonly id: string; readonly messages: readonly Message[] }> {
  if (how === "run") return await seen(on, chosen);
  const cause: Message[] = [
    { role: "assistant", content: "Passing on." },
    { role: "user", content: "Please do." },
  ];
  const request = { ...work, policy: chosen, ...(how === "start" ? {} : { cause }) };
  const handle = await on.handoffs.start(on.session, request);
  await on.say("meanwhile");
  await handle.complete();
  return { id: handle.handoffId, messages: handle.messages ?? [] };
}

describe("whatever happened in the session", () => {
  test("every effective message is passed, reshaped, summarized or dropped, and what was seen can be rebuilt", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), policy, recording, async (steps, chosen, how) => {
        const on = bench();
        await play(on, steps);
        const { id, messages } = await handOver(on, chosen, how);
        const { entries } = await on.handoffs.chain(on.session);
        const context = entries.find(({ handoffId }) => handoffId === id)?.context;
        const before = await on.log.read(on.session, { types: ["message"], limit: 1000 });
        const effective = before.events
          .filter((event) => isEvent(event, "message") && event.seq <= (context?.version ?? 0))
          .map(({ seq }) => seq);
        const { passed = [], dropped = [], reshaped = [], summarized = [], inline = [] } = context ?? {};
        for (const seq of effective) {
          const places = [passed, dropped, reshaped, summarized].filter((ranges) =>
            rangesInclude(ranges, seq),
          );
          expect([seq, places.length]).toEqual([seq, 1]);
        }
        expect(effective.filter((seq) => rangesInclude(passed, seq))).toHaveLength(countRanges(passed));
        expect(countRanges(passed) + inline.length).toBe(messages.length);
        const rebuilt = await on.handoffs.rebuild(on.session, id);
        expect(messagesOf(rebuilt)).toEqual(messages);
        expect(rebuilt?.complete).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe("places that a framework made up", () => {
  test("cost nothing: what comes after the record was not passed", async () => {
    const on = bench();
    await on.say("one");
    const context = { policy: "own", passed: [{ from: 1, to: Number.MAX_SAFE_INTEGER }], dropped: [] };
    const { handoffId } = await on.handoffs.start(on.session, { ...work, context });
    await on.say("two");
    expect(await on.handoffs.rebuild(on.session, handoffId)).toMatchObject({
      messages: [{ source: "log", seq: 1, message: { content: "one" } }],
      complete: true,
    });
  });

  test("are read once, however often and however large they are", async () => {
    let reads = 0;
    const on = bench({}, (log) => ({
      ...bound(log),
      read: (...call) => {
        reads++;
        return log.read(...call);
      },
    }));
    const many = Array.from({ length: 900 }, (_, index) => `message ${index}`);
    await on.say(...many);
    await on.log.trim(on.session, { beforeSeq: 601 });
    const passed = Array.from({ length: 1000 }, (_, n) => ({
      from: 1 + (n % 3),
      to: Number.MAX_SAFE_INTEGER - n,
    }));
    const { handoffId } = await on.handoffs.start(on.session, {
      ...work,
      context: { policy: "own", passed, dropped: [] },
    });
    reads = 0;
    const rebuilt = await on.handoffs.rebuild(on.session, handoffId);
    expect(rebuilt?.messages[0]).toEqual({ source: "log", seq: 1, to: 600, missing: "trimmed" });
    expect(rebuilt?.messages).toHaveLength(301);
    expect(reads).toBeLessThan(5);
  });

  test("far apart cost a small page each, close together a page for many", async () => {
    const reads: number[] = [];
    const on = bench({}, (log) => ({
      ...bound(log),
      read: async (...call) => {
        const page = await log.read(...call);
        reads.push(page.events.length);
        return page;
      },
    }));
    for (let batch = 0; batch < 3; batch++)
      await on.say(...Array.from({ length: 1000 }, (_, index) => `message ${index}`));
    const odd = Array.from({ length: 500 }, (_, n) => ({ from: 2 * n + 1, to: 2 * n + 1 }));
    const context = { policy: "own", passed: [...odd, { from: 2900, to: 2900 }], dropped: [] };
    const { handoffId } = await on.handoffs.start(on.session, { ...work, context });
    reads.length = 0;
    const rebuilt = await on.handoffs.rebuild(on.session, handoffId);
    expect(rebuilt?.messages).toHaveLength(501);
    expect(reads.length).toBeLessThan(6);
    expect(reads.reduce((sum, events) => sum + events, 0)).toBeLessThan(1200);
  });

  test("part a hole where a made message stood in it", async () => {
    const on = bench();
    await on.say("one", "two", "three", "four");
    const { id } = await seen(on, ({ messages }) => [
      ...messages.slice(0, 2),
      { role: "user", content: "made" },
      ...messages.slice(2),
    ]);
    await on.log.trim(on.session, { beforeSeq: 4 });
    expect((await on.handoffs.rebuild(on.session, id))?.messages).toEqual([
      { source: "log", seq: 1, to: 2, missing: "trimmed" },
      { source: "inline", message: { role: "user", content: "made" } },
      { source: "log", seq: 3, to: 3, missing: "trimmed" },
      { source: "log", seq: 4, message: { role: "user", content: "four" } },
    ]);
  });
});
