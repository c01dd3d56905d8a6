import { setImmediate } from "node:timers/promises";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { Annotation, Command, END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { createHandoffs, policies, renderChain } from "@relevo/handoff-tracing";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { createAgent } from "langchain";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parentTargets } from "../src/agent/agent-handoffs.ts";
import { createAgentHandoffs, type HandoffToolOptions, relevoMemory } from "../src/agent/index.ts";
import { RelevoCheckpointer } from "../src/langgraph/index.ts";
import { calling, ScriptedModel } from "./support/scripted-model.ts";

const thread = { configurable: { thread_id: "t" } };
const State = Annotation.Root({ ...MessagesAnnotation.spec, activeAgent: Annotation<string> });

function setUp() {
  const store = createMemoryStore();
  const memory = createMemory({ store });
  const { log, documents, leases } = store;
  const handoffs = createHandoffs({ log, documents, leases });
  const agentHandoffs = createAgentHandoffs(handoffs);
  const middleware = () => relevoMemory({ memory, tenant: "acme", handoffs: agentHandoffs });
  return { store, memory, handoffs, agentHandoffs, middleware, session: memory.tenant("acme").session("t") };
}

/** A swarm: the agent that has the conversation answers. */
function swarmOf(
  { store, agentHandoffs, middleware }: ReturnType<typeof setUp>,
  options: Partial<HandoffToolOptions>,
) {
  const update = (to: string) => ({ activeAgent: to });
  const sales = new ScriptedModel((messages) => {
    const last = messages.at(-1);
    return last?.text.includes("invoice")
      ? calling([
          "transfer_to_billing",
          "c1",
          { reason: "about an invoice", ...(options.data ? { data: { invoice: 7 } } : {}) },
        ])
      : new AIMessage("Sales here.");
  });
  const billing = new ScriptedModel(() => new AIMessage("Billing here."));
  const agents = {
    sales: createAgent({
      name: "sales",
      model: sales,
      tools: [agentHandoffs.handoffTool({ to: "billing", update, ...options })],
      middleware: [middleware()],
    }),
    billing: createAgent({
      name: "billing",
      model: billing,
      tools: [agentHandoffs.handoffTool({ to: "sales", update })],
      middleware: [middleware()],
    }),
  };
  const graph = new StateGraph(State)
    .addNode("sales", agents.sales.graph ?? agents.sales, { ends: ["billing"] })
    .addNode("billing", agents.billing.graph ?? agents.billing, { ends: ["sales"] })
    .addConditionalEdges(START, ({ activeAgent }) => activeAgent ?? "sales", ["sales", "billing"])
    .addEdge("sales", END)
    .addEdge("billing", END)
    .compile({ checkpointer: new RelevoCheckpointer({ store, tenant: "acme" }) });
  return { graph, sales, billing };
}

describe("a swarm", () => {
  it("hands over, with what was passed and dropped in the log", async () => {
    const made = setUp();
    const { graph, billing } = swarmOf(made, { policy: policies.none(), data: { type: "object" } });
    await graph.invoke({ messages: [new HumanMessage("Hello")] }, thread);
    const { messages, activeAgent } = await graph.invoke(
      { messages: [new HumanMessage("My invoice is wrong")] },
      thread,
    );
    expect([messages.at(-1)?.text, activeAgent]).toEqual(["Billing here.", "billing"]);
    // The policy passed nothing of what was said.
    expect(billing.shown[0]?.map(({ text }) => text)).toEqual([
      'sales handed the conversation over to you. Reason: about an invoice\nData: {"invoice":7}',
    ]);
    const chain = await made.handoffs.chain({ tenant: "acme", session: "t" });
    expect(renderChain(chain)).toMatch(
      /sales → billing {2}✓ completed .* about an invoice \(none: 0 messages\)/u,
    );
    expect(
      (await made.session.messages()).map(({ role, agent, content }) => [
        role,
        agent,
        typeof content === "string" ? content : content.map(({ type }) => type),
      ]),
    ).toEqual([
      ["user", undefined, "Hello"],
      ["assistant", "sales", "Sales here."],
      ["user", undefined, "My invoice is wrong"],
      ["assistant", "sales", ["tool-call"]],
      ["tool", undefined, ["tool-result"]],
      ["assistant", "billing", "Billing here."],
    ]);
    const started = (await made.session.events({ types: ["handoff"] })).events[0]?.body;
    expect(started).toMatchObject({ from: "sales", to: "billing", status: "started", data: { invoice: 7 } });
    // The next turn is billing's, which sees the whole conversation again.
    await graph.invoke({ messages: [new HumanMessage("And now?")] }, thread);
    expect(billing.shown[1]?.map(({ text }) => text)).toContain("Hello");
  });

  it("shows the receiver all of the conversation when no policy says otherwise", async () => {
    const made = setUp();
    const { graph, billing } = swarmOf(made, {});
    await graph.invoke({ messages: [new HumanMessage("My invoice is wrong")] }, thread);
    const shown = billing.shown[0]?.map(({ text }) => text) ?? [];
    expect(shown[0]).toBe("My invoice is wrong");
    expect(shown.at(-1)).toContain("sales handed the conversation over to you");
    const rebuilt = await made.handoffs.rebuild(
      { tenant: "acme", session: "t" },
      (await made.handoffs.chain({ tenant: "acme", session: "t" })).entries[0]?.handoffId ?? "",
    );
    expect(rebuilt?.messages[0]).toMatchObject({ message: { content: "My invoice is wrong" } });
  });
});

