import { isEvent, MemoryError, type Message } from "@relevo/core";
import { missingResult } from "@relevo/messages";
import { window } from "@relevo/truncation";
import { describe, expect, test } from "vitest";
import { full, last, none } from "../src/context/policies.ts";
import type { SessionRequest } from "../src/handoff-types.ts";
import { HandoffNotRecorded } from "../src/record/handoff-errors.ts";
import { type Bench, bench, callMessage, failingAppends, rejectionOf, resultMessage } from "./support.ts";

const passed = "Control was passed to pharmacy.";
const work = { from: "nurse", to: "pharmacy", reason: "needs a medicine" } as const;

function asking(...names: readonly string[]): Message {
  return {
    role: "assistant",
    agent: "nurse",
    content: names.map((toolName) => ({
      type: "tool-call",
      toolCallId: `call_${toolName}`,
      toolName,
      input: {},
    })),
  };
}

const three = asking("save_phone", "transfer_to_pharmacy", "transfer_to_billing");

/** What the receiver is told about each call. */
async function told(on: Bench, request: Partial<SessionRequest> = {}): Promise<readonly unknown[]> {
  const messages = await on.handoffs.run(
    { ...work, session: on.session, outcome: () => undefined, ...request },
    (input) => input.messages,
  );
  return messages.flatMap(({ role, content }) =>
    role !== "tool" || typeof content === "string"
      ? []
      : content.map((part) =>
          part.type === "tool-result" ? [part.toolCallId, part.output, part.isError] : [],
        ),
  );
}

/** What a view shows of each call after the handoff. */
async function viewed(on: Bench): Promise<readonly unknown[]> {
  const { events } = await on.log.read(on.session, { types: ["message"] });
  const messages = events.flatMap((event) => (isEvent(event, "message") ? [event.body] : []));
  const view = await window({ messages: 100 }).apply(messages);
  return view.messages.flatMap(({ role, content }) =>
    role !== "tool" || typeof content === "string"
      ? []
      : content.map((part) =>
          part.type === "tool-result" ? [part.toolCallId, part.output, part.isError] : [],
        ),
  );
}

async function types(on: Bench): Promise<readonly string[]> {
  return (await on.log.read(on.session)).events.map(({ type }) => type);
}

describe("of several open calls", () => {
  test("only the transfer's own was answered; the others have no result, and are said to have none", async () => {
    for (const request of [{}, { callId: "call_transfer_to_pharmacy" }]) {
      const on = bench();
      await on.say("hi", three);
      expect(await told(on, request)).toEqual([
        ["call_save_phone", missingResult, true],
        ["call_transfer_to_pharmacy", passed, undefined],
        ["call_transfer_to_billing", missingResult, true],
      ]);
    }
  });

  test.each(["transferToPharmacy", "handoff-to-pharmacy", "hand_off_to_pharmacy"])(
    "%s is the transfer's by its name, in the last turn only",
    async (name) => {
      const on = bench();
      await on.say("hi", asking(name));
      expect(await told(on)).toMatchObject([[`call_${name}`, passed, undefined]]);
      await on.say("and now?");
      expect(await told(on)).toMatchObject([[`call_${name}`, missingResult, true]]);
    },
  );

  test("none is the transfer's when none is named so, however many there are", async () => {
    const on = bench();
    await on.say("hi", asking("send_to_pharmacy"));
    expect(await told(on)).toEqual([["call_send_to_pharmacy", missingResult, true]]);
  });

  test("with one id the newest is the transfer's, and one only", async () => {
    const on = bench();
    const twice: Message = {
      ...asking("go"),
      content: [...callMessage("c").content, ...callMessage("c").content] as never,
    };
    await on.say("hi", callMessage("c"), "hello?", twice);
    const outputs = (await told(on, { callId: "c" })).map((one) => (one as readonly unknown[])[1]);
    expect(outputs).toEqual([missingResult, passed, missingResult]);
  });

  test("the text can be another one, which the receiver and later views are told", async () => {
    const on = bench();
    await on.say("hi", three);
    const request = { callId: "call_transfer_to_pharmacy", callResult: "Transferred." };
    expect((await told(on, request))[1]).toEqual(["call_transfer_to_pharmacy", "Transferred.", undefined]);
    expect((await viewed(on))[0]).toEqual(["call_transfer_to_pharmacy", "Transferred.", undefined]);
  });

  test("nothing is said with policies that pass none of it", async () => {
    for (const policy of [none(), last(1)]) {
      const on = bench();
      await on.say("hi", three, "bye");
      expect(await told(on, { callId: "call_transfer_to_pharmacy", policy })).toEqual([]);
    }
  });
});

