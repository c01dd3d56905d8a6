import type { Message, ToolCallPart, View } from "@relevo/core";
import { type AnswerPiece, createMemory, type Session } from "@relevo/memory";
import { providers, validateForProvider } from "@relevo/messages";
import { assistant, call, result, tool, user } from "@relevo/random-conversations";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import {
  compose,
  extractiveSummarizer,
  type Strategy,
  summarize,
  tokenBudget,
  window,
} from "../src/index.ts";

/** A message that is appended, or what had arrived of an answer when its source failed. */
type Step = { readonly said: Message } | { readonly half: readonly AnswerPiece[] };

const strategies: readonly (() => Strategy)[] = [
  () => window({ messages: 2 }),
  () => window({ messages: 5 }),
  () => window({ turns: 2 }),
  () => tokenBudget({ maxTokens: 60 }),
  () => tokenBudget({ maxTokens: 200 }),
  () => summarize({ trigger: { messages: 6 }, keep: { messages: 2 }, summarizer: extractiveSummarizer() }),
  () => compose(window({ messages: 6 }), tokenBudget({ maxTokens: 80 })),
];

const halfCall: ToolCallPart = {
  type: "tool-call",
  toolCallId: "half",
  toolName: "search",
  input: { query: "pri" },
};

/** Turns of which every second one breaks once or twice, with and without tools. */
function story(): readonly Step[] {
  const steps: Step[] = [];
  for (let turn = 1; turn <= 6; turn++) {
    steps.push({ said: user(`question ${turn}`) });
    if (turn % 2 === 0) steps.push({ half: [`half an answer ${turn}`] });
    if (turn % 4 === 0) steps.push({ half: ["I look it up", { ...halfCall, toolCallId: `half-${turn}` }] });
    if (turn % 3 === 0)
      steps.push({ said: assistant(call(`call-${turn}`)) }, { said: tool(result(`call-${turn}`, "found")) });
    steps.push({ said: assistant(`answer ${turn}`) });
  }
  return steps;
}

function open(): Session {
  const store = createMemoryStore({ sweepIntervalMs: 0 });
  return createMemory({ store }).tenant("acme").session("chat");
}

async function play(session: Session, step: Step): Promise<void> {
  if ("said" in step) {
    await session.append(step.said);
    return;
  }
  async function* broken(): AsyncGenerator<AnswerPiece> {
    yield* "half" in step ? step.half : [];
    throw new TypeError("The model went away.");
  }
  const read = async (): Promise<void> => {
    for await (const _ of session.stream(broken()));
  };
  await expect(read()).rejects.toThrow("went away");
}

/** The same words as a whole answer. */
function whole(step: Step): Message {
  if ("said" in step) return step.said;
  const parts = step.half.map((piece) =>
    typeof piece === "string" ? { type: "text" as const, text: piece } : piece,
  );
  const [first] = step.half;
  return { role: "assistant", content: parts.length === 1 && typeof first === "string" ? first : parts };
}

function contents({ messages }: View): readonly unknown[] {
  return messages.map(({ role, content }) => [role, content]);
}

describe.each(strategies.map((make) => [make().name, make] as const))("%s", (_, strategy) => {
  it("shows of a session without its partial answers what it shows of one that never had them", async () => {
    const [real, ideal] = [open(), open()];
    const hiding = { strategy: strategy(), partial: "hide" } as const;
    const plain = { strategy: strategy() };
    for (const step of story()) {
      await play(real, step);
      // Cuts depend on the places of messages, so something that is no message stands in for the partial answer.
      await ideal.append("said" in step ? step.said : { type: "x-nothing", body: null });
      const view = await real.view(hiding);
      expect(contents(view)).toEqual(contents(await ideal.view(plain)));
      const partial = (await real.messages()).filter((message) => message.partial !== undefined);
      const shown = new Set(view.seqs);
      for (const { seq } of partial) expect(shown).not.toContain(seq);
      const hidden = view.dropped.filter(({ reason }) => reason === "partial");
      if ("half" in step) expect(hidden.at(-1)?.to).toBe(partial.at(-1)?.seq);
      if (hidden.length > 0) expect(view.compacted).toBe(true);
    }
  });

  it("shows partial answers as it shows whole ones, in a form that every provider takes", async () => {
    const [real, ideal] = [open(), open()];
    const showing = { strategy: strategy(), partial: "show" } as const;
    const plain = { strategy: strategy() };
    for (const step of story()) {
      await play(real, step);
      await ideal.append(whole(step));
      const view = await real.view(showing);
      expect(contents(view)).toEqual(contents(await ideal.view(plain)));
      if (!("said" in step) || step.said.role !== "user") continue;
      for (const provider of providers) {
        const { messages } = await real.view({ ...showing, for: provider });
        expect(validateForProvider(messages, provider), provider).toEqual([]);
      }
    }
  });
});

describe("a partial answer", () => {
  it("with half of a tool call has a result when it is shown, and is no call when it is hidden", async () => {
    const session = open();
    await session.append(user("what does it cost?"));
    await play(session, { half: ["I look it up", halfCall] });
    await session.append(user("well?"));
    const shown = await session.view({ strategy: window({ messages: 10 }) });
    expect(shown.messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "user"]);
    expect(shown.messages[2]).toMatchObject({ content: [{ toolCallId: "half" }] });
    const hidden = await session.view({ strategy: window({ messages: 10 }), partial: "hide" });
    expect(JSON.stringify(hidden.messages)).not.toContain('"half"');
    expect(hidden.dropped).toEqual([{ from: 2, to: 2, reason: "partial" }]);
  });

  it("takes room in a budget only when it is shown", async () => {
    const session = open();
    const strategy = tokenBudget({ maxTokens: 60 });
    await session.append(user("tell me everything"));
    await play(session, { half: ["much too long ".repeat(100)] });
    expect(contents(await session.view({ strategy, partial: "hide" }))).toEqual([
      ["user", "tell me everything"],
    ]);
    await expect(session.view({ strategy })).rejects.toMatchObject({ code: "budget-exceeded" });
  });

  it("at the edge of a window leaves its place to a whole message when it is hidden", async () => {
    const session = open();
    const strategy = window({ messages: 3, low: 3 });
    for (const step of story().slice(0, 7)) await play(session, step);
    // q1 a1 q2 (half) a2 q3 [call], of which the half one is the third from the end of the text.
    const texts = (view: View): unknown[] => view.messages.map(({ content }) => content);
    await play(session, { half: ["half again"] });
    expect(texts(await session.view({ strategy }))).toContain("half again");
    const hidden = texts(await session.view({ strategy, partial: "hide" }));
    expect(hidden.length).toBeGreaterThanOrEqual(3);
    expect(hidden).not.toContain("half again");
  });
});
