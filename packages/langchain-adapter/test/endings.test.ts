import { AsyncLocalStorage } from "node:async_hooks";
import { readFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { AIMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { Command, interrupt, MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { createHandoffs, renderChain } from "@relevo/handoff-tracing";
import { type AgentMiddleware, createAgent, createMiddleware } from "langchain";
import { expect, it } from "vitest";
import { z } from "zod";
import { createAgentHandoffs, relevoMemory } from "../src/agent/index.ts";
import { asking, logOf, on, setUp, weather } from "./support/agents.ts";
import { calling, ScriptedModel } from "./support/scripted-model.ts";

const long = 1_000_000;

const calls = () => new ScriptedModel((_, call) => calling(["weather", `c${call}`, { city: "Vigo" }]));
const answers = () => new ScriptedModel(() => new AIMessage("Here I am."));
const failing = (hook: object) => createMiddleware({ name: "Other", ...hook });
const boom = (): never => {
  throw new Error("boom");
};
const broken = (run: () => unknown) =>
  tool(run, { name: "weather", description: "Fails.", schema: z.object({ city: z.string() }) });

/** Ways in which a run ends that no hook of the memory is told of; each answers when the caller has the run back. */
const endings: Readonly<Record<string, (memory: AgentMiddleware) => Promise<unknown>>> = {
  "at the recursion limit": (memory) =>
    expect(
      createAgent({ model: calls(), tools: [weather], middleware: [memory] }).invoke(asking("One"), {
        ...on("t"),
        recursionLimit: 6,
      }),
    ).rejects.toThrow("Recursion limit of 6"),
  "in another middleware before the model": (memory) => {
    let turns = 0;
    const other = failing({ beforeModel: () => (++turns === 2 ? boom() : undefined) });
    const agent = createAgent({ model: calls(), tools: [weather], middleware: [other, memory] });
    return expect(agent.invoke(asking("One"), on("t"))).rejects.toThrow("boom");
  },
  "in another middleware behind the model": (memory) => {
    const agent = createAgent({
      model: answers(),
      tools: [],
      middleware: [failing({ afterModel: boom }), memory],
    });
    return expect(agent.invoke(asking("One"), on("t"))).rejects.toThrow("boom");
  },
  "by a signal between two hooks": (memory) => {
    const caller = new AbortController();
    const other = failing({ afterModel: () => caller.abort() });
    const agent = createAgent({ model: calls(), tools: [weather], middleware: [other, memory] });
    return expect(agent.invoke(asking("One"), { ...on("t"), signal: caller.signal })).rejects.toThrow(
      "abort",
    );
  },
  "by a signal while the model works": (memory) => {
    const caller = new AbortController();
    const model = new ScriptedModel(async () => {
      caller.abort();
      return await new Promise(() => undefined);
    });
    const agent = createAgent({ model, tools: [], middleware: [memory] });
    return expect(agent.invoke(asking("One"), { ...on("t"), signal: caller.signal })).rejects.toThrow(
      "abort",
    );
  },
  "in a tool": (memory) => {
    const agent = createAgent({ model: calls(), tools: [broken(boom)], middleware: [memory] });
    return expect(agent.invoke(asking("One"), on("t"))).rejects.toThrow("boom");
  },
  "in a stream that is cancelled": async (memory) => {
    const agent = createAgent({ model: calls(), tools: [weather], middleware: [memory] });
    const stream = await agent.stream(asking("One"), { ...on("t"), streamMode: "updates" });
    await stream.next();
    await stream.cancel();
  },
  "at an interrupt that nobody answers": async (memory) => {
    const agent = createAgent({
      model: calls(),
      tools: [broken(() => interrupt("May I?"))],
      middleware: [memory],
      checkpointer: new MemorySaver(),
    });
    expect(await agent.invoke(asking("One"), on("t"))).toHaveProperty("__interrupt__");
  },
};

it.each(Object.keys(endings))("a run that ends %s lets the next one in at once", async (name) => {
  const { middleware, session } = setUp({ idleMs: long, waitMs: 0 });
  await endings[name]?.(middleware);
  const before = await logOf(session);
  expect(before[0]).toBe("user: One");
  const model = answers();
  await createAgent({ model, tools: [], middleware: [middleware] }).invoke(asking("Two"), on("t"));
  expect(await logOf(session)).toEqual([...before, "user: Two", "assistant: Here I am."]);
});

it.each(Object.keys(endings))("a run that ends %s lets other processes in", async (name) => {
  const { middleware, memory } = setUp({ idleMs: long });
  await endings[name]?.(middleware);
  const turn = await memory.tenant("acme").session("t").beginTurn({ waitMs: 60_000 });
  await turn.abandon();
});

it("a run whose stream is left early keeps its turn until it is over", async () => {
  const { middleware, memory, session } = setUp({ idleMs: long });
  const agent = createAgent({
    model: new ScriptedModel((_, call) =>
      call === 1 ? calling(["weather", "c1", { city: "Vigo" }]) : new AIMessage("Done."),
    ),
    tools: [weather],
    middleware: [middleware],
  });
  for await (const _ of await agent.stream(asking("One"), { ...on("t"), streamMode: "updates" })) break;
  const turn = await memory.tenant("acme").session("t").beginTurn({ waitMs: 60_000 });
  await turn.abandon();
  const log = await logOf(session);
  const whole = ["user: One", "assistant: calls c1", "tool: tool-result", "assistant: Done."];
  // LangGraph 1.4 lets such a run go on to its end; 1.7 ends it there.
  const manifest = new URL("../package.json", import.meta.resolve("@langchain/langgraph"));
  const { version } = JSON.parse(await readFile(manifest, "utf8"));
  expect(log).toEqual(version.startsWith("1.4.") ? whole : whole.slice(0, log.length));
});

it("a tool that asks a person twice goes on at once after each answer", async () => {
  const { middleware, session } = setUp({ idleMs: long, waitMs: 0 });
  const model = new ScriptedModel((messages) =>
    messages.at(-1)?.type === "human"
      ? calling(["weather", "c1", { city: "Vigo" }])
      : new AIMessage(messages.at(-1)?.text ?? ""),
  );
  const asks = broken(() => `${interrupt("Who?")} and ${interrupt("Where?")}`);
  const checkpointer = new MemorySaver();
  const agent = createAgent({ model, tools: [asks], middleware: [middleware], checkpointer });
  await agent.invoke(asking("One"), on("t"));
  for (const resume of ["Ana", "Vigo"]) await agent.invoke(new Command({ resume }) as never, on("t"));
  expect((await logOf(session)).at(-1)).toBe("assistant: Ana and Vigo");
});

it("a run that waits for a person lets nobody in while another of its tools works", async () => {
  const { middleware, session } = setUp({ idleMs: long, waitMs: 0 });
  const rival = createAgent({ model: answers(), tools: [], middleware: [middleware] });
  const outside = AsyncLocalStorage.snapshot();
  let asked = () => {};
  const isAsking = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const asks = broken(() => {
    asked();
    return interrupt("May I?");
  });
  const works = async () => {
    await isAsking;
    await setImmediate();
    return await outside(() => rival.invoke(asking("Two"), on("t")).then(() => "began", String));
  };
  const slow = tool(works, { name: "slow", description: "Works.", schema: z.object({}) });
  const model = new ScriptedModel(() => calling(["weather", "c1", { city: "Vigo" }], ["slow", "c2"]));
  const checkpointer = new MemorySaver();
  const agent = createAgent({ model, tools: [asks, slow], middleware: [middleware], checkpointer });
  await agent.invoke(asking("One"), on("t"));
  const { events } = await session.events({ types: ["execution"] });
  expect(JSON.stringify(events)).toContain("Another run of the session t was not over after 0 ms");
});

it("a run in which another middleware asks the model again lets nobody in between", async () => {
  const { middleware } = setUp({ idleMs: long, waitMs: 0 });
  const rival = createAgent({ model: answers(), tools: [], middleware: [middleware] });
  const outside = AsyncLocalStorage.snapshot();
  let tried: unknown;
  const again = createMiddleware({
    name: "Again",
    async wrapModelCall(request, handler) {
      try {
        return await handler(request);
      } catch {
        tried = await outside(() => rival.invoke(asking("Two"), on("t")).then(() => "began", String));
        return await handler(request);
      }
    },
  });
  const model = new ScriptedModel((_, call) => (call === 1 ? boom() : new AIMessage("Here I am.")));
  const agent = createAgent({ model, tools: [], middleware: [again, middleware] });
  expect((await agent.invoke(asking("One"), on("t"))).messages.at(-1)?.text).toBe("Here I am.");
  expect(tried).toContain("Another run of the session t was not over after 0 ms");
});

it("an agent in a tool that ends at the recursion limit lets the next one in", async () => {
  const { middleware, memory, session } = setUp({ idleMs: long, waitMs: 0 });
  const helper = (model: ScriptedModel) =>
    createAgent({
      model,
      tools: [weather],
      middleware: [relevoMemory({ memory, tenant: "acme", idleMs: long, waitMs: 0 })],
    });
  const help = (name: string, model: ScriptedModel) =>
    tool(
      async (_, config) => {
        const asked = helper(model).invoke(asking(`Help, ${name}`), { ...config, recursionLimit: 4 });
        return await asked.then(({ messages }) => messages.at(-1)?.text, String);
      },
      { name, description: "Asks another agent.", schema: z.object({}) },
    );
  const model = new ScriptedModel((_, call) =>
    call < 3 ? calling([call === 1 ? "endless" : "brief", `c${call}`]) : new AIMessage("Done."),
  );
  const tools = [help("endless", calls()), help("brief", answers())];
  await createAgent({ model, tools, middleware: [middleware] }).invoke(asking("Go"), on("t"));
  expect((await logOf(session)).slice(-6)).toEqual([
    "tool: tool-result",
    "assistant: calls c2",
    "user: Help, brief",
    "assistant: Here I am.",
    "tool: tool-result",
    "assistant: Done.",
  ]);
  expect(model.shown[1]?.at(-1)?.text).toContain("Recursion limit of 4");
});

it("a handoff whose receiver ends at the recursion limit is recorded as failed", async () => {
  const { store, memory } = setUp();
  const recorder = createHandoffs({ log: store.log });
  const handoffs = createAgentHandoffs(recorder);
  const middleware = [relevoMemory({ memory, tenant: "acme", handoffs, idleMs: long, waitMs: 0 })];
  const sales = createAgent({
    model: new ScriptedModel(() => calling(["transfer_to_billing", "c1", { reason: "an invoice" }])),
    tools: [handoffs.handoffTool({ to: "billing" })],
    middleware,
  });
  const billing = createAgent({ model: calls(), tools: [weather], middleware });
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("sales", sales.graph, { ends: ["billing"] })
    .addNode("billing", billing.graph)
    .addEdge(START, "sales")
    .compile();
  await expect(graph.invoke(asking("Hi"), { ...on("t"), recursionLimit: 6 })).rejects.toThrow("limit of 6");
  const turn = await memory.tenant("acme").session("t").beginTurn({ waitMs: 60_000 });
  await turn.abandon();
  expect(renderChain(await recorder.chain({ tenant: "acme", session: "t" }))).toMatch(
    /→ billing {2}✗ failed .*an invoice/u,
  );
});