describe("the result of the call", () => {
  const callId = "call_transfer_to_pharmacy";

  test("is appended with the end, in one step, by the call's agent, and a later view shows it", async () => {
    const on = bench();
    await on.say("hi", asking("transfer_to_pharmacy"));
    await told(on, { callId });
    expect(await types(on)).toEqual(["message", "message", "handoff", "handoff", "message"]);
    const { events } = await on.log.read(on.session, { after: 4 });
    expect(events[0]).toMatchObject({ agent: "nurse", body: { role: "tool", agent: "nurse" } });
    expect(await viewed(on)).toEqual([[callId, passed, undefined]]);
  });

  test("is not appended without an id: the framework answers", async () => {
    const on = bench();
    await on.say("hi", asking("transfer_to_pharmacy"));
    await told(on);
    expect(await types(on)).toEqual(["message", "message", "handoff", "handoff"]);
  });

  test.each([
    ["fails", new Error("db.internal: password"), "The handoff to pharmacy failed."],
    ["refuses", undefined, "pharmacy did not take over: closed today"],
  ])("says so as an error when the receiver %s", async (_, error, output) => {
    const on = bench();
    await on.say("hi", asking("transfer_to_pharmacy"));
    const run = on.handoffs.run({ ...work, session: on.session, callId }, ({ reject }) => {
      if (error === undefined) reject("closed today");
      throw error;
    });
    await rejectionOf(run);
    expect(await viewed(on)).toEqual([[callId, output, true]]);
  });

  test("says that the loop guard refused", async () => {
    const on = bench({ maxDepth: 0 });
    await on.say("hi", asking("transfer_to_pharmacy"));
    const parent = { handoffId: "h", depth: 4 };
    await rejectionOf(on.handoffs.run({ ...work, session: on.session, callId, parent }, () => "never"));
    expect(await viewed(on)).toMatchObject([[callId, expect.stringContaining("did not take over"), true]]);
  });

  test("may be made of the end; a function that fails costs its text and not the end", async () => {
    const on = bench();
    await on.say("hi", asking("transfer_to_pharmacy"));
    await told(on, {
      callId,
      outcome: () => ({ pills: 2 }),
      callResult: ({ outcome }) => ({ done: outcome ?? null }),
    });
    expect(await viewed(on)).toEqual([[callId, { done: { pills: 2 } }, undefined]]);

    const broken = bench();
    await broken.say("hi", asking("transfer_to_pharmacy"));
    await told(broken, {
      callId,
      callResult: () => {
        throw new Error("typo");
      },
    });
    expect(await viewed(broken)).toEqual([[callId, passed, undefined]]);
    expect(broken.problems).toMatchObject([{ problem: { phase: "outcome" } }]);
  });

  test("that no event can hold costs its text and not the end", async () => {
    const on = bench();
    await on.say("hi", asking("transfer_to_pharmacy"));
    const text = "x".repeat(8 * 1024 * 1024 - 10);
    await told(on, { callId, callResult: () => text });
    expect(await viewed(on)).toEqual([[callId, passed, undefined]]);
    expect((await on.records()).map(({ status }) => status)).toEqual(["started", "completed"]);
    expect(on.problems).toMatchObject([{ error: { code: "too-large" }, problem: { phase: "outcome" } }]);
  });

  test("is in the log once, also when the answer to the append was lost", async () => {
    const on = bench({}, (log) => failingAppends(log, [undefined, "applied-but-lost", "lost"]));
    await on.say("hi", asking("transfer_to_pharmacy"));
    await told(on, { callId });
    expect(await types(on)).toEqual(["message", "message", "handoff", "handoff", "message"]);
  });

  test("is not there when the end is not", async () => {
    const on = bench({ retry: { attempts: 1, delayMs: 0 } }, (log) =>
      failingAppends(log, [undefined, "down"]),
    );
    await on.say("hi", asking("transfer_to_pharmacy"));
    expect(await rejectionOf(told(on, { callId }))).toBeInstanceOf(HandoffNotRecorded);
    expect(await types(on)).toEqual(["message", "message", "handoff"]);
  });

  test("is told where nothing could be read, by the id alone", async () => {
    let isDown = true;
    const on = bench({ onMemoryFailure: "degrade" }, (log) => ({
      ...log,
      append: (...call) => log.append(...call),
      read: (...call) => (isDown ? Promise.reject(new Error("down")) : log.read(...call)),
    }));
    await on.log.append(on.session, [
      { type: "message", body: { role: "user", content: "hi" } },
      { type: "message", body: asking("transfer_to_pharmacy") },
    ]);
    await told(on, { callId });
    isDown = false;
    expect(await viewed(on)).toEqual([[callId, passed, undefined]]);
  });
});

describe("a call that is not there", () => {
  test.each([
    ["is named", ["hi"], "nobody"],
    ["has its result", ["hi", callMessage("c"), resultMessage("c")], "c"],
    [
      "is too far back",
      [
        "hi",
        callMessage("c"),
        ...Array.from({ length: 990 }, (_, n) => `${n}`),
        ...Array.from({ length: 20 }, (_, n) => `${n}`),
      ],
      "c",
    ],
  ] as const)("is refused by name when it %s, before the receiver runs", async (_, said, callId) => {
    const on = bench();
    for (let at = 0; at < said.length; at += 900) await on.say(...said.slice(at, at + 900));
    let ran = false;
    const error = await rejectionOf(
      on.handoffs.run({ ...work, session: on.session, policy: full(), callId }, () => {
        ran = true;
      }),
    );
    expect(MemoryError.isInstance(error, "invalid-input")).toBe(true);
    expect(String(error)).toContain("callId");
    expect(ran).toBe(false);
    expect((await on.records()).map(({ status }) => status)).toEqual(["failed"]);
  });

  test.each([
    ["callId", { callId: "" }],
    ["callId", { callId: 7 }],
    ["callResult", { callResult: 7 }],
  ])("%s of another form is refused", async (field, wrong) => {
    const on = bench();
    const run = on.handoffs.run({ ...work, session: on.session, ...(wrong as object) }, () => "never");
    expect(String(await rejectionOf(run))).toContain(field);
  });
});
