import { type EventLog, MemoryError, type Message, type SeqRange } from "@relevo/core";
import { describe, expect, test } from "vitest";
import type { ContextFunction } from "../src/context/context-policy.ts";
import { type Bench, bench, callMessage, rejectionOf, work } from "./support.ts";

const secret = "+49 170 4711";
const first: readonly SeqRange[] = [{ from: 1, to: 1 }];

/** What takes the first message out while another writer is at work. */
const removals: Readonly<Record<string, (on: Bench) => Promise<unknown>>> = {
  "an erasure": (on) => on.log.erase(on.session, { seqs: first }),
  "a trim": (on) => on.log.trim(on.session, { beforeSeq: 2 }),
  "a retraction": (on) =>
    on.log.append(on.session, [{ type: "retraction", body: { ranges: first, reason: "undo" } }]),
};

/** All that is stored, but for the first message: what only was retracted is still there, what repeats it must not be. */
async function stored(on: Bench): Promise<string> {
  const { events } = await on.log.read(on.session, { retracted: "include", limit: 1000 });
  return JSON.stringify(events.filter(({ seq }) => seq > 1));
}

async function entryOf(on: Bench): Promise<unknown> {
  const { entries } = await on.handoffs.chain(on.session);
  expect(entries).toHaveLength(1);
  return entries[0];
}

/** One message that repeats all that the policy was given. */
function brief(messages: readonly Message[]): readonly Message[] {
  return [{ role: "user", content: `Briefing: ${JSON.stringify(messages)}` }];
}

describe.each(Object.entries(removals))("%s", (_name, remove) => {
  test("while the receiver runs: the end says nothing of the outcome, and says so", async () => {
    const on = bench();
    await on.say(secret, "public");
    const result = await on.handoffs.run({ ...work, session: on.session }, async ({ messages }) => {
      await remove(on);
      return { heard: String(messages[0]?.content) };
    });
    expect(result).toEqual({ heard: secret });
    expect(await entryOf(on)).toMatchObject({ status: "completed", omitted: "removed" });
    expect(await stored(on)).not.toContain(secret);
    expect(on.problems.map(({ problem }) => problem.phase)).toEqual(["outcome"]);
  });

  test("while the receiver runs: the call that asked for it is answered without words of the conversation", async () => {
    for (const [callResult, said] of [
      [() => `They said ${secret}`, "Control was passed to qualifier."],
      ["Passed on.", "Passed on."],
    ] as const) {
      const on = bench();
      await on.say(secret, callMessage("call-1"));
      const request = { ...work, session: on.session, callId: "call-1", callResult };
      await on.handoffs.run(request, async ({ messages }) => {
        await remove(on);
        return String(messages[0]?.content);
      });
      expect(await stored(on)).not.toContain(secret);
      const { events } = await on.log.read(on.session, { direction: "backward", limit: 1 });
      expect(events).toMatchObject([
        { type: "message", body: { content: [{ toolCallId: "call-1", output: said }] } },
      ]);
    }
  });

  test("while the receiver fails: the end keeps the error's name and not its words", async () => {
    const on = bench();
    await on.say(secret);
    const failing = on.handoffs.run({ ...work, session: on.session }, async () => {
      await remove(on);
      throw new RangeError(`cannot call ${secret}`);
    });
    expect(await rejectionOf(failing)).toBeInstanceOf(RangeError);
    const error = { name: "RangeError", message: "" };
    expect(await entryOf(on)).toMatchObject({ status: "failed", omitted: "removed", error });
    expect(await stored(on)).not.toContain(secret);
  });

  test("while a policy works: the receiver gets a context that was made again", async () => {
    const on = bench();
    await on.say(secret, "public");
    let calls = 0;
    const policy: ContextFunction = async ({ messages }) => {
      if (++calls === 1) await remove(on);
      return brief(messages);
    };
    const heard = await on.handoffs.run({ ...work, session: on.session, policy }, ({ messages }) =>
      JSON.stringify(messages),
    );
    expect(calls).toBe(2);
    expect(heard).toContain("public");
    expect(heard).not.toContain(secret);
    expect(await entryOf(on)).toMatchObject({ status: "completed", outcome: heard });
    expect(await stored(on)).not.toContain(secret);
  });

  test("while the memory is down: the end of a degraded handoff has no words of it either", async () => {
    let isDown = true;
    const on = bench({ onMemoryFailure: "degrade" }, (log) => ({
      ...bound(log),
      append: (...call) => (isDown ? Promise.reject(new Error("down")) : log.append(...call)),
    }));
    await on.say(secret);
    const policy: ContextFunction = ({ messages }) => brief(messages);
    await on.handoffs.run({ ...work, session: on.session, policy }, async ({ messages }) => {
      isDown = false;
      await remove(on);
      return messages[0]?.content;
    });
    expect(await entryOf(on)).toMatchObject({ status: "degraded", omitted: "removed" });
    expect(await stored(on)).not.toContain(secret);
  });
});

