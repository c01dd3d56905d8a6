import { DeltaValue, END, START, StateGraph, StateSchema } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { DocumentStore, Store } from "@relevo/core";
import { expect, it } from "vitest";
import { z } from "zod";
import { bind, newThread as newName, saverOn } from "./checkpointer-support.ts";

/** Steps are delta values; `plain` is stored with each checkpoint, and must say the same. */
function graphOn(checkpointer: BaseCheckpointSaver, snapshotFrequency = 1000) {
  const list = z.array(z.string()).default(() => []);
  const State = new StateSchema({
    steps: new DeltaValue(list, {
      inputSchema: z.string(),
      reducer: (current: string[], writes: string[]) => [...current, ...writes],
      snapshotFrequency,
    }),
    told: z.string(),
  });
  return new StateGraph(State)
    .addNode("plan", ({ told }) => ({ steps: `plan ${told}` }))
    .addNode("act", ({ told }) => ({ steps: `act ${told}` }))
    .addEdge(START, "plan")
    .addEdge("plan", "act")
    .addEdge("act", END)
    .compile({ checkpointer });
}

const stepsOf = (...told: readonly string[]): string[] =>
  told.flatMap((one) => [one, `plan ${one}`, `act ${one}`]);

/** Delta channels: what is in no checkpoint, and is rebuilt from the writes after its ancestors. */
export function deltaCases(open: () => Store): void {
  const newThread = () => ({ configurable: { thread_id: newName() } });
  const tell = (told: string) => ({ steps: told, told });

  it("a delta channel is rebuilt by other processes, which take turns", async () => {
    const store = open();
    const config = newThread();
    const told: string[] = [];
    for (let turn = 0; turn < 6; turn++) {
      told.push(`turn ${turn}`);
      const { steps } = await graphOn(saverOn(store)).invoke(tell(`turn ${turn}`), config);
      expect(steps).toEqual(stepsOf(...told));
    }
  });

  it("a delta channel of many turns is rebuilt in a few reads", async () => {
    const store = open();
    const config = newThread();
    const graph = graphOn(saverOn(store));
    const told = Array.from({ length: 40 }, (_, turn) => `turn ${turn}`);
    for (const one of told) await graph.invoke(tell(one), config);
    let reads = 0;
    const count =
      <Given extends unknown[], Result>(call: (...given: Given) => Result) =>
      (...given: Given): Result => {
        reads++;
        return call(...given);
      };
    const { find, getMany, get, ...rest } = bind(store.documents);
    const documents = { ...rest, find: count(find), getMany: count(getMany), get: count(get) };
    const { values } = await graphOn(saverOn({ log: store.log, documents })).getState(config);
    expect(values.steps).toEqual(stepsOf(...told));
    expect(reads).toBeLessThan(12);
  });

  it.each([1000, 4])(
    "pruning keeps what delta channels are rebuilt from, with a snapshot each %i updates",
    async (frequency) => {
      const store = open();
      const config = newThread();
      const told: string[] = [];
      const removed: number[] = [];
      for (let turn = 0; turn < 8; turn++) {
        told.push(`turn ${turn}`);
        await graphOn(saverOn(store), frequency).invoke(tell(`turn ${turn}`), config);
        if (turn % 3 === 2) removed.push(await saverOn(store).pruneThread(config.configurable.thread_id));
      }
      const { values } = await graphOn(saverOn(store), frequency).getState(config);
      expect(values.steps).toEqual(stepsOf(...told));
      // With no snapshot all of the ancestors are needed.
      expect(removed.some((count) => count > 0)).toBe(frequency === 4);
    },
  );

  it("forks of a delta channel keep their own", async () => {
    const store = open();
    const config = newThread();
    const graph = graphOn(saverOn(store), 4);
    await graph.invoke(tell("first"), config);
    const { config: origin } = await graph.getState(config);
    await graph.invoke(tell("left"), config);
    const left = (await graph.getState(config)).config;
    await graph.updateState(origin, { steps: "fork", told: "right" }, "plan");
    await graph.invoke(null, config);
    const other = graphOn(saverOn(store), 4);
    expect((await other.getState(left)).values.steps).toEqual(stepsOf("first", "left"));
    expect((await other.getState(config)).values.steps).toEqual([...stepsOf("first"), "fork", "act right"]);
    await saverOn(store).pruneThread(config.configurable.thread_id);
    const pruned = await graphOn(saverOn(store), 4).getState(config);
    expect(pruned.values.steps).toEqual([...stepsOf("first"), "fork", "act right"]);
  });

  it("a run that is killed between any two writes is continued, and nothing is lost or done twice", async () => {
    const store = open();
    let isWhole = false;
    for (let written = 0; !isWhole; written++) {
      const config = newThread();
      await graphOn(saverOn(store), 4).invoke(tell("first"), config);
      let left = written;
      let killed = (): void => undefined;
      const kill = new Promise<"killed">((resolve) => {
        killed = () => resolve("killed");
      });
      const documents: DocumentStore = {
        ...bind(store.documents),
        // A process that is killed hears nothing more.
        async putMany(...given) {
          if (left-- > 0) return await store.documents.putMany(...given);
          killed();
          return await new Promise(() => undefined);
        },
      };
      const run = graphOn(saverOn({ log: store.log, documents }), 4).invoke(tell("second"), config);
      isWhole = (await Promise.race([run.then(() => "done" as const), kill])) === "done";
      const graph = graphOn(saverOn(store), 4);
      const state = await graph.getState(config);
      const hasBegun = state.next.length > 0 || state.values.told === "second";
      await graph.invoke(hasBegun ? null : tell("second"), config);
      expect((await graph.getState(config)).values.steps).toEqual(stepsOf("first", "second"));
      expect(written).toBeLessThan(20);
    }
  });
}
