import {
  AIMessage,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
  trimMessages,
} from "@langchain/core/messages";
import { isEvent, type Message, type StoredEvent, type TokenCounter, textOf } from "@relevo/core";
import { createMemory, type Session } from "@relevo/memory";
import { createMemoryStore, type MemoryStore } from "@relevo/store-memory";
import { customCounter, type Strategy, tokenBudget } from "@relevo/truncation";
import { type ModelMessage, pruneMessages } from "ai";
import type { Benchmark } from "./benchmark.ts";
import { conversation } from "./view-conversation.ts";

const maxTokens = 4_000;

/** The same cheap rule for all, so that what is compared is not how fast a tokenizer is. */
const counter: TokenCounter = customCounter("quarter", (text) => Math.ceil(text.length / 4));

interface Chat {
  readonly store: MemoryStore;
  readonly session: Session;
  readonly strategy: Strategy;
}

async function chatOf(messages: number): Promise<Chat> {
  const store = createMemoryStore({ sweepIntervalMs: 0, maxSessionBytes: 8 * 1024 ** 3 });
  const session = createMemory({ store }).tenant("acme").session("chat");
  let batch: Message[] = [];
  for (const message of conversation(Math.ceil(messages / 4))) {
    batch.push(message);
    if (batch.length < 500) continue;
    await session.append(batch);
    batch = [];
  }
  if (batch.length > 0) await session.append(batch);
  return { store, session, strategy: tokenBudget({ maxTokens, counter }) };
}

/** A view as sessions take it, beside a bare read of as many messages as it shows and a copy of them. */
function sessionViews(messages: number): Benchmark {
  return {
    name: `view of ${maxTokens} tokens, at ${messages.toLocaleString("en")} messages`,
    floor: "reading the same tail of the store and copying it",
    target: { micros: 1000 },
    async setup() {
      const { store, session, strategy } = await chatOf(messages);
      const limit = (await session.view({ strategy })).messages.length;
      const { address } = session;
      const bodies = (events: readonly StoredEvent[]): Message[] =>
        events.flatMap((event) => (isEvent(event, "message") ? [event.body] : [])).reverse();
      return {
        floor: async () => bodies((await store.log.read(address, { direction: "backward", limit })).events),
        subject: () => session.view({ strategy }),
        [Symbol.dispose]: () => void store.close(),
      };
    },
  };
}

const arrayLength = 1_000;

function array(): Message[] {
  return [...conversation(arrayLength / 4)].slice(0, arrayLength);
}

/** The same conversation in other libraries' messages. */
function forLangChain(message: Message): BaseMessage {
  const [part] = typeof message.content === "string" ? [] : message.content;
  if (part?.type === "tool-call") {
    const call = { id: part.toolCallId, name: part.toolName, args: part.input as Record<string, unknown> };
    return new AIMessage({ content: "", tool_calls: [call] });
  }
  if (part?.type === "tool-result")
    return new ToolMessage({ content: String(part.output), tool_call_id: part.toolCallId });
  const text = textOf(message);
  if (message.role === "system") return new SystemMessage(text);
  return message.role === "user" ? new HumanMessage(text) : new AIMessage(text);
}

function forAiSdk(message: Message): ModelMessage {
  const [part] = typeof message.content === "string" ? [] : message.content;
  if (part?.type === "tool-call") {
    const { toolCallId, toolName, input } = part;
    return { role: "assistant", content: [{ type: "tool-call", toolCallId, toolName, input }] };
  }
  if (part?.type === "tool-result") {
    const { toolCallId, toolName = "", output } = part;
    const text = { type: "text" as const, value: String(output) };
    return { role: "tool", content: [{ type: "tool-result", toolCallId, toolName, output: text }] };
  }
  const role = message.role === "tool" ? "user" : message.role;
  return { role, content: textOf(message) };
}

/** What views cost, by themselves and beside what other libraries offer on the same messages. */
export const viewBenchmarks: readonly Benchmark[] = [
  sessionViews(1_000),
  sessionViews(10_000),
  sessionViews(100_000),
  {
    name: `${maxTokens} tokens of an array of ${arrayLength.toLocaleString("en")}`,
    floor: "LangChain's trimMessages, to the same budget",
    setup() {
      const messages = array();
      const theirs = messages.map(forLangChain);
      const strategy = tokenBudget({ maxTokens, counter });
      const tokenCounter = (batch: BaseMessage[]): number =>
        batch.reduce((sum, { content }) => sum + Math.ceil(String(content).length / 4) + 3, 0);
      return {
        floor: () =>
          trimMessages(theirs, {
            maxTokens,
            tokenCounter,
            strategy: "last",
            includeSystem: true,
            startOn: "human",
          }),
        subject: () => strategy.apply(messages),
      };
    },
  },
  {
    name: `${maxTokens} tokens of an array of ${arrayLength.toLocaleString("en")}, again`,
    floor: "the AI SDK's pruneMessages, which counts no tokens",
    setup() {
      const messages = array();
      const theirs = messages.map(forAiSdk);
      const strategy = tokenBudget({ maxTokens, counter });
      return {
        floor: () =>
          pruneMessages({
            messages: theirs,
            reasoning: "before-last-message",
            toolCalls: "before-last-20-messages",
            emptyMessages: "remove",
          }),
        subject: () => strategy.apply(messages),
      };
    },
  },
];
