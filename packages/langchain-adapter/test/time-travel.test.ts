import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import {
  interrupt,
  MemorySaver,
  MessagesAnnotation,
  START,
  StateGraph,
  type StateSnapshot,
} from "@langchain/langgraph";
import type { Session } from "@relevo/memory";
import { createAgent, createMiddleware } from "langchain";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { relevoMemory } from "../src/agent/index.ts";
import { logOf, on, setUp } from "./support/agents.ts";
import { calling, ScriptedModel } from "./support/scripted-model.ts";

/** An agent whose answers say which questions it was shown, and its session. */
function conversation() {
  const { session, middleware } = setUp();
  const model = new ScriptedModel((messages, call) => {
    const asked = messages.filter(({ type }) => type === "human").map(({ text }) => text);
    return new AIMessage(`${call} to ${asked.join("+")}`);
  });
  const checkpointer = new MemorySaver();
  const agent = createAgent({ model, tools: [], middleware: [middleware], checkpointer });
  const ask = async (text: string, config: object = on("t")) =>
    await agent.invoke({ messages: [new HumanMessage(text)] }, config);
  /** The newest checkpoint with so many messages before such a node. */
  const checkpoint = async (messages: number, next: string | undefined): Promise<StateSnapshot["config"]> => {
    for await (const state of agent.graph.getStateHistory(on("t")) as AsyncIterable<StateSnapshot>) {
      const { length } = (state.values as { messages?: readonly unknown[] }).messages ?? [];
      if ((length ?? 0) === messages && state.next[0] === next) return state.config;
    }
    throw new Error("There is no such checkpoint.");
  };
  return { agent, ask, checkpoint, session, model };
}

const words = async (session: Session): Promise<readonly string[]> =>
  (await logOf(session)).map((line) => line.replace(/^\w+: /u, ""));

it("a run from an older checkpoint goes on from there, whatever was said since", async () => {
  const { ask, checkpoint, session } = conversation();
  for (const text of ["one", "two", "three"]) await ask(text);
  await ask("other", await checkpoint(2, undefined));
  expect(await words(session)).toEqual(["one", "1 to one", "other", "4 to one+other"]);
  await ask("next");
  expect(await words(session)).toEqual([
    "one",
    "1 to one",
    "other",
    "4 to one+other",
    "next",
    "5 to one+other+next",
  ]);
});

it("an answer that is made again, and a first question that is asked in other words, replace what followed", async () => {
  const { agent, ask, checkpoint, session } = conversation();
  const first = { configurable: { ...on("t").configurable } };
  for (const text of ["one", "two", "three"]) await ask(text, first);
  await agent.invoke(null as never, await checkpoint(3, "model_request"));
  expect(await words(session)).toEqual(["one", "1 to one", "two", "4 to one+two"]);
  await session.append({ role: "system", content: "Be brief." });
  await ask("ONE", await checkpoint(0, "__start__"));
  expect(await words(session)).toEqual(["Be brief.", "ONE", "5 to ONE"]);
});

it("a run goes back to a branch that another one has left, and far back", async () => {
  const { ask, checkpoint, session } = conversation();
  for (const text of ["one", "two"]) await ask(text);
  const left = await checkpoint(4, undefined);
  await ask("other", await checkpoint(2, undefined));
  await ask("again", left);
  const again = ["one", "1 to one", "two", "2 to one+two", "again", "4 to one+two+again"];
  expect(await words(session)).toEqual(again);
  const far = await checkpoint(2, undefined);
  for (let turn = 0; turn < 40; turn++) await ask(`${turn}`);
  await ask("far", far);
  expect(await words(session)).toEqual(["one", "1 to one", "far", "45 to one+far"]);
});

it("what was said elsewhere stays when a run names the newest checkpoint", async () => {
  const { ask, session, agent } = conversation();
  for (const text of ["one", "two"]) await ask(text);
  const { config } = (await agent.graph.getState(on("t"))) as StateSnapshot;
  await session.append({ role: "user", content: "Elsewhere." });
  await ask("three", config);
  expect((await words(session)).slice(4)).toEqual(["Elsewhere.", "three", "3 to one+two+Elsewhere.+three"]);
});

it("a run goes back once, also when another one comes in between", async () => {
  const { memory, session, middleware } = setUp({ idleMs: 20 });
  let isBetween = false;
  const between = createMiddleware({
    name: "Between",
    async beforeModel() {
      if (!isBetween) return;
      // Begins when the run has been silent for too long.
      const turn = await memory.tenant("acme").session("t").beginTurn({ waitMs: 60_000 });
      await turn.session.append({ role: "user", content: "Elsewhere." });
      await turn.commit();
    },
  });
  const checkpointer = new MemorySaver();
  const model = new ScriptedModel((_, call) => new AIMessage(`${call}`));
  const agent = createAgent({ model, tools: [], middleware: [between, middleware], checkpointer });
  await agent.invoke({ messages: [new HumanMessage("one")] }, on("t"));
  const { config } = (await agent.graph.getState(on("t"))) as StateSnapshot;
  await agent.invoke({ messages: [new HumanMessage("two")] }, on("t"));
  isBetween = true;
  await agent.invoke({ messages: [new HumanMessage("other")] }, config);
  expect(await words(session)).toEqual(["one", "1", "other", "Elsewhere.", "3"]);
});