describe("an erasure after the end", () => {
  test("takes what a policy that failed had said of the messages", async () => {
    const on = bench();
    await on.say(secret);
    const policy: ContextFunction = ({ messages }) => {
      throw new RangeError(`no room for ${messages[0]?.content}`);
    };
    await rejectionOf(on.handoffs.run({ ...work, session: on.session, policy }, () => "never"));
    expect(await entryOf(on)).toMatchObject({
      status: "failed",
      error: { message: `no room for ${secret}` },
    });
    await on.log.erase(on.session, { seqs: first });
    expect(await stored(on)).not.toContain(secret);
    expect(await entryOf(on)).toMatchObject({ status: "failed", error: { name: "RangeError", message: "" } });
  });

  test("takes the outcome and leaves what is known of the handoff", async () => {
    const on = bench();
    await on.say(secret);
    await on.handoffs.run({ ...work, session: on.session }, ({ messages }) => {
      on.pass(7);
      return { heard: String(messages[0]?.content) };
    });
    expect(await entryOf(on)).toMatchObject({ outcome: { heard: secret } });
    await on.log.erase(on.session, { seqs: first });
    expect(await stored(on)).not.toContain(secret);
    const entry = await entryOf(on);
    expect(entry).toMatchObject({ status: "completed", durationMs: 7 });
    expect(entry).not.toHaveProperty("outcome");
  });

  test("of the start takes what the outcome repeats of its data", async () => {
    const on = bench();
    await on.handoffs.run(
      { ...work, session: on.session, data: { phone: secret } },
      ({ data }) => data ?? null,
    );
    await on.log.erase(on.session, { seqs: first });
    const { events } = await on.log.read(on.session);
    expect(JSON.stringify(events)).not.toContain(secret);
    expect(await entryOf(on)).toMatchObject({ status: "completed" });
  });

  test("reaches the outcome through a message that only a made one repeats", async () => {
    const on = bench();
    await on.say(secret);
    const policy: ContextFunction = ({ messages }) => brief(messages);
    await on.handoffs.run({ ...work, session: on.session, policy }, ({ messages }) => messages[0]?.content);
    await on.log.erase(on.session, { seqs: first });
    expect(await stored(on)).not.toContain(secret);
  });
});

test("a removal elsewhere, and other appends, leave the outcome alone", async () => {
  const on = bench();
  await on.say("old", "older");
  await on.log.erase(on.session, { seqs: first });
  await on.say("public");
  const outcome = await on.handoffs.run({ ...work, session: on.session }, async ({ messages }) => {
    await on.say("later", "latest");
    const { version } = await on.log.read(on.session);
    await on.log.erase(on.session, { seqs: [{ from: version, to: version }] });
    return messages.length;
  });
  expect(outcome).toBe(2);
  expect(await entryOf(on)).toMatchObject({ status: "completed", outcome: 2 });
});

test("a handoff whose messages are removed at every try does not start, and may be tried again", async () => {
  const on = bench();
  await on.say("1", "2", "3", "4");
  let seq = 0;
  const policy: ContextFunction = async ({ messages }) => {
    seq++;
    await on.log.erase(on.session, { seqs: [{ from: seq, to: seq }] });
    return brief(messages);
  };
  const run = on.handoffs.run({ ...work, session: on.session, policy }, () => {
    throw new Error("the receiver ran");
  });
  const error = await rejectionOf(run);
  expect(MemoryError.isInstance(error, "conflict") && error.retryable).toBe(true);
  expect(seq).toBe(3);
  expect(await on.records()).toEqual([]);
});

describe("a framework that hands over by itself", () => {
  const context = { policy: "full", passed: [{ from: 1, to: 2 }], dropped: [], inline: brief([]) } as const;

  test("records its inline messages when it names what it read, and nothing was removed since", async () => {
    const on = bench();
    await on.say("old", "public");
    await on.log.erase(on.session, { seqs: first });
    const { incarnation, removalRevision } = await on.log.read(on.session);
    const read = { ...(incarnation === undefined ? {} : { incarnation }), removalRevision };
    const handle = await on.handoffs.start(on.session, { ...work, context, ...read });
    await handle.complete("done");
    expect(await entryOf(on)).toMatchObject({ context, outcome: "done" });
  });

  test("records the start without them when something was removed", async () => {
    const on = bench();
    await on.say(secret, "public");
    await on.log.erase(on.session, { seqs: first });
    const inline = [{ role: "user", content: secret }] as const;
    const handle = await on.handoffs.start(on.session, { ...work, context: { ...context, inline } });
    await handle.complete(secret);
    expect(await entryOf(on)).toMatchObject({ status: "completed", omitted: "removed" });
    expect(await stored(on)).not.toContain(secret);
    expect(on.problems.map(({ problem }) => problem.phase)).toEqual(["outcome", "outcome"]);
  });
});

function bound(log: EventLog): EventLog {
  const { append, read, operation, head, touch, trim, erase, list, scan } = log;
  return { append, read, operation, head, touch, trim, erase, list, scan, delete: log.delete };
}
