import type { Message } from "@relevo/core";
import { createMemory, type Session } from "@relevo/memory";
import { assistant, by, call, reasoning, result, tool, user } from "@relevo/random-conversations";
import { createMemoryStore } from "@relevo/store-memory";
import { expect, it } from "vitest";
import { compose, type Strategy, summarize, tokenBudget } from "../src/index.ts";
import { recordingSummarizer, textsOf, turns } from "./support/summarizers.ts";

/** A session with these messages, of which some are pinned by their place. */
async function sessionOf(
  view: Strategy,
  messages: readonly Message[],
  pinned: readonly number[] = [],
): Promise<Session> {
  const store = createMemoryStore({ sweepIntervalMs: 0 });
  const session = createMemory({ store, view }).tenant("acme").session("chat");
  await session.append(
    messages.map((body, index) => ({ type: "message" as const, body, pinned: pinned.includes(index + 1) })),
  );
  return session;
}

function keeping(trigger: number, keep: number): Strategy {
  return summarize({
    trigger: { messages: trigger },
    keep: { messages: keep },
    summarizer: recordingSummarizer(),
  });
}

const one = (message: Message): Message => by("one", message);

it("a summary that is all there is, and does not fit, is budget-exceeded and no empty view", async () => {
  const summary = "They talked about the size of shoes. ".repeat(20);
  const view = compose(
    summarize({
      trigger: { messages: 2 },
      keep: { messages: 1 },
      summarizer: { name: "long", summarize: async () => summary },
    }),
    tokenBudget({ maxTokens: 40 }),
  );
  const session = await sessionOf(view, [...turns(1, 1), user("q2")]);
  expect(textsOf((await session.view()).messages)).toEqual(["q2"]);
  await session.erase({ seqs: [3] });
  await expect(session.view()).rejects.toMatchObject({
    code: "budget-exceeded",
    message: expect.stringContaining("The largest is the user message with seq 4"),
  });
});

it("reasoning that led to nothing joins no later message when what ended its turn is summarized", async () => {
  const messages = [one(assistant(reasoning("hm"))), ...turns(1, 2), one(assistant("so")), user("q3")];
  const session = await sessionOf(keeping(4, 3), messages);
  const stored = await session.view();
  const inPlace = await keeping(4, 3).apply(messages);
  for (const { messages: shown, summarized } of [stored, inPlace]) {
    expect(summarized.length).toBeGreaterThan(0);
    expect(JSON.stringify(shown)).not.toContain("reasoning");
  }
  expect(inPlace.dropped).toEqual(stored.dropped);
});

it("reasoning whose call was erased after the summary joins no later message", async () => {
  const session = await sessionOf(
    keeping(4, 3),
    [
      one(assistant(reasoning("hm"))),
      one(assistant(call("a"))),
      user("q1"),
      tool(result("a")),
      assistant("a1"),
      one(assistant("so")),
      assistant("a2"),
      user("q2"),
    ],
    [4],
  );
  const before = await session.view();
  expect(before.seqs).toEqual([9, 2, 4, 6, 7, 8]);
  expect(before.messages[1]).toEqual(expect.objectContaining({ content: [reasoning("hm"), call("a")] }));
  await session.erase({ seqs: [2] });
  const { messages, seqs, dropped } = await session.view();
  expect(seqs).toEqual([9, 6, 7, 8]);
  expect(JSON.stringify(messages)).not.toContain("reasoning");
  expect(dropped).toContainEqual({ from: 1, to: 2, reason: "left-out" });
});

it("a summary of what was pinned before reads nothing again that the one before it had done with", async () => {
  const session = await sessionOf(
    keeping(4, 3),
    [
      assistant(call("a")),
      tool(result("a")),
      assistant("a rule"),
      one(assistant(reasoning("hm"))),
      user("q1"),
      assistant("a1"),
      one(assistant("so")),
      assistant("a2"),
      user("q2"),
    ],
    [2, 3],
  );
  expect((await session.view()).seqs).toEqual([10, 1, 2, 3, 7, 8, 9]);
  await session.erase({ seqs: [2] });
  const { messages, seqs } = await session.view();
  expect(seqs).toEqual([11, 3, 7, 8, 9]);
  expect(JSON.stringify(messages)).not.toContain("reasoning");
});