describe("a graph that hands over by itself", () => {
  it("is recorded by the middleware", async () => {
    const { memory, handoffs, agentHandoffs, middleware, session } = setUp();
    const own = tool(
      (_, runtime: { toolCallId?: string }) =>
        new Command({
          goto: "expert",
          graph: Command.PARENT,
          update: {
            messages: [
              { role: "tool", content: "Over to the expert.", tool_call_id: runtime.toolCallId ?? "" },
            ],
          },
        }),
      { name: "ask_expert", description: "Hands over.", schema: z.object({}) },
    );
    const supervisor = createAgent({
      name: "supervisor",
      model: new ScriptedModel(() => calling(["ask_expert", "c1"])),
      tools: [own],
      middleware: [middleware(), agentHandoffs.handoffMiddleware()],
    });
    const expert = createAgent({
      name: "expert",
      model: new ScriptedModel(() => new AIMessage("42")),
      tools: [],
      middleware: [middleware()],
    });
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("supervisor", supervisor.graph ?? supervisor, { ends: ["expert"] })
      .addNode("expert", expert.graph ?? expert)
      .addEdge(START, "supervisor")
      .addEdge("expert", END)
      .compile();
    const { messages } = await graph.invoke({ messages: [new HumanMessage("Why?")] }, thread);
    expect(messages.at(-1)?.text).toBe("42");
    expect(renderChain(await handoffs.chain({ tenant: "acme", session: "t" }))).toMatch(
      /supervisor → expert {2}✓ completed/u,
    );
    expect((await session.messages()).at(-1)?.content).toBe("42");
    expect(await memory.tenant("acme").session("t").head()).toBeDefined();
  });
});

describe("a supervisor", () => {
  it("passes to several agents at once, each with its handoff, and has the last word", async () => {
    const { handoffs, agentHandoffs, middleware, session } = setUp();
    const worker = (name: string) =>
      createAgent({
        name,
        model: new ScriptedModel(() => new AIMessage(`${name} has looked.`)),
        tools: [],
        middleware: [middleware()],
      }).graph;
    const model = new ScriptedModel((messages) =>
      messages.some(({ text }) => text.includes("has looked"))
        ? new AIMessage("Both have looked.")
        : calling(
            ["transfer_to_stock", "c1", { reason: "is it there" }],
            ["transfer_to_prices", "c2", { reason: "what is it" }],
          ),
    );
    const supervisor = createAgent({
      name: "supervisor",
      model,
      tools: ["stock", "prices"].map((to) => agentHandoffs.handoffTool({ to, policy: policies.none() })),
      middleware: [middleware()],
    });
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("supervisor", supervisor.graph, { ends: ["stock", "prices"] })
      .addNode("stock", worker("stock"))
      .addNode("prices", worker("prices"))
      .addEdge(START, "supervisor")
      .addEdge("stock", "supervisor")
      .addEdge("prices", "supervisor")
      .compile();
    const { messages } = await graph.invoke({ messages: [new HumanMessage("Can we sell it?")] }, thread);
    expect(messages.at(-1)?.text).toBe("Both have looked.");
    const log = await session.messages();
    // Which of two commands LangGraph follows is its own affair: the record says who has begun.
    const { entries } = await handoffs.chain({ tenant: "acme", session: "t" });
    expect(entries.map(({ to }) => to).sort()).toEqual(["prices", "stock"]);
    for (const { to, status } of entries)
      expect(status).toBe(log.some(({ agent }) => agent === to) ? "completed" : "failed");
    expect(log.slice(0, 4).map(({ role }) => role)).toEqual(["user", "assistant", "tool", "tool"]);
    expect(new Set(log.map(({ id }) => id)).size).toBe(log.length);
  });
});

