import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { createMemory, type Session } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import type { AgentMiddleware } from "langchain";
import { z } from "zod";
import { type RelevoMemoryOptions, relevoMemory } from "../../src/agent/index.ts";
import { ScriptedModel } from "./scripted-model.ts";

export const asking = (text: string) => ({ messages: [new HumanMessage(text)] });

export const on = (thread_id: string) => ({ configurable: { thread_id } });

export async function logOf(session: Session): Promise<readonly string[]> {
  return (await session.messages()).map(({ role, content }) => {
    if (typeof content === "string") return `${role}: ${content}`;
    const parts = content.map((part) =>
      part.type === "text"
        ? part.text
        : part.type === "tool-call"
          ? `calls ${part.toolCallId}`
          : `${part.type}`,
    );
    return `${role}: ${parts.join(" + ")}`;
  });
}

export const weather = tool(async ({ city }: { city: string }) => `12 degrees in ${city}`, {
  name: "weather",
  description: "The weather in a city.",
  schema: z.object({ city: z.string() }),
});

/** Answers the last question by how often the person has asked. */
export const counting = () =>
  new ScriptedModel((messages) => {
    const asked = messages.filter(({ type }) => type === "human");
    return new AIMessage(`Answer ${asked.length} to ${asked.at(-1)?.text}`);
  });

export function setUp(more: Partial<RelevoMemoryOptions> = {}, memoryOptions: object = {}) {
  const store = createMemoryStore();
  const memory = createMemory({ store, ...memoryOptions });
  const session = memory.tenant("acme").session("t");
  return { store, memory, session, middleware: relevoMemory({ memory, tenant: "acme", ...more }) };
}

/** Their types do not stand the strict settings of this project. */
export const theirs = (middleware: unknown): AgentMiddleware => middleware as AgentMiddleware;
