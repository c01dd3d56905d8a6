import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import {
  conversationOf,
  type KnownMessages,
  noteKnown,
  type RunStart,
  syncMessages,
} from "../src/agent/sync-messages.ts";
import { fromLangChain } from "../src/index.ts";
import { calling } from "./support/scripted-model.ts";

type Given = Parameters<typeof conversationOf>[0];

/** What a log has after a state was brought into it. */
async function logAfter(
  before: Given,
  state: Given,
  start: RunStart = "new",
): Promise<readonly (string | undefined)[]> {
  await using memory = createMemory({ store: createMemoryStore() });
  const session = memory.tenant("acme").session("s");
  if (before.length > 0) await session.append(fromLangChain(before));
  const known: KnownMessages = new Map();
  await noteKnown(session, conversationOf(state), known, start);
  await syncMessages(session, conversationOf(state), known);
  return (await session.messages()).map(({ id, content }) => (typeof content === "string" ? content : id));
}

const question = new HumanMessage({ content: "Q", id: "q" });
const call = Object.assign(calling(["f", "c1"]), { id: "a1" });

describe("what is in the log already", () => {
  it("is told by ids, and by words behind them when a graph has given new ids after a crash", async () => {
    const again = Object.assign(calling(["f", "c1"]), { id: "a2" });
    const result = new ToolMessage({ content: "r", tool_call_id: "c1", id: "t" });
    expect(await logAfter([question, call], [question, again, result], "resumed")).toEqual(["Q", "a1", "t"]);
  });

  it("is taken back when the graph has forgotten it and goes on, and only then", async () => {
    expect(await logAfter([question, call], [question], "resumed")).toEqual(["Q"]);
    expect(await logAfter([question, call], [question], "new")).toEqual(["Q", "a1"]);
    expect(await logAfter([question, call], [question], "set back or new")).toEqual(["Q"]);
    const next = new HumanMessage({ content: "Next", id: "q3" });
    expect(await logAfter([question, call], [question, next], "set back or new")).toEqual([
      "Q",
      "a1",
      "Next",
    ]);
    const later = new HumanMessage({ content: "Later", id: "q2" });
    expect(await logAfter([question, call, later], [question], "resumed")).toEqual(["Q", "a1", "Later"]);
  });

  it("is known by its words in whatever form they come, and is not changed by that", async () => {
    const blocks = new AIMessage({ content: [{ type: "text", text: "A", extra: 1 }], id: "a" });
    // A graph gives ids to messages that have none.
    const words = [
      new HumanMessage({ content: "Q", id: "n1" }),
      new AIMessage({ content: "A", id: "n2" }),
      new HumanMessage({ content: "Next", id: "n3" }),
    ];
    expect(await logAfter([question, blocks], words)).toEqual(["Q", "a", "Next"]);
    // The same words twice are two messages.
    expect(
      await logAfter(
        [question],
        [new HumanMessage({ content: "Q", id: "n1" }), new HumanMessage({ content: "Q", id: "n2" })],
      ),
    ).toEqual(["Q", "Q"]);
  });

  it("is replaced where the state says otherwise under the same id", async () => {
    const edited = Object.assign(calling(["f", "c1", { city: "Oslo" }]), { id: "a1" });
    const after = await logAfter(
      [question, call],
      [question, edited, new AIMessage({ content: "Done", id: "d" })],
    );
    expect(after).toEqual(["Q", "a1", "Done"]);
  });
});