it("a turn in which control is passed on ends when its other tools have", async () => {
  const { agentHandoffs, middleware, session } = setUp();
  const executions = async () => (await session.events({ types: ["execution"] })).events.length;
  const slow = tool(
    async () => {
      while ((await executions()) === 0) await setImmediate();
      for (let n = 0; n < 20; n++) await setImmediate();
      return "looked";
    },
    { name: "slow", description: "Looks.", schema: z.object({}) },
  );
  const sales = createAgent({
    name: "sales",
    model: new ScriptedModel(() => calling(["transfer_to_billing", "c1", { reason: "r" }], ["slow", "c2"])),
    tools: [agentHandoffs.handoffTool({ to: "billing" }), slow],
    middleware: [middleware()],
  });
  const billing = createAgent({
    name: "billing",
    model: new ScriptedModel(() => new AIMessage("Billing here.")),
    tools: [],
    middleware: [middleware()],
  });
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("sales", sales.graph, { ends: ["billing"] })
    .addNode("billing", billing.graph)
    .addEdge(START, "sales")
    .compile();
  await graph.invoke({ messages: [new HumanMessage("Hi")] }, thread);
  expect(await executions()).toBe(2);
  expect((await session.messages()).at(-1)?.content).toBe("Billing here.");
});

it("an agent that has control again drops the handoffs that it has made in this session alone", async () => {
  const { memory, agentHandoffs } = setUp();
  const handOver = agentHandoffs.handoffTool({ to: "billing", from: "sales" });
  const [one, other] = ["one", "other"].map((id) => memory.tenant("acme").session(id));
  if (one === undefined || other === undefined) throw new Error("nothing");
  for (const session of [one, other])
    await session.run(() =>
      handOver.invoke({ type: "tool_call", id: "c1", name: handOver.name, args: { reason: "r" } }),
    );
  expect(await agentHandoffs.take(one, "sales")).toBeUndefined();
  expect(await agentHandoffs.take(one, "billing")).toBeUndefined();
  expect(await agentHandoffs.take(other, "billing")).toMatchObject({ from: "sales" });
});

it("a command that ends the parent graph, or stays in its own, hands over to nobody", () => {
  expect(parentTargets(new Command({ graph: Command.PARENT, goto: END }))).toEqual([]);
  expect(parentTargets(new Command({ goto: "next" }))).toEqual([]);
  expect(parentTargets(new Command({ graph: Command.PARENT, goto: ["a", END, "b"] }))).toEqual(["a", "b"]);
});

it("of the handoffs whose receivers never begin, the thousand newest wait; older ones are recorded as failed", async () => {
  const { memory, handoffs, agentHandoffs } = setUp();
  const handOver = agentHandoffs.handoffTool({ to: "billing" });
  const session = (n: number) => memory.tenant("acme").session(`s${n}`);
  for (let n = 0; n <= 1000; n++)
    await session(n).run(() =>
      handOver.invoke({ type: "tool_call", id: `c${n}`, name: handOver.name, args: { reason: "r" } }),
    );
  const statusOf = async (n: number) =>
    (await handoffs.chain({ tenant: "acme", session: `s${n}` })).entries[0]?.status;
  expect(await Promise.all([0, 1, 1000].map(statusOf))).toEqual(["failed", "running", "running"]);
  expect(await agentHandoffs.take(session(0), "billing")).toBeUndefined();
  expect(await agentHandoffs.take(session(1), "billing")).toMatchObject({ reason: "r" });
});

describe("bad input", () => {
  it("says what to do", async () => {
    const { agentHandoffs } = setUp();
    expect(() => createAgentHandoffs({} as never)).toThrow("createHandoffs()");
    expect(() => agentHandoffs.handoffTool({ to: "" })).toThrow("options.to must not be empty");
    expect(() => agentHandoffs.handoffTool({ to: "a", polici: 1 } as never)).toThrow("Did you mean policy?");
    const model = new ScriptedModel((_, call) =>
      call === 1 ? calling(["transfer_to_a", "c", { reason: "x" }]) : new AIMessage("Sorry."),
    );
    const alone = createAgent({ model, tools: [agentHandoffs.handoffTool({ to: "a" })] });
    await alone.invoke({ messages: [new HumanMessage("Hi")] });
    expect(model.shown[1]?.at(-1)?.text).toContain("Put relevoMemory");
  });
});
