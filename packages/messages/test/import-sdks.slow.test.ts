import {
  AIMessage,
  ChatMessage,
  FunctionMessage,
  HumanMessage,
  mapStoredMessagesToChatMessages,
  type StoredMessage,
  SystemMessage,
  ToolMessage,
} from "@langchain/core/messages";
import { entriesOf } from "@relevo/random-conversations";
import { convertToModelMessages, type UIMessage, validateUIMessages } from "ai";
import { expect, it } from "vitest";
import { arrangeGroups, groupEntries, importMessages, partsOf } from "../src/index.ts";
import { histories } from "./support/histories.ts";

const call = { id: "c1", name: "weather", args: { city: "Bilbao" } };
const messages = [
  new SystemMessage("Be brief."),
  new HumanMessage({ content: "How warm is it?", id: "h1", name: "ane" }),
  new AIMessage({
    content: [{ type: "text", text: "Let me see." }],
    tool_calls: [call],
    name: "meteorologist",
    response_metadata: { output_version: "v1" },
  }),
  new ToolMessage({ content: "no station", tool_call_id: "c1", status: "error", artifact: { tried: 3 } }),
  new AIMessage({ content: "", additional_kwargs: { function_call: { name: "f", arguments: '{"a":1}' } } }),
  new FunctionMessage({ content: "1", name: "f" }),
  new ChatMessage("It was an outage.", "assistant"),
];

it("messages of LangChain are the same in each form in which it stores them", async () => {
  const forms = [
    messages.map((message) => message.toDict()),
    JSON.parse(JSON.stringify(messages)),
    // Rows of its store on PostgreSQL.
    messages.map((message) => ({ ...message.toDict().data, type: message.getType() })),
  ];
  const imported = await Promise.all(forms.map((items) => importMessages("langchain", items)));
  for (const { messages: own, notes } of imported) {
    expect(notes).toEqual([]);
    expect(own.map(({ role, agent, content, metadata }) => ({ role, agent, content, metadata }))).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", content: "How warm is it?", metadata: { name: "ane" } },
      {
        role: "assistant",
        agent: "meteorologist",
        content: [
          { type: "text", text: "Let me see." },
          { type: "tool-call", toolCallId: "c1", toolName: "weather", input: { city: "Bilbao" } },
        ],
        metadata: { response_metadata: { output_version: "v1" } },
      },
      {
        role: "tool",
        content: [
          {
            type: "tool-result",
            toolCallId: "c1",
            toolName: "weather",
            output: "no station",
            isError: true,
          },
        ],
        metadata: { artifact: { tried: 3 } },
      },
      {
        role: "assistant",
        content: [{ type: "tool-call", toolCallId: "call_4_0", toolName: "f", input: { a: 1 } }],
      },
      {
        role: "tool",
        content: [{ type: "tool-result", toolCallId: "call_4_0", toolName: "f", output: "1" }],
      },
      { role: "assistant", content: "It was an outage." },
    ]);
  }
});

it("the stored messages that the tests import are read by LangChain too", () => {
  const stored = histories.langchain.filter(
    (item): item is StoredMessage => "data" in (item as object) && (item as StoredMessage).type !== "remove",
  );
  const types = mapStoredMessagesToChatMessages(structuredClone(stored)).map((message) => message.getType());
  expect(types).toEqual(stored.map(({ type }) => type));
});

it("the UI messages that the tests import are valid for the AI SDK, and say the same to a model", async () => {
  const ui = histories["ai-sdk-ui"].filter((item) => "parts" in (item as object)) as UIMessage[];
  expect(await validateUIMessages({ messages: structuredClone(ui) })).toHaveLength(ui.length);
  const converted = await convertToModelMessages(structuredClone(ui));
  const { messages: own } = await importMessages("ai-sdk-ui", ui);
  expect(own.map(({ role }) => role)).toEqual(converted.map(({ role }) => role));
  // The names of these types are the same in both. A view makes the result of a call that a person refused.
  const kinds = new Set(["text", "tool-call", "tool-result", "reasoning"]);
  const typesOf = (parts: readonly { readonly type: string }[]): string[] =>
    parts.map(({ type }) => type).filter((type) => kinds.has(type));
  const shown = arrangeGroups(groupEntries(entriesOf(own)).groups);
  expect(shown.flatMap(({ message }) => typesOf(partsOf(message)))).toEqual(
    converted.flatMap(({ content }) => (typeof content === "string" ? ["text"] : typesOf(content))),
  );
});
