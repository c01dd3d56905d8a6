import type { Message } from "@relevo/core";
import { createMemory, type Session } from "@relevo/memory";
import { approvalRequest, approvalResponse, assistant, call, tool, user } from "@relevo/random-conversations";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { summarize } from "../src/index.ts";
import { recordingSummarizer, turns } from "./support/summarizers.ts";

const refusal = tool(approvalResponse("p", false, "too dear"));
const question = assistant(approvalRequest("p", "a"));

/** A session with a summary of all but its last messages, of which some are pinned by their place. */
async function summarized(messages: readonly Message[], pinned: readonly number[]): Promise<Session> {
  const store = createMemoryStore({ sweepIntervalMs: 0 });
  const session = createMemory({ store, view: keeping() }).tenant("acme").session("chat");
  await session.append(
    messages.map((body, index) => ({ type: "message" as const, body, pinned: pinned.includes(index + 1) })),
  );
  expect((await session.view()).summarized).not.toEqual([]);
  return session;
}

function keeping(): ReturnType<typeof summarize> {
  return summarize({ trigger: { messages: 3 }, keep: { messages: 1 }, summarizer: recordingSummarizer() });
}

async function shownIn(session: Session): Promise<string> {
  return JSON.stringify((await session.view()).messages);
}

describe("a refusal finds its call behind a summary", () => {
  it.each([
    ["of a question that is pinned", [1, 2]],
    ["of a question that is not", [1]],
  ])("%s", async (_, pinned) => {
    const session = await summarized([assistant(call("a")), question, ...turns(1, 3)], pinned);
    await session.append({ type: "message", body: refusal });
    for (let view = 0; view < 2; view++) {
      const shown = await shownIn(session);
      expect(shown).toContain("too dear");
      expect(shown).not.toContain("No result was recorded");
    }
  });

  it("that was there before it", async () => {
    const messages = [
      assistant(call("a")),
      assistant("well"),
      question,
      ...turns(1, 3),
      refusal,
      ...turns(4, 4),
    ];
    const session = await summarized(messages, [3, 10]);
    expect(await shownIn(session)).toContain("too dear");
    expect(await shownIn(session)).toContain("too dear");
  });

  it("in a plain array as well", async () => {
    const messages = [assistant(call("a")), question, ...turns(1, 2), refusal, ...turns(3, 4)];
    const pinned = (_: Message, index: number): boolean => index === 0;
    const view = await keeping().apply(messages, { pinned });
    expect(view.summarized).not.toEqual([]);
    expect(JSON.stringify(view.messages)).toContain("too dear");
  });

  it("of a question that was asked together with something else", async () => {
    const asked = assistant("may I?", call("b"), approvalRequest("p", "a"));
    const again = assistant("and this?", approvalRequest("q", "b"));
    const messages = [user("q"), assistant(call("a")), asked, again, ...turns(1, 3)];
    const session = await summarized(messages, [2]);
    await session.append([
      { type: "message", body: refusal },
      { type: "message", body: tool(approvalResponse("q", false, "too late")) },
    ]);
    for (let view = 0; view < 2; view++) {
      const shown = await shownIn(session);
      expect(shown).toContain("too dear");
      expect(shown).toContain("too late");
      expect(shown).not.toContain("No result was recorded");
    }
  });
});

it("a question whose call is answered or summarized does not stay", async () => {
  const answered = tool({ type: "tool-result", toolCallId: "a", toolName: "look", output: "found" });
  const asked = assistant("may I?", approvalRequest("p", "a"));
  const session = await summarized([assistant(call("a")), asked, answered, ...turns(1, 3)], [1]);
  expect((await session.view()).seqs).not.toContain(2);
  const gone = await summarized([assistant(call("a")), asked, ...turns(1, 3)], []);
  expect((await gone.view()).seqs).toEqual([9, 7, 8]);
});
