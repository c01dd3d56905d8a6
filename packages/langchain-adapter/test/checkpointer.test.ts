import { Annotation, Command, END, interrupt, MemorySaver, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { type DocumentStore, MemoryError } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { createMemoryStore } from "@relevo/store-memory";
import { describe, expect, it } from "vitest";
import { RelevoCheckpointer } from "../src/langgraph/index.ts";
import { checkpointerCases } from "./support/checkpointer-cases.ts";
import { checkpointerListCases } from "./support/checkpointer-size-cases.ts";
import { converse } from "./support/checkpointer-support.ts";
import { deltaCases } from "./support/delta-cases.ts";

describe("on the store in process", () => {
  checkpointerCases(createMemoryStore);
  checkpointerListCases(createMemoryStore);
  deltaCases(createMemoryStore);
});

const State = Annotation.Root({
  steps: Annotation<string[]>({ reducer: (left, right) => [...left, ...right], default: () => [] }),
  approved: Annotation<boolean>,
});

/** A graph that asks a person in the middle, with a subgraph. */
function graphOn(checkpointer: BaseCheckpointSaver) {
  const inner = new StateGraph(State)
    .addNode("inside", () => ({ steps: ["inside"] }))
    .addEdge(START, "inside")
    .compile();
  return new StateGraph(State)
    .addNode("plan", () => ({ steps: ["plan"] }))
    .addNode("sub", inner)
    .addNode("ask", () => ({ approved: interrupt("May I?") === "yes", steps: ["asked"] }))
    .addEdge(START, "plan")
    .addEdge("plan", "sub")
    .addEdge("sub", "ask")
    .addEdge("ask", END)
    .compile({ checkpointer });
}

describe("under a graph", () => {
  it("does what the saver in memory does: interrupt, resume, history, fork", async () => {
    const runs = await Promise.all(
      [new MemorySaver(), new RelevoCheckpointer({ store: createMemoryStore(), tenant: "acme" })].map(
        async (saver) => {
          const graph = graphOn(saver as BaseCheckpointSaver);
          const config = { configurable: { thread_id: "t" } };
          const asked = await graph.invoke({ steps: ["begin"] }, config);
          const waiting = await graph.getState(config);
          const done = await graph.invoke(new Command({ resume: "yes" }), config);
          const history = [];
          for await (const state of graph.getStateHistory(config)) history.push(state);
          const planned = history.find(({ next }) => next.includes("sub"));
          await graph.updateState(planned?.config ?? {}, { steps: ["forked"] });
          const forked = await graph.invoke(null, config);
          return {
            asked: asked.steps,
            waiting: [
              waiting.next,
              waiting.tasks.map(({ interrupts }) => interrupts.map(({ value }) => value)),
            ],
            done,
            history: history.map(({ values, next, metadata }) => [
              values,
              next,
              metadata?.source,
              metadata?.step,
            ]),
            forked: forked.steps,
          };
        },
      ),
    );
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[1]?.done).toMatchObject({
      approved: true,
      steps: ["begin", "plan", "begin", "plan", "inside", "asked"],
    });
  });

  it("a turn is one read and three writes, however many messages there are", async () => {
    const store = createMemoryStore();
    const calls: string[] = [];
    const documents = new Proxy(store.documents, {
      get: (target, name: keyof DocumentStore) => {
        const call = target[name] as (...given: unknown[]) => unknown;
        return (...given: unknown[]) => {
          calls.push(name);
          return call.apply(target, given);
        };
      },
    });
    const saver: unknown = new RelevoCheckpointer({ store: { log: store.log, documents }, tenant: "acme" });
    const graph = new StateGraph(State)
      .addNode("answer", () => ({ steps: ["answer"] }))
      .addEdge(START, "answer")
      .addEdge("answer", END)
      .compile({ checkpointer: saver as BaseCheckpointSaver });
    const config = { configurable: { thread_id: "t" } };
    for (const length of [1, 100, 1000]) {
      await graph.invoke({ steps: Array.from({ length }, (_, n) => `step ${n}`) }, config);
      calls.length = 0;
      await graph.invoke({ steps: ["ask"] }, config);
      expect(calls).toEqual(["find", "putMany", "putMany", "putMany"]);
    }
  });

  it("erasing the session erases what the graph knew", async () => {
    const store = createMemoryStore();
    const saver = new RelevoCheckpointer({ store, tenant: "acme" });
    const { config } = await converse(saver, "t", 5);
    await createMemory({ store }).tenant("acme").session("t").delete();
    expect(await saver.getTuple(config)).toBeUndefined();
  });

  it.each(["erased", "deleted"] as const)(
    "a session that is %s while a graph runs does not come back",
    async (how) => {
      const store = createMemoryStore();
      const acme = createMemory({ store }).tenant("acme");
      await acme.session("t", { subject: "juan" }).append({ role: "user", content: "hello" });
      const remove = (): Promise<unknown> =>
        how === "erased" ? acme.erase({ user: "juan" }) : acme.session("t").delete();
      const saver: unknown = new RelevoCheckpointer({ store, tenant: "acme" });
      let removes = true;
      const graph = new StateGraph(State)
        .addNode("first", () => ({ steps: ["first"] }))
        .addNode("second", async () => {
          if (removes) await remove();
          return { steps: ["second"] };
        })
        .addNode("third", () => ({ steps: ["third"] }))
        .addEdge(START, "first")
        .addEdge("first", "second")
        .addEdge("second", "third")
        .addEdge("third", END)
        .compile({ checkpointer: saver as BaseCheckpointSaver });
      const config = { configurable: { thread_id: "t" } };
      await expect(graph.invoke({ steps: ["I am Juan"] }, config)).rejects.toMatchObject({
        code: "history-lost",
      });
      expect(await store.log.head({ tenant: "acme", session: "t" })).toBeUndefined();
      // Who begins anew may.
      removes = false;
      const { steps } = await graph.invoke({ steps: ["again"] }, config);
      expect(steps).toEqual(["again", "first", "second", "third"]);
    },
  );
});

