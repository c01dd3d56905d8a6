import type { Message, Summarizer, SummaryRequest } from "@relevo/core";
import { describe, expect, test } from "vitest";
import { policies } from "../src/index.ts";
import { bench, rejectionOf, work } from "./support.ts";

function summarizer(answer: (request: SummaryRequest) => Promise<string>): Summarizer {
  return { name: "gist", summarize: answer };
}

const system: Message = { role: "system", content: "Be kind." };

describe("the policy summary", () => {
  test("passes a summary, the system message and the newest messages, and records what it stands for", async () => {
    const on = bench();
    await on.say(system, "one", "two", "three");
    const asked: SummaryRequest[] = [];
    const gist = summarizer(async (request) => {
      asked.push(request);
      return "They count.\0";
    });
    const policy = policies.summary(gist, { keep: 1, maxTokens: 50 });
    const seen = await on.handoffs.run({ ...work, session: on.session, policy }, ({ messages }) => messages);
    expect(seen.map(({ content }) => content)).toEqual([
      "Be kind.",
      "Summary of the conversation so far:\nThey count.",
      "three",
    ]);
    expect(asked).toMatchObject([{ messages: [{ content: "one" }, { content: "two" }], maxTokens: 50 }]);
    const [entry] = (await on.handoffs.chain(on.session)).entries;
    expect(entry?.context).toMatchObject({
      policy: "summary(gist, keep=1)",
      passed: [
        { from: 1, to: 1 },
        { from: 4, to: 4 },
      ],
      summarized: [{ from: 2, to: 3 }],
      dropped: [],
      inlineAt: [1],
    });
    expect(on.problems).toEqual([]);
  });

  test("is erased with any message that was summarized", async () => {
    const on = bench();
    await on.say("my secret", "two", "three");
    const gist = summarizer(async () => "There is a secret.");
    const request = { ...work, session: on.session, policy: policies.summary(gist, { keep: 1 }) };
    const id = await on.handoffs.run(request, ({ handoffId }) => handoffId);
    await on.log.erase(on.session, { seqs: [{ from: 1, to: 1 }] });
    expect(JSON.stringify((await on.log.read(on.session)).events)).not.toContain("secret");
    expect(await on.handoffs.rebuild(on.session, id)).toMatchObject({
      messages: [{ source: "inline", missing: "erased" }, { message: { content: "three" } }],
      complete: false,
    });
  });

  test.each([
    ["throws", () => Promise.reject(new Error("no model"))],
    ["says nothing", async () => " \0 "],
  ])("of a summarizer that %s passes everything and tells onError", async (_, answer) => {
    const on = bench();
    await on.say("one", "two");
    const policy = policies.summary(summarizer(answer));
    const count = await on.handoffs.run(
      { ...work, session: on.session, policy },
      (input) => input.messages.length,
    );
    expect(count).toBe(2);
    expect(on.problems).toMatchObject([{ problem: { phase: "policy" } }]);
    const [entry] = (await on.handoffs.chain(on.session)).entries;
    expect(entry?.context).toMatchObject({ passed: [{ from: 1, to: 2 }], dropped: [] });
    expect(entry?.context).not.toHaveProperty("summarized");
  });

  test("asks for no summary when there is nothing to summarize", async () => {
    const on = bench();
    await on.say(system, "one");
    const policy = policies.summary(
      summarizer(() => expect.unreachable()),
      { keep: 1 },
    );
    const count = await on.handoffs.run(
      { ...work, session: on.session, policy },
      (input) => input.messages.length,
    );
    expect(count).toBe(2);
  });

  test("obeys the signal", async () => {
    const on = bench();
    await on.say("one");
    const controller = new AbortController();
    const gist = summarizer(({ signal }) => {
      controller.abort(new Error("user left"));
      return Promise.reject(signal?.reason);
    });
    const request = { ...work, session: on.session, policy: policies.summary(gist) };
    const options = { signal: controller.signal };
    await rejectionOf(on.handoffs.run(request, () => expect.unreachable(), options));
    expect(on.problems.filter(({ problem }) => problem.phase === "policy")).toEqual([]);
  });

  test("refuses what is no summarizer", () => {
    expect(() => policies.summary({} as never)).toThrow("summarizer must have a function summarize()");
    expect(() =>
      policies.summary(
        summarizer(async () => ""),
        { keep: -1 },
      ),
    ).toThrow("keep");
  });
});
