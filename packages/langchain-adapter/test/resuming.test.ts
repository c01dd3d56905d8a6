import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { Command, interrupt, MemorySaver } from "@langchain/langgraph";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { createAgent, humanInTheLoopMiddleware } from "langchain";
import { expect, it } from "vitest";
import { z } from "zod";
import { relevoMemory } from "../src/agent/index.ts";
import { logOf, on, setUp, theirs, weather } from "./support/agents.ts";
import { calling, ScriptedModel } from "./support/scripted-model.ts";

it("a run that is resumed twice at once, in one process, leaves its words once", async () => {
  const store = createMemoryStore();
  let arrived = () => {};
  const secondArrives = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  let acquired = 0;
  const leases = new Proxy(store.leases, {
    get(target, name, receiver) {
      if (name === "acquire" && ++acquired === 2) arrived();
      return Reflect.get(target, name, receiver);
    },
  });
  const memory = createMemory({ store: { ...store, leases } });
  let working = 0;
  let most = 0;
  const pay = tool(
    async () => {
      const answer: unknown = interrupt("May I?");
      most = Math.max(most, ++working);
      if (working === 2) arrived();
      await secondArrives;
      working--;
      return `paid: ${answer}`;
    },
    { name: "pay", description: "Pays.", schema: z.object({}) },
  );
  let answers = 0;
  const model = new ScriptedModel((messages) =>
    messages.at(-1)?.type === "human" ? calling(["pay", "c1"]) : new AIMessage(`Done ${++answers}.`),
  );
  const middleware = [relevoMemory({ memory, tenant: "acme" })];
  const agent = createAgent({ model, tools: [pay], middleware, checkpointer: new MemorySaver() });
  await agent.invoke({ messages: [new HumanMessage("Pay.")] }, on("t"));
  expect(acquired).toBe(1);
  const resume = () => agent.invoke(new Command({ resume: "yes" }) as never, on("t"));
  await Promise.all([resume(), resume()]);
  expect(most).toBe(1);
  const session = memory.tenant("acme").session("t");
  expect(await logOf(session)).toEqual([
    "user: Pay.",
    "assistant: calls c1",
    "tool: tool-result",
    "assistant: Done 2.",
  ]);
});

it("an answer to an interrupt, in another process, does not wait until the run was silent for long", async () => {
  const { memory, session } = setUp();
  const model = new ScriptedModel((messages) =>
    messages.at(-1)?.type === "human" ? calling(["weather", "c1", { city: "Vigo" }]) : new AIMessage("Mild."),
  );
  const checkpointer = new MemorySaver();
  const inOneProcess = () =>
    createAgent({
      model,
      tools: [weather],
      checkpointer,
      middleware: [
        theirs(humanInTheLoopMiddleware({ interruptOn: { weather: true } } as never)),
        // Less than it may be silent.
        relevoMemory({ memory, tenant: "acme", waitMs: 60_000, idleMs: 1_000_000 }),
      ],
    });
  await inOneProcess().invoke({ messages: [new HumanMessage("Warm?")] }, on("t"));
  const decisions = [{ type: "approve" }];
  await inOneProcess().invoke(new Command({ resume: { decisions } }) as never, on("t"));
  expect((await logOf(session)).at(-1)).toBe("assistant: Mild.");
});
