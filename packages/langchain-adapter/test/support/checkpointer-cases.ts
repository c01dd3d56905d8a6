import { randomUUID } from "node:crypto";
import { type AIMessage, HumanMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import { Annotation, START, StateGraph } from "@langchain/langgraph";
import {
  type Checkpoint,
  type CheckpointListOptions,
  ERROR,
  INTERRUPT,
} from "@langchain/langgraph-checkpoint";
import type { DocumentStore, Store } from "@relevo/core";
import { expect, it } from "vitest";
import { RelevoCheckpointer } from "../../src/langgraph/index.ts";

import {
  bind,
  channelOf,
  converse,
  metadata,
  newThread,
  nextCheckpoint,
  saverOn,
  threadConfig,
  watchDocuments,
} from "./checkpointer-support.ts";

/** Versions as savers have them that keep what two forks wrote apart by its version. */
class TextVersions extends RelevoCheckpointer {
  readonly store: Store;

  constructor(options: { readonly store: Store; readonly tenant: string }) {
    super(options);
    this.store = options.store;
  }

  override getNextVersion(current: number | undefined): number {
    const count = current === undefined ? 0 : Number(String(current).split(".")[0]);
    // The declared type knows numbers alone, LangGraph takes texts as well.
    return `${String(count + 1).padStart(16, "0")}.${randomUUID()}` as unknown as number;
  }
}

/** What the kit of LangGraph does not ask. */
export function checkpointerCases(open: () => Store): void {
  it("writes before their checkpoint are kept", async () => {
    const saver = saverOn(open());
    const thread = newThread();
    const { checkpoint, versions } = nextCheckpoint({ a: 1 });
    const config = { configurable: { thread_id: thread, checkpoint_ns: "", checkpoint_id: checkpoint.id } };
    await saver.putWrites(config, [["a", "early"]], "task");
    expect(await saver.getTuple(config)).toBeUndefined();
    await saver.put(threadConfig(thread), checkpoint, metadata, versions);
    expect((await saver.getTuple(config))?.pendingWrites).toEqual([["task", "a", "early"]]);
  });

  it("writes come in the order of path, task and index, by code points", async () => {
    const saver = saverOn(open());
    const config = await saver.put(threadConfig(newThread()), nextCheckpoint({ a: 1 }).checkpoint, metadata, {
      a: 1,
    });
    // U+FFFF is below U+1F600 as a code point, and above it as UTF-16.
    const paths = ["~\u{1f600}", "~\uffff", "", "b", "a, 10", "a, 9"];
    for (const path of paths)
      await saver.putWrites(
        config,
        [
          ["c", path],
          ["d", path],
        ],
        `task of ${path}`,
        path,
      );
    const found = await saver.getTuple(config);
    expect(found?.pendingWrites?.map(([, channel, value]) => `${channel} ${value}`)).toEqual(
      ["", "a, 10", "a, 9", "b", "~\uffff", "~\u{1f600}"].flatMap((path) => [`c ${path}`, `d ${path}`]),
    );
  });

  it("numbered writes are written once, special ones replace each other", async () => {
    const saver = saverOn(open());
    const config = await saver.put(threadConfig(newThread()), nextCheckpoint({ a: 1 }).checkpoint, metadata, {
      a: 1,
    });
    await saver.putWrites(
      config,
      [
        ["a", "first"],
        [ERROR, "one"],
      ],
      "task",
    );
    await saver.putWrites(
      config,
      [
        ["a", "again"],
        [ERROR, "two"],
        ["b", "new"],
      ],
      "task",
    );
    await saver.putWrites(config, [[INTERRUPT, "wait"]], "task");
    expect((await saver.getTuple(config))?.pendingWrites).toEqual([
      ["task", INTERRUPT, "wait"],
      ["task", ERROR, "two"],
      ["task", "a", "first"],
      ["task", "b", "new"],
    ]);
  });

  it("of two writes of one task at the same time the first stays, and what is refused takes no other along", async () => {
    const saver = saverOn(open());
    // With the name of a task that is as long, it is more than an address may have.
    const thread = newThread().padEnd(1000, "-");
    const config = await saver.put(threadConfig(thread), nextCheckpoint({ a: 1 }).checkpoint, metadata, {
      a: 1,
    });
    await Promise.all(["first", "second"].map((value) => saver.putWrites(config, [["a", value]], "task")));
    const [refused, other] = await Promise.allSettled([
      saver.putWrites(config, [["a", "refused"]], "x".repeat(1000)),
      saver.putWrites(config, [["a", "other"]], "tother"),
    ]);
    expect(refused).toMatchObject({ status: "rejected", reason: { code: "too-large" } });
    expect(other.status).toBe("fulfilled");
    expect((await saver.getTuple(config))?.pendingWrites).toEqual([
      ["task", "a", "first"],
      ["tother", "a", "other"],
    ]);
  });

  it("tasks that write at the same time lose nothing", async () => {
    const store = open();
    const savers = [saverOn(store), saverOn(store)];
    const thread = newThread();
    const config = await savers[0]?.put(threadConfig(thread), nextCheckpoint({ a: 1 }).checkpoint, metadata, {
      a: 1,
    });
    await Promise.all(
      savers.flatMap((saver, who) =>
        Array.from({ length: 10 }, (_, n) =>
          saver.putWrites(
            config ?? {},
            [
              ["a", n],
              ["b", n],
            ],
            `task-${who}-${n}`,
          ),
        ),
      ),
    );
    // And one that several processes repeat at once.
    await Promise.all(
      savers.map((saver, who) =>
        saver.putWrites(
          config ?? {},
          [
            ["c", who],
            ["d", who],
          ],
          "shared",
        ),
      ),
    );
    const writes = (await savers[1]?.getTuple(config ?? {}))?.pendingWrites ?? [];
    expect(writes).toHaveLength(42);
    const shared = writes.filter(([task]) => task === "shared").map(([, , value]) => value);
    expect(new Set(shared).size).toBe(1);
  });

  it("puts at the same time from two processes are all there", async () => {
    const store = open();
    const savers = [saverOn(store), saverOn(store)];
    const thread = newThread();
    const made = Array.from({ length: 12 }, (_, n) =>
      nextCheckpoint({ n, list: Array.from({ length: 20 }, (_, i) => ({ i })) }),
    );
    await Promise.all(
      made.map(({ checkpoint, versions }, n) =>
        savers[n % 2]?.put(threadConfig(thread), checkpoint, metadata, versions),
      ),
    );
    const listed: unknown[] = [];
    for await (const { checkpoint } of savers[0]?.list(threadConfig(thread)) ?? [])
      listed.push(checkpoint.channel_values.n);
    expect(listed).toEqual(made.map((_, n) => made.length - 1 - n));
  });

  it("forks keep values of their own, also when the versions of their channels are equal", async () => {
    const saver = saverOn(open());
    const { config, checkpoint, messages } = await converse(saver, newThread(), 20);
    const left = nextCheckpoint({ messages: [...messages, new HumanMessage("Left")] }, checkpoint);
    const right = nextCheckpoint({ messages: [...messages, new HumanMessage("Right")] }, checkpoint);
    expect(left.versions).toEqual(right.versions);
    const [atLeft, atRight] = [
      await saver.put(config, left.checkpoint, metadata, left.versions),
      await saver.put(config, right.checkpoint, metadata, right.versions),
    ];
    const lastOf = async (at: RunnableConfig): Promise<string> =>
      (await channelOf<HumanMessage[]>(saver, at, "messages")).at(-1)?.text ?? "";
    expect([await lastOf(atLeft), await lastOf(atRight)]).toEqual(["Left", "Right"]);
  });

  it("forks of a graph whose versions are texts keep values of their own", async () => {
    const saver = new TextVersions({ store: open(), tenant: "acme" });
    const State = Annotation.Root({
      steps: Annotation<string[]>({ reducer: (left, right) => [...left, ...right], default: () => [] }),
    });
    const graph = new StateGraph(State)
      .addNode("work", () => ({ steps: ["work"] }))
      .addNode("check", () => ({ steps: ["check"] }))
      .addEdge(START, "work")
      .addEdge("work", "check")
      .compile({ checkpointer: saver });
    const config = threadConfig(newThread());
    // More than nine versions: texts are compared as texts.
    for (let run = 0; run < 4; run++) await graph.invoke({ steps: [`run ${run}`] }, config);
    const { config: origin, values } = await graph.getState(config);
    const forks = [];
    for (const name of ["left", "right"]) {
      const at = await graph.updateState(origin, { steps: [name] }, "check");
      await graph.invoke({ steps: ["on"] }, at);
      forks.push(at, (await graph.getState(config)).config);
    }
    // Another process, which has read nothing yet.
    const other = new TextVersions({ store: saver.store, tenant: "acme" });
    const found = [];
    for (const at of forks)
      found.push((await channelOf<string[]>(other, at, "steps")).slice(values.steps.length));
    expect(found).toEqual([
      ["left"],
      ["left", "on", "work", "check"],
      ["right"],
      ["right", "on", "work", "check"],
    ]);
    const versions = (await other.getTuple(config))?.checkpoint.channel_versions.steps;
    expect(versions).toMatch(/^\d{16}\./);
  });

  it("what was changed in a list is stored, wherever it stands", async () => {
    const saver = saverOn(open());
    const messages = Array.from({ length: 600 }, (_, n) => new HumanMessage(`Question ${n}`));
    const first = nextCheckpoint({ messages });
    const config = await saver.put(threadConfig(newThread()), first.checkpoint, metadata, first.versions);
    // Each in a group of its own, whose other elements stay as they are.
    const [early, later] = [messages[3], messages[300]];
    if (early === undefined || later === undefined) throw new Error("The messages are missing.");
    early.content = "Changed in place";
    later.additional_kwargs.seen = true;
    const list = messages.with(520, new HumanMessage("Replaced"));
    const next = nextCheckpoint({ messages: list }, first.checkpoint);
    const at = await saver.put(config, next.checkpoint, metadata, next.versions);
    const found = await channelOf<HumanMessage[]>(saver, at, "messages");
    expect([found[3]?.text, found[300]?.additional_kwargs.seen, found[520]?.text, found.length]).toEqual([
      "Changed in place",
      true,
      "Replaced",
      600,
    ]);
  });

  it("what a reader changes in its state is not what the next reader gets", async () => {
    const saver = saverOn(open());
    const { config } = await converse(saver, newThread(), 70);
    const first = await channelOf<AIMessage[]>(saver, config, "messages");
    const [message, other] = first;
    if (message === undefined || other === undefined) throw new Error("The messages are missing.");
    message.content = "Changed";
    other.additional_kwargs.seen = true;
    first.pop();
    for (let read = 0; read < 2; read++) {
      const again = await channelOf<AIMessage[]>(saver, config, "messages");
      expect([again.length, again[0]?.text, again[1]?.additional_kwargs]).toEqual([70, "Question 1", {}]);
    }
  });

  it("any value and any name of a channel comes back", async () => {
    const saver = saverOn(open());
    const values = {
      nothing: null,
      text: "\0 half \ud800",
      large: "x".repeat(3_000_000),
      list: Array.from({ length: 200 }, (_, n) => (n % 3 === 0 ? n : { n, deep: [[n]] })),
      map: new Map([["a", new Set([1])]]),
      bytes: new Uint8Array([0, 255]),
      empty: [],
      "name with: / % and \u{1f600}": true,
      constructor: "c",
    };
    const made = nextCheckpoint({ ...values });
    Object.defineProperty(made.checkpoint.channel_values, "__proto__", { value: "p", enumerable: true });
    Object.defineProperty(made.versions, "__proto__", { value: 1, enumerable: true });
    const at = await saver.put(threadConfig(newThread()), made.checkpoint, metadata, made.versions);
    const found = (await saver.getTuple(at))?.checkpoint.channel_values ?? {};
    for (const [name, value] of Object.entries(values)) expect(found[name]).toEqual(value);
    expect(Object.getOwnPropertyDescriptor(found, "__proto__")?.value).toBe("p");
    expect(Object.keys({})).toEqual([]);
  });

  it("a put that fails leaves nothing, and can be repeated", async () => {
    const watched = watchDocuments(open());
    const saver = saverOn(watched.store);
    const thread = newThread();
    const { config, checkpoint, messages } = await converse(saver, thread, 10);
    const more = Array.from({ length: 20_000 }, (_, n) => ({ n, text: "x".repeat(600) }));
    const next = nextCheckpoint({ messages, more }, checkpoint);
    let calls = 0;
    // In the middle: what is too much for one write has been begun.
    watched.fail = () => ++calls > 1;
    await expect(saver.put(config, next.checkpoint, metadata, next.versions)).rejects.toThrow("down");
    watched.fail = undefined;
    expect((await saver.getTuple(threadConfig(thread)))?.checkpoint.id).toBe(checkpoint.id);
    const at = await saver.put(config, next.checkpoint, metadata, next.versions);
    expect(await channelOf(saver, at, "more")).toHaveLength(20_000);
  });

  it("pruning keeps the newest of each graph, with all it needs, while others write", async () => {
    const store = open();
    const [saver, other] = [saverOn(store), saverOn(store)];
    const thread = newThread();
    const { config, checkpoint, messages } = await converse(saver, thread, 90);
    const sub = nextCheckpoint({ inner: "x".repeat(5000) });
    await saver.put(threadConfig(thread, "sub:1"), sub.checkpoint, metadata, sub.versions);
    await saver.putWrites(config, [["a", "y".repeat(5000)]], "task");
    await other.getTuple(config);
    // A fork of an older checkpoint, by a process that knows its parts, while they are removed.
    let older: RunnableConfig | undefined;
    for await (const tuple of other.list(threadConfig(thread), { limit: 40 })) older = tuple.config;
    const from = await other.getTuple(older ?? {});
    const fork = nextCheckpoint({ extra: 1 }, from?.checkpoint);
    const [removed, forked] = await Promise.all([
      saver.pruneThread(thread),
      other.put(older ?? {}, fork.checkpoint, metadata, fork.versions),
    ]);
    expect(removed).toBeGreaterThanOrEqual(88);
    const latest = await other.getTuple(threadConfig(thread));
    expect([checkpoint.id, fork.checkpoint.id]).toContain(latest?.checkpoint.id);
    const listed: string[] = [];
    for await (const tuple of saver.list({ configurable: { thread_id: thread } }))
      listed.push(tuple.checkpoint.id);
    expect(listed.length).toBeLessThanOrEqual(3);
    expect(listed).toContain(sub.checkpoint.id);
    expect(listed).toContain(fork.checkpoint.id);
    const there = await channelOf(other, forked, "messages");
    expect(there).toEqual(from?.checkpoint.channel_values.messages);
    // The thread goes on, and nothing is left of what was removed.
    const next = nextCheckpoint({ messages: [...messages, new HumanMessage("On")] }, checkpoint);
    const at = await saver.put(config, next.checkpoint, metadata, next.versions);
    expect(await channelOf(other, at, "messages")).toHaveLength(91);
    await saver.pruneThread(thread);
    const { items } = await store.documents.find({ tenant: "acme", session: thread }, { limit: 1000 });
    expect(items.length).toBeLessThan(30);
  });

  it.each(["pruneThread", "deleteThread"] as const)(
    "a put by a process that knows what was stored is whole, at each step of %s",
    async (remove) => {
      const store = open();
      let step = 0;
      for (let at = 1; ; at++) {
        const thread = newThread();
        const { config } = await converse(saverOn(store), thread, 40);
        const old = (await saverOn(store).getTuple(config))?.parentConfig ?? {};
        const other = saverOn(store);
        const from = await other.getTuple(old);
        if (from === undefined) throw new Error("The checkpoint is missing.");
        const fork = nextCheckpoint({ extra: at }, from.checkpoint);
        let put: Promise<RunnableConfig> | undefined;
        step = 0;
        // Before each thing that is removed, and once after the last.
        const before = async (): Promise<void> => {
          if (++step !== at) return;
          put = other.put(old, fork.checkpoint, metadata, fork.versions);
          await put;
        };
        const documents: DocumentStore = {
          ...bind(store.documents),
          async delete(...given) {
            await before();
            return await store.documents.delete(...given);
          },
          async deleteMany(...given) {
            await before();
            return await store.documents.deleteMany(...given);
          },
        };
        await saverOn({ log: store.log, documents })[remove](thread);
        await before();
        if (put === undefined) break;
        const isWhole = async (place: RunnableConfig): Promise<void> =>
          expect(await channelOf(saverOn(store), place, "messages")).toEqual(
            from.checkpoint.channel_values.messages,
          );
        const first = await put;
        // Before the next put, which could make it whole again.
        await isWhole(first);
        const onward = nextCheckpoint({ extra: -at }, fork.checkpoint);
        await isWhole(await other.put(first, onward.checkpoint, metadata, onward.versions));
      }
      expect(step).toBeGreaterThan(3);
    },
  );

  it("a thread is deleted whole, and the messages of its session stay", async () => {
    const store = open();
    const saver = saverOn(store);
    const thread = newThread();
    await store.log.append({ tenant: "acme", session: thread }, [
      { type: "message", body: { role: "user", content: "Hi" } },
    ]);
    const { config } = await converse(saver, thread, 30);
    await saver.putWrites(config, [["a", 1]], "task");
    await saver.deleteThread(thread);
    expect(await saver.getTuple(config)).toBeUndefined();
    expect((await store.documents.find({ tenant: "acme", session: thread })).items).toEqual([]);
    expect((await store.log.read({ tenant: "acme", session: thread })).events).toHaveLength(1);
    await converse(saver, thread, 3);
    expect((await saver.getTuple(threadConfig(thread)))?.checkpoint.channel_values.messages).toHaveLength(3);
  });

  it("a history is listed newest first, by filter, from before an id, up to a limit, with its writes", async () => {
    const store = open();
    const saver = saverOn(store);
    const thread = newThread();
    let before: Checkpoint | undefined;
    let config = threadConfig(thread);
    const ids: string[] = [];
    for (let step = 0; step < 12; step++) {
      const next = nextCheckpoint({ step }, before);
      config = await saver.put(config, next.checkpoint, { ...metadata, step }, next.versions);
      for (let task = 0; task < step % 6; task++)
        await saver.putWrites(config, [["step", task]], `task ${task}`);
      ids.unshift(next.checkpoint.id);
      before = next.checkpoint;
    }
    // Writes of a checkpoint that never came.
    const lost = { ...config.configurable, checkpoint_id: nextCheckpoint({}).checkpoint.id };
    await saver.putWrites({ configurable: lost }, [["step", "lost"]], "task");
    const listed = async (options: CheckpointListOptions): Promise<unknown[]> => {
      const found = [];
      for await (const tuple of saverOn(store).list(threadConfig(thread), options))
        found.push([tuple.checkpoint.id, tuple.checkpoint.channel_values.step, tuple.pendingWrites?.length]);
      return found;
    };
    const all = ids.map((id, place) => [id, 11 - place, (11 - place) % 6]);
    const at = (place: number): RunnableConfig => ({ configurable: { ...lost, checkpoint_id: ids[place] } });
    expect(await listed({})).toEqual(all);
    // Of another graph in the thread, and of a checkpoint with the same id.
    const sub = nextCheckpoint({ step: 0 });
    await saver.put(threadConfig(thread, "sub"), sub.checkpoint, metadata, sub.versions);
    await saver.putWrites(
      { configurable: { ...lost, checkpoint_id: sub.checkpoint.id } },
      [["step", "of none"]],
      "task",
    );
    const everywhere = [];
    for await (const { pendingWrites } of saver.list({ configurable: { thread_id: thread } }))
      everywhere.push(pendingWrites?.length);
    expect(everywhere).toEqual([0, ...all.map(([, , count]) => count)]);
    expect(await listed({ limit: 5 })).toEqual(all.slice(0, 5));
    expect(await listed({ limit: 0 })).toEqual([]);
    expect(await listed({ before: at(3), limit: 2 })).toEqual(all.slice(4, 6));
    expect(await listed({ filter: { step: 4 } })).toEqual([all[7]]);
    expect(await listed({ before: at(8), filter: { step: 4 } })).toEqual([]);
    expect((await saver.getTuple(at(6)))?.pendingWrites).toHaveLength(5);
    expect((await saver.getTuple(threadConfig(thread)))?.checkpoint.id).toBe(ids[0]);
  });

  it("threads of another tenant are not found", async () => {
    const store = open();
    const thread = newThread();
    const { config } = await converse(saverOn(store), thread, 2);
    const globex = new RelevoCheckpointer({ store, tenant: "globex" });
    expect(await globex.getTuple(config)).toBeUndefined();
    for await (const tuple of globex.list({})) expect(tuple.config.configurable?.thread_id).not.toBe(thread);
    await globex.deleteThread(thread);
    expect(await saverOn(store).getTuple(config)).toBeDefined();
  });
}
