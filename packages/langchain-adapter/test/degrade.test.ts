import { AIMessage } from "@langchain/core/messages";
import { END, MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { MemoryError } from "@relevo/core";
import { createHandoffs } from "@relevo/handoff-tracing";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { createAgent } from "langchain";
import { expect, it } from "vitest";
import { admitAgentOptions } from "../src/agent/agent-options.ts";
import { createAgentHandoffs, type RelevoMemoryOptions, relevoMemory } from "../src/agent/index.ts";
import { Runs } from "../src/agent/runs.ts";
import { asking, logOf, on, weather } from "./support/agents.ts";
import { calling, ScriptedModel } from "./support/scripted-model.ts";

const down = () => new MemoryError("unavailable", "The store is down.");

/** A store some of whose calls fail when told so. */
function setUp(more: Partial<RelevoMemoryOptions> = {}) {
  const store = createMemoryStore();
  const failures: { acquire?: () => void; append?: () => void } = {};
  const log = new Proxy(store.log, {
    get(target, name, receiver) {
      if (name !== "append") return Reflect.get(target, name, receiver);
      const append: typeof target.append = async (...call) => {
        const done = await target.append(...call);
        failures.append?.();
        return done;
      };
      return append;
    },
  });
  const leases = new Proxy(store.leases, {
    get(target, name, receiver) {
      if (name === "acquire") failures.acquire?.();
      return Reflect.get(target, name, receiver);
    },
  });
  const failing = { ...store, log, leases };
  const memory = createMemory({ store: failing });
  const errors: MemoryError[] = [];
  const degraded = (own: Partial<RelevoMemoryOptions> = {}) =>
    relevoMemory({
      memory,
      tenant: "acme",
      onMemoryFailure: "degrade",
      onError: (error) => errors.push(error as MemoryError),
      ...more,
      ...own,
    });
  return { store: failing, failures, memory, errors, degraded, session: memory.tenant("acme").session("t") };
}

const calls = () =>
  new ScriptedModel((messages, call) =>
    messages.at(-1)?.type === "human"
      ? calling(["weather", `c${call}`, { city: "Vigo" }], ["weather", `d${call}`, { city: "Oslo" }])
      : new AIMessage("Mild."),
  );

it("a run waits for a store that is down once, and once at its end; the next run stores what is missing", async () => {
  const { failures, errors, degraded, session } = setUp();
  let tries = 0;
  failures.acquire = () => {
    tries++;
    throw down();
  };
  const agent = createAgent({
    model: calls(),
    tools: [weather],
    middleware: [degraded()],
    checkpointer: new MemorySaver(),
  });
  const { messages } = await agent.invoke(asking("One"), on("t"));
  expect(messages.at(-1)?.text).toBe("Mild.");
  expect([tries, errors.length]).toEqual([2, 2]);
  delete failures.acquire;
  await agent.invoke(asking("Two"), on("t"));
  expect((await logOf(session)).filter((line) => !line.startsWith("tool"))).toEqual([
    "user: One",
    "assistant: calls c1 + calls d1",
    "assistant: Mild.",
    "user: Two",
    "assistant: calls c3 + calls d3",
    "assistant: Mild.",
  ]);
  expect(errors).toHaveLength(2);
});

it("however many runs an outage meets, a bounded number of them is known to rest", async () => {
  const { memory } = setUp();
  const runs = new Runs(
    admitAgentOptions({ memory, tenant: "acme", onMemoryFailure: "degrade", onError() {} }),
  );
  let tries = 0;
  const step = (thread: number): Promise<unknown> =>
    runs.step({ configurable: { thread_id: `t${thread}` } }, async () => {
      tries++;
      throw down();
    });
  for (let thread = 0; thread <= 10_000; thread++) await step(thread);
  expect(tries).toBe(10_001);
  await step(10_000);
  expect(tries).toBe(10_001);
  await step(0);
  expect(tries).toBe(10_002);
});

it("an outage of one tenant's memory lets no run of another tenant rest, whose thread has the same id", async () => {
  const { memory } = setUp();
  const session = ({ context }: { readonly context: object }) => ({
    tenant: String(Reflect.get(context, "tenant")),
  });
  const runs = new Runs(admitAgentOptions({ memory, session, onMemoryFailure: "degrade", onError() {} }));
  const run = (tenant: string) => ({ configurable: { thread_id: "1" }, context: { tenant } });
  const fails = async (): Promise<string> => {
    throw down();
  };
  expect(await runs.step(run("acme"), fails)).toBeUndefined();
  expect(await runs.step(run("acme"), async () => "asked")).toBeUndefined();
  expect(await runs.step(run("globex"), async () => "asked")).toBe("asked");
});

it("what was appended although the answer was lost is not appended again", async () => {
  const { failures, errors, degraded, session } = setUp();
  let appends = 0;
  failures.append = () => {
    // The question, and later the call of the model.
    if (++appends % 2 === 1) throw new MemoryError("timeout", "No answer.", { outcome: "unknown" });
  };
  const agent = createAgent({ model: calls(), tools: [weather], middleware: [degraded()] });
  const now = performance.now;
  try {
    // Without a rest, so that each step tries.
    let at = 0;
    performance.now = () => (at += 60_000);
    await agent.invoke(asking("One"), on("t"));
  } finally {
    performance.now = now;
  }
  expect(errors.length).toBeGreaterThan(0);
  expect(await logOf(session)).toEqual([
    "user: One",
    "assistant: calls c1 + calls d1",
    "tool: tool-result",
    "tool: tool-result",
    "assistant: Mild.",
  ]);
});

it("the thread of another person stays denied", async () => {
  const { memory, degraded } = setUp({
    session: ({ configurable }) => ({ subject: `${configurable.user}` }),
  });
  await memory.tenant("acme").session("t", { subject: "u1" }).append({ role: "user", content: "Private" });
  const model = calls();
  const agent = createAgent({ model, tools: [weather], middleware: [degraded()] });
  const asOther = { configurable: { thread_id: "t", user: "u2" } };
  await expect(agent.invoke(asking("Hi"), asOther)).rejects.toThrow("belongs to another person");
  expect(model.shown).toEqual([]);
});

it("a handoff goes on, and that it is not recorded is told", async () => {
  const { store, failures, errors, degraded } = setUp();
  const handoffs = createAgentHandoffs(createHandoffs({ log: store.log }));
  const sales = createAgent({
    name: "sales",
    model: new ScriptedModel(() => calling(["transfer_to_billing", "c1", { reason: "an invoice" }])),
    tools: [handoffs.handoffTool({ to: "billing" })],
    middleware: [degraded({ handoffs })],
  });
  const billing = createAgent({
    name: "billing",
    model: new ScriptedModel(() => new AIMessage("Billing here.")),
    tools: [],
    middleware: [degraded({ handoffs })],
  });
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("sales", sales.graph, { ends: ["billing"] })
    .addNode("billing", billing.graph)
    .addEdge(START, "sales")
    .addEdge("billing", END)
    .compile();
  failures.acquire = () => {
    throw down();
  };
  const { messages } = await graph.invoke(asking("My invoice is wrong"), on("t"));
  expect(messages.at(-1)?.text).toBe("Billing here.");
  expect(errors.map(({ message }) => message)).toContain(
    "The handoff from sales to billing is not recorded, because the memory has failed in this run. The graph hands over all the same.",
  );
});
