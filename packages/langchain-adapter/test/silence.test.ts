import { AsyncLocalStorage } from "node:async_hooks";
import { AIMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import {
  Command,
  END,
  interrupt,
  MemorySaver,
  MessagesAnnotation,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { createAgent, createMiddleware } from "langchain";
import { expect, it, vi } from "vitest";
import { z } from "zod";
import { asking, logOf, on, setUp, weather } from "./support/agents.ts";
import { calling, ScriptedModel } from "./support/scripted-model.ts";

const long = 1_000_000;

/** Whether another run could begin within so long, tried from outside of the one that asks. */
function rival({ memory }: Pick<ReturnType<typeof setUp>, "memory">) {
  const outside = AsyncLocalStorage.snapshot();
  return async (waitMs: number): Promise<string> =>
    await outside(async () => {
      const turn = memory.tenant("acme").session("t").beginTurn({ waitMs });
      return await turn.then(
        async (open) => {
          await open.abandon();
          return "began";
        },
        (error: unknown) => (error as { readonly code?: string }).code ?? "failed",
      );
    });
}

it("a run that failed lets the next one in soon", async () => {
  const { middleware, session } = setUp({ idleMs: long, waitMs: 60_000 });
  const model = new ScriptedModel((_, call) => {
    if (call === 1) throw new Error("The model is down.");
    return new AIMessage("Here I am.");
  });
  const agent = createAgent({ model, tools: [], middleware: [middleware] });
  await expect(agent.invoke(asking("One"), on("t"))).rejects.toThrow("The model is down.");
  await agent.invoke(asking("Two"), on("t"));
  expect(await logOf(session)).toEqual(["user: One", "user: Two", "assistant: Here I am."]);
});

it("a model that works for longer than a run may be silent keeps its turn", async () => {
  const setting = setUp({ idleMs: 20 });
  const begin = rival(setting);
  const model = new ScriptedModel(async () => new AIMessage(await begin(500)));
  const agent = createAgent({ model, tools: [], middleware: [setting.middleware] });
  const { messages } = await agent.invoke(asking("Hi"), on("t"));
  expect(messages.at(-1)?.text).toBe("conflict");
});

it("a run that goes on behind an interrupt is not taken for one that waits", async () => {
  const setting = setUp({ idleMs: long });
  const begin = rival(setting);
  const ask = tool(() => interrupt("?"), { name: "ask", description: "Asks.", schema: z.object({}) });
  const tried: string[] = [];
  const between = createMiddleware({
    name: "Between",
    async afterModel({ messages }) {
      if (messages.at(-1)?.text === "Done.") tried.push(await begin(300));
    },
  });
  const model = new ScriptedModel((messages) =>
    messages.at(-1)?.type === "human" ? calling(["ask", "c1"]) : new AIMessage("Done."),
  );
  const checkpointer = new MemorySaver();
  const middleware = [between, setting.middleware];
  const agent = createAgent({ model, tools: [ask], middleware, checkpointer });
  await agent.invoke(asking("Go"), on("t"));
  await agent.invoke(new Command({ resume: "yes" }) as never, on("t"));
  expect(tried).toEqual(["conflict"]);
});

it("agents beside each other in a graph with checkpoints keep each other's words", async () => {
  const { middleware, session } = setUp();
  const agent = (name: string) =>
    createAgent({ model: new ScriptedModel(() => new AIMessage(name)), tools: [], middleware: [middleware] });
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("a", agent("A").graph)
    .addNode("b", agent("B").graph)
    .addEdge(START, "a")
    .addEdge(START, "b")
    .addEdge("a", END)
    .addEdge("b", END)
    .compile({ checkpointer: new MemorySaver() });
  await graph.invoke(asking("Go"), on("t"));
  expect((await logOf(session)).toSorted()).toEqual(["assistant: A", "assistant: B", "user: Go"]);
});

it("a run whose turn was taken over goes on in another turn, behind what was said there", async () => {
  const { memory, middleware, session } = setUp({ idleMs: long });
  const outside = AsyncLocalStorage.snapshot();
  // By this a turn learns that it has lost its lease.
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  try {
    let isTaken = false;
    const between = createMiddleware({
      name: "Between",
      async afterModel() {
        if (isTaken) return;
        isTaken = true;
        await outside(async () => {
          const turn = await memory.tenant("acme").session("t").beginTurn({ whenBusy: "take-over" });
          await turn.session.append({ role: "user", content: "Elsewhere." });
          await turn.commit();
        });
        await vi.advanceTimersByTimeAsync(30_000);
      },
    });
    const model = new ScriptedModel((_, call) =>
      call === 1 ? calling(["weather", "c1", { city: "Vigo" }]) : new AIMessage("Mild."),
    );
    const agent = createAgent({ model, tools: [weather], middleware: [between, middleware] });
    await agent.invoke(asking("Warm?"), on("t"));
  } finally {
    vi.useRealTimers();
  }
  expect(await logOf(session)).toEqual([
    "user: Warm?",
    "assistant: calls c1",
    "user: Elsewhere.",
    "tool: tool-result",
    "assistant: Mild.",
  ]);
});
