import { AIMessage } from "@langchain/core/messages";
import { MemorySaver } from "@langchain/langgraph";
import { createSupervisor } from "@langchain/langgraph-supervisor";
import { createHandoffTool, createSwarm } from "@langchain/langgraph-swarm";
import { createHandoffs, renderChain } from "@relevo/handoff-tracing";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { createAgent } from "langchain";
import { expect, it } from "vitest";
import { createAgentHandoffs, relevoMemory } from "../src/agent/index.ts";
import { asking, logOf, on } from "./support/agents.ts";
import { calling, ScriptedModel } from "./support/scripted-model.ts";

/** Graphs of the packages that LangGraph publishes for several agents. */
function setUp() {
  const store = createMemoryStore();
  const memory = createMemory({ store });
  const { log, documents, leases } = store;
  const recorder = createHandoffs({ log, documents, leases });
  const handoffs = createAgentHandoffs(recorder);
  return {
    handoffs,
    remember: () => relevoMemory({ memory, tenant: "acme", handoffs }),
    session: memory.tenant("acme").session("t"),
    chain: async () => renderChain(await recorder.chain({ tenant: "acme", session: "t" })),
  };
}

it.each(["theirs", "ours"])("a swarm is recorded, with the handoff tool %s", async (whose) => {
  const { handoffs, remember, session, chain } = setUp();
  const update = (to: string) => ({ activeAgent: to });
  const isOurs = whose === "ours";
  const alice = createAgent({
    name: "alice",
    model: new ScriptedModel(() => calling(["transfer_to_bob", "c1", { reason: "Bob was asked for" }])),
    tools: [isOurs ? handoffs.handoffTool({ to: "bob", update }) : createHandoffTool({ agentName: "bob" })],
    middleware: isOurs ? [remember()] : [remember(), handoffs.handoffMiddleware()],
  });
  const model = new ScriptedModel((_, call) => new AIMessage(`Bob here, ${call}.`));
  const bob = createAgent({ name: "bob", model, tools: [], middleware: [remember()] });
  const builder = createSwarm({ agents: [alice.graph, bob.graph] as never, defaultActiveAgent: "alice" });
  const swarm = builder.compile({ checkpointer: new MemorySaver() });
  // By the mark on the tool, the swarm knows the way.
  expect(swarm.getGraph().drawMermaid()).toMatch(/alice -\.\S*> bob/u);
  await swarm.invoke(asking("Bob please"), on("t"));
  await swarm.invoke(asking("And now?"), on("t"));
  expect(await logOf(session)).toEqual([
    "user: Bob please",
    "assistant: calls c1",
    "tool: tool-result",
    "assistant: Bob here, 1.",
    "user: And now?",
    "assistant: Bob here, 2.",
  ]);
  expect(model.shown[0]?.at(-1)?.text).toContain("alice handed the conversation over to you.");
  expect(await chain()).toMatch(/^Session t: 1 handoff\n.*alice → bob {2}✓ completed/u);
});

it("a supervisor that takes no middleware is recorded by its agents, each handoff once", async () => {
  const { remember, session, chain } = setUp();
  const worker = (name: string) =>
    createAgent({
      name,
      model: new ScriptedModel(() => new AIMessage(`${name} has looked.`)),
      tools: [],
      middleware: [remember()],
    }).graph;
  const llm = new ScriptedModel((messages) =>
    messages.at(-1)?.type === "human"
      ? calling(["transfer_to_stock", `s${messages.length}`])
      : new AIMessage("It is there."),
  );
  const agents = [worker("stock"), worker("prices")] as never;
  const builder = createSupervisor({ agents, llm, supervisorName: "boss" } as never);
  const graph = builder.compile({ checkpointer: new MemorySaver() });
  for (const question of ["One", "Two"]) await graph.invoke(asking(question), on("t"));
  const log = (await logOf(session)).filter((line) => !line.startsWith("tool") && !line.includes("calls"));
  expect(log).toEqual([
    "user: One",
    "assistant: stock has looked.",
    "assistant: It is there.",
    "user: Two",
    "assistant: stock has looked.",
  ]);
  const drawn = await chain();
  expect(drawn).toMatch(/^Session t: 2 handoffs\n/u);
  expect(drawn.match(/boss → stock {2}✓ completed/gu)).toHaveLength(2);
});