describe("bad input", () => {
  const saver = new RelevoCheckpointer({ store: createMemoryStore(), tenant: "acme" });
  const refused = async (work: () => unknown): Promise<unknown> => {
    try {
      await work();
    } catch (error) {
      if (MemoryError.isInstance(error)) return [error.code, error.details.field];
      throw error;
    }
    return "nothing was refused";
  };

  it("is refused with the name of its field", async () => {
    const store = createMemoryStore();
    const checkpoint = { id: "1", v: 4, ts: "", channel_values: {}, channel_versions: {}, versions_seen: {} };
    const put = (configurable: object, id = "1"): Promise<unknown> =>
      refused(() => saver.put({ configurable }, { ...checkpoint, id }, {} as never, {}));
    expect(await refused(() => new RelevoCheckpointer({ tenant: "a" } as never))).toEqual([
      "invalid-input",
      "options.store",
    ]);
    expect(await refused(() => new RelevoCheckpointer({ store, tenant: "" }))).toEqual([
      "invalid-input",
      "options.tenant",
    ]);
    expect(() => new RelevoCheckpointer({ store, tenant: "a", remembered: 2 ** 53 - 1 })).not.toThrow();
    expect(await refused(() => new RelevoCheckpointer({ store, tenant: "a", remembered: 0 }))).toEqual([
      "invalid-input",
      "options.remembered",
    ]);
    expect(await put({})).toEqual(["invalid-input", "configurable.thread_id"]);
    expect(await put({ thread_id: 5 })).toEqual(["invalid-input", "configurable.thread_id"]);
    expect(await put({ thread_id: "x".repeat(2000) })).toEqual(["too-large", "configurable.thread_id"]);
    expect(await put({ thread_id: "a\0" })).toEqual(["invalid-input", "configurable.thread_id"]);
    expect(await put({ thread_id: "t" }, "")).toEqual(["invalid-input", "checkpoint.id"]);
    expect(await put({ thread_id: "t", checkpoint_ns: 1 })).toEqual([
      "invalid-input",
      "configurable.checkpoint_ns",
    ]);
    expect(await refused(() => saver.putWrites({ configurable: { thread_id: "t" } }, [], "t"))).toEqual([
      "invalid-input",
      "configurable.checkpoint_id",
    ]);
    expect(await refused(() => saver.deleteThread(""))).toEqual(["invalid-input", "threadId"]);
  });

  it("a checkpoint with a missing part is corrupt, not half a state", async () => {
    const store = createMemoryStore();
    const own = new RelevoCheckpointer({ store, tenant: "acme" });
    const { config } = await converse(own, "t", 80);
    const { items } = await store.documents.find(
      { tenant: "acme", session: "t" },
      { namespacePrefix: ["langgraph", "blobs"], limit: 1000 },
    );
    for (const { namespace, key } of items)
      await store.documents.delete({ tenant: "acme", session: "t", namespace, key });
    const other = new RelevoCheckpointer({ store, tenant: "acme" });
    expect(((await refused(() => other.getTuple(config))) as string[])[0]).toBe("corrupt");
  });
});