it("a run goes back from an interrupt that nobody has answered", async () => {
  const { session, middleware } = setUp();
  const pay = tool(() => interrupt("May I?"), { name: "pay", description: "Pays.", schema: z.object({}) });
  const model = new ScriptedModel((_, call) =>
    call === 2 ? calling(["pay", "c1"]) : new AIMessage(`${call}`),
  );
  const checkpointer = new MemorySaver();
  const agent = createAgent({ model, tools: [pay], middleware: [middleware], checkpointer });
  await agent.invoke({ messages: [new HumanMessage("one")] }, on("t"));
  for await (const { config, next } of agent.graph.getStateHistory(on("t")) as AsyncIterable<StateSnapshot>) {
    if (next[0] !== "model_request") continue;
    await agent.invoke({ messages: [new HumanMessage("two")] }, on("t"));
    await agent.invoke(null as never, config);
  }
  expect(await words(session)).toEqual(["one", "3"]);
});

describe("a graph around agents that goes back", () => {
  type State = typeof MessagesAnnotation.State;

  /** A graph with a checkpointer, in which each agent says its name and how many questions it was shown. */
  function graphOf(
    build: (
      agents: Readonly<Record<"a" | "b", { readonly graph: never; readonly invoke: CallableFunction }>>,
    ) => {
      compile(options: object): { invoke(input: unknown, config: object): Promise<unknown> };
    },
    sessionOf: (thread: string, agent: string) => string = (thread) => thread,
  ) {
    const { memory } = setUp();
    const agent = (name: string) =>
      createAgent({
        name,
        model: new ScriptedModel((messages) => {
          const asked = messages.filter(({ type }) => type === "human").map(({ text }) => text);
          return new AIMessage(`${name} to ${asked.join("+")}`);
        }),
        tools: [],
        middleware: [
          relevoMemory({
            memory,
            tenant: "acme",
            session: ({ threadId = "" }) => ({ session: sessionOf(threadId, name) }),
          }),
        ],
      });
    const graph = build({ a: agent("a") as never, b: agent("b") as never }).compile({
      checkpointer: new MemorySaver(),
    }) as unknown as ReturnType<typeof conversation>["agent"]["graph"];
    const ask = async (text: string, config: object = on("t")) =>
      await graph.invoke({ messages: [new HumanMessage(text)] } as never, config);
    /** The newest of all. */
    const head = async () => ((await graph.getState(on("t"))) as StateSnapshot).config;
    return { graph, ask, head, session: (id = "t") => memory.tenant("acme").session(id) };
  }

  const inTurn = ({ a, b }: Parameters<Parameters<typeof graphOf>[0]>[0]) =>
    new StateGraph(MessagesAnnotation)
      .addNode("a", a.graph)
      .addNode("b", b.graph)
      .addEdge(START, "a")
      .addEdge("a", "b") as never;

  it("takes its agents' session with it, once", async () => {
    const { ask, head, session } = graphOf(inTurn);
    await ask("one");
    const config = await head();
    await session().append({ role: "system", content: "Be brief." });
    for (const text of ["two", "three"]) await ask(text);
    await ask("other", config);
    const after = ["one", "a to one", "b to one", "Be brief.", "other", "a to one+other", "b to one+other"];
    expect(await words(session())).toEqual(after);
    await ask("next");
    expect((await words(session())).slice(after.length)).toEqual([
      "next",
      "a to one+other+next",
      "b to one+other+next",
    ]);
  });

  it("takes the sessions with it that its agents have for themselves", async () => {
    const { ask, head, session } = graphOf(inTurn, (thread, agent) => `${thread}-${agent}`);
    await ask("one");
    const config = await head();
    await ask("two");
    await ask("other", config);
    expect(await words(session("t-a"))).toEqual(["one", "a to one", "b to one", "other", "a to one+other"]);
    expect((await words(session("t-b"))).join()).not.toContain("two");
  });

  it("takes back none of what agents beside each other say now", async () => {
    const { ask, head, session } = graphOf(
      ({ a, b }) =>
        new StateGraph(MessagesAnnotation)
          .addNode("a", a.graph)
          .addNode("b", b.graph)
          .addEdge(START, "a")
          .addEdge(START, "b") as never,
    );
    await ask("one");
    const config = await head();
    await ask("two");
    await ask("other", config);
    const log = await words(session());
    expect(log.slice(0, 3).toSorted()).toEqual(["a to one", "b to one", "one"]);
    expect(log.slice(3)).toHaveLength(3);
    expect(log.slice(3).filter((line) => line.includes("other"))).toHaveLength(3);
  });

  it("keeps what was said before it, also when its agents are told the newest question alone", async () => {
    const { graph, ask, head, session } = graphOf(
      ({ a }) =>
        new StateGraph(MessagesAnnotation)
          .addNode("a", async ({ messages }: State, config) => {
            const answered: State = await a.invoke({ messages: messages.slice(-1) }, config);
            return { messages: answered.messages.slice(-1) };
          })
          .addEdge(START, "a") as never,
    );
    for (const text of ["one", "two"]) await ask(text);
    const config = await head();
    const before = ["one", "a to one", "two", "a to one+two"];
    await ask("three");
    await ask("other", config);
    expect(await words(session())).toEqual([...before, "other", "a to one+two+other"]);
    // A checkpoint that was changed is as new as the change.
    const update = { messages: [new HumanMessage("edited")] };
    await graph.invoke(null as never, await graph.updateState(config, update as never, START));
    expect(await words(session())).toEqual([...before, "edited", "a to one+two+edited"]);
  });
});
