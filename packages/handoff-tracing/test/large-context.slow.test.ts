import type { Message } from "@relevo/core";
import { missingResult, providers, validateForProvider } from "@relevo/messages";
import { conversation } from "@relevo/random-conversations";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arrangeContext } from "../src/context/arrange-context.ts";
import type { ContextFunction, ContextPolicy } from "../src/context/context-policy.ts";
import { full } from "../src/context/policies.ts";
import { answerAt, transferAmong } from "../src/context/transfer-call.ts";
import { rearrange } from "../src/read/rearrange.ts";
import { type Bench, bench, callMessage, resultMessage, work } from "./support.ts";

const callsOf = (count: number): Message => ({
  role: "assistant",
  content: Array.from({ length: count }, (_, n) => ({
    type: "tool-call",
    toolCallId: `c${n}`,
    toolName: n === 7 ? "transfer_to_qualifier" : "find",
    input: {},
  })),
});

async function handOver(
  on: Bench,
  policy: ContextPolicy | ContextFunction = full(),
): Promise<{ readonly id: string; readonly messages: readonly Message[] }> {
  return await on.handoffs.run(
    { ...work, session: on.session, policy, outcome: () => undefined },
    ({ handoffId: id, messages }) => ({ id, messages }),
  );
}

async function startOf(on: Bench): Promise<unknown> {
  return (await on.records()).find(({ status }) => status === "started")?.context;
}

describe("what had to be repaired beyond what an event holds", () => {
  test("is handed over, and recorded by what was chosen: 80,000 open calls in a few bytes", async () => {
    const on = bench();
    await on.say("hi", callsOf(80_000));
    const { id, messages } = await handOver(on);
    for (const provider of providers) expect(validateForProvider(messages, provider)).toEqual([]);
    const context = await startOf(on);
    expect(JSON.stringify(context).length).toBeLessThan(500);
    expect(context).toMatchObject({
      passed: [{ from: 1, to: 2 }],
      dropped: [],
      arrangement: { rules: 1, answered: { at: 1, part: 7, text: "Control was passed to qualifier." } },
    });
    const rebuilt = await on.handoffs.rebuild(on.session, id);
    expect(rebuilt?.complete).toBe(true);
    expect(rebuilt?.messages.map((one) => ("message" in one ? one.message : one))).toEqual(messages);
  });

  test("is rebuilt with messages that a function made, and holes where content was erased", async () => {
    const on = bench();
    const big = "x".repeat(400_000);
    const result = (id: string): Message => ({
      role: "tool",
      content: [{ type: "tool-result", toolCallId: id, output: big }],
    });
    await on.say("one", callMessage("c"), result("c"), "two", callMessage("c"), result("c"), "three");
    await on.say(callMessage("c"), result("c"), callMessage("c"), result("c"), callMessage("c"));
    const { id, messages } = await handOver(on, (source) => [
      { role: "system", content: "You qualify." },
      ...source.messages,
    ]);
    const context = await startOf(on);
    expect(context).toMatchObject({
      arrangement: { rules: 1 },
      inlineAt: [0],
      passed: [{ from: 1, to: 12 }],
    });
    expect(context).not.toHaveProperty("reshaped");
    const rebuilt = await on.handoffs.rebuild(on.session, id);
    expect(rebuilt?.messages.map((one) => ("message" in one ? one.message : one))).toEqual(messages);

    await on.log.erase(on.session, { seqs: [{ from: 4, to: 4 }] });
    const holed = await on.handoffs.rebuild(on.session, id);
    expect(holed?.complete).toBe(false);
    const sketch = holed?.messages.map((one) =>
      "missing" in one
        ? one.missing
        : typeof one.message.content === "string"
          ? one.message.content
          : one.source,
    );
    // The system's words were a function's, which are taken to repeat all that it saw.
    expect(sketch).toContain("one");
    expect(sketch?.filter((one) => one === "erased").length).toBeGreaterThanOrEqual(1);
  });

  test("is recorded as it was shown where it is small", async () => {
    const on = bench();
    await on.say("hi", callMessage("c"), resultMessage("c"), callMessage("c"));
    await handOver(on);
    const context = await startOf(on);
    expect(context).not.toHaveProperty("arrangement");
    expect(JSON.stringify(context)).toContain(missingResult);
  });
});

test("whatever was chosen is arranged again as it was shown", () => {
  fc.assert(
    fc.property(
      conversation,
      fc.option(fc.constantFrom(...providers), { nil: undefined }),
      (said, provider) => {
        const chosen = said.map((message, index) => ({ message, seq: index + 1, derivedFrom: [] }));
        const place = transferAmong(chosen, "support", undefined);
        const shown = arrangeContext(chosen, answerAt(chosen, place, "passed"), provider);
        const arrangement = {
          rules: 1,
          ...(provider === undefined ? {} : { for: provider }),
          ...(place === undefined ? {} : { answered: { ...place, text: "passed" } }),
        };
        const places = chosen.map(({ message, seq }) => ({ source: "log", seq, message }) as const);
        const again = rearrange(places, arrangement).map((one) => ("message" in one ? one.message : one));
        expect(again).toEqual(shown.map(({ message }) => message));
      },
    ),
    { numRuns: 500, seed: 20_261_126 },
  );
});
