import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import {
  Annotation,
  Command,
  interrupt,
  MemorySaver,
  messagesStateReducer,
  START,
  StateGraph,
} from "@langchain/langgraph";
import {
  type BaseCheckpointSaver,
  type CheckpointTuple,
  emptyCheckpoint,
  INTERRUPT,
  RESUME,
  uuid6,
} from "@langchain/langgraph-checkpoint";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import type { Store } from "@relevo/core";
import { createMemoryStore } from "@relevo/store-memory";
import { createPostgresStore, migratePostgres } from "@relevo/store-postgres";
import { requireService, startPostgres } from "@relevo/test-services";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importThreads, RelevoCheckpointer } from "../src/langgraph/index.ts";

const hasPostgres = requireService("postgres", { for: "moving from PostgresSaver" });
const stop = new AsyncDisposableStack();
let pool: pg.Pool | undefined;

beforeAll(async () => {
  if (!hasPostgres) return;
  const server = stop.use(await startPostgres());
  const opened = new pg.Pool({ connectionString: server.url });
  opened.on("error", () => undefined);
  stop.defer(() => opened.end());
  await migratePostgres({ pool: opened });
  pool = opened;
});
afterAll(() => stop.disposeAsync());

function servers(): pg.Pool {
  if (pool === undefined) throw new Error("The server has not been started.");
  return pool;
}

let schemas = 0;
async function postgresSaver(): Promise<PostgresSaver> {
  const saver = new PostgresSaver(servers() as never, undefined, { schema: `old${++schemas}` });
  await saver.setup();
  return saver;
}

const State = Annotation.Root({
  messages: Annotation<BaseMessage[]>({ reducer: messagesStateReducer, default: () => [] }),
  order: Annotation<unknown>(),
});

/** Asks in a graph inside the graph, beside a node that has finished. */
function graphOn(checkpointer: BaseCheckpointSaver) {
  const inner = new StateGraph(State)
    .addNode("look", () => ({
      messages: [
        new AIMessage({
          id: "a1",
          content: "",
          tool_calls: [{ type: "tool_call", id: "call_1", name: "stock", args: { size: 41 } }],
        }),
        new ToolMessage({
          id: "t1",
          content: "Three.",
          tool_call_id: "call_1",
          status: "success",
          artifact: { rows: [{ size: 41, left: 3 }], bytes: new Uint8Array([1, 2, 250]) },
        }),
      ],
    }))
    .addNode("ask", () => ({
      messages: [new HumanMessage({ id: "h9", content: String(interrupt({ question: "May I?" })) })],
    }))
    .addEdge(START, "look")
    .addEdge("look", "ask")
    .compile();
  return new StateGraph(State)
    .addNode("inner", inner)
    .addNode("beside", () => ({ order: { at: new Date(0), sizes: new Set([41]), note: undefined } }))
    .addNode("end", () => ({ messages: [new AIMessage({ id: "a2", content: "Done." })] }))
    .addEdge(START, "inner")
    .addEdge(START, "beside")
    .addEdge(["inner", "beside"], "end")
    .compile({ checkpointer });
}

const threads = ["chat-1", "chat-2", "Ünïcode / 3"];
const configOf = (thread_id: string) => ({ configurable: { thread_id } });

/** Threads that have ended, that wait, that were forked, and writes of every kind beside a checkpoint. */
async function fill(saver: BaseCheckpointSaver): Promise<void> {
  const graph = graphOn(saver);
  for (const thread of threads)
    await graph.invoke({ messages: [new HumanMessage({ id: "h1", content: "41?" })] }, configOf(thread));
  await graph.invoke(new Command({ resume: "Yes" }), configOf("chat-2"));
  await graph.invoke({ messages: [new HumanMessage({ id: "h2", content: "42?" })] }, configOf("chat-2"));
  await graph.updateState(configOf("chat-2"), { order: "forked" }, "beside");
  const raw = { ...emptyCheckpoint(), id: uuid6(1), channel_values: { n: 1 }, channel_versions: { n: 1 } };
  const stored = await saver.put(
    { configurable: { thread_id: "raw", checkpoint_ns: "a:b|c" } },
    raw,
    { source: "fork", step: 7, parents: { "": "p" } },
    { n: 1 },
  );
  await saver.putWrites(stored, [["n", 2], ["m", [new AIMessage("x")]]], "task-b"); // biome-ignore format: short
  await saver.putWrites(stored, [[INTERRUPT, [{ value: "?" }]]], "task-a");
  await saver.putWrites(stored, [[RESUME, ["yes"]]], "task-a");
}

/** What each thread has: checkpoints by namespace and id, with the writes beside them by task. */
async function contents(saver: BaseCheckpointSaver): Promise<readonly CheckpointTuple[]> {
  const found: CheckpointTuple[] = [];
  for (const thread of [...threads, "raw"]) {
    const listed: CheckpointTuple[] = [];
    for await (const tuple of saver.list(configOf(thread))) listed.push(tuple);
    for (const tuple of listed) expect(await saver.getTuple(tuple.config)).toEqual(tuple);
    found.push(...listed.map(comparable).toSorted((one, other) => byText(one.config, other.config)));
  }
  return found;
}

/** `MemorySaver` has writes in the order in which they came, and the defaults of channels that nobody wrote. */
function comparable({ checkpoint, pendingWrites = [], ...tuple }: CheckpointTuple): CheckpointTuple {
  const written = Object.entries(checkpoint.channel_values).filter(
    ([name]) => checkpoint.channel_versions[name] !== undefined,
  );
  return {
    ...tuple,
    checkpoint: { ...checkpoint, channel_values: Object.fromEntries(written) },
    pendingWrites: pendingWrites.toSorted(byText),
  };
}

function byText(one: unknown, other: unknown): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}

const targets: readonly (readonly [string, () => Store])[] = [
  ["the store in process", () => createMemoryStore()],
  ["PostgreSQL", () => createPostgresStore({ pool: servers(), timeoutMs: 300_000 })],
];
const sources = [
  ["MemorySaver", async () => new MemorySaver()],
  ["PostgresSaver", postgresSaver],
] as const;

describe.skipIf(!hasPostgres)("threads move exactly, once, and go on", () => {
  let tenants = 0;
  for (const [from, open] of sources)
    it.each(targets)(`from ${from} to %s`, async (_, openStore) => {
      const old = (await open()) as BaseCheckpointSaver;
      await fill(old);
      await using store = openStore();
      const ours = new RelevoCheckpointer({ store, tenant: `tenant-${++tenants}-${from}` });
      const before = await contents(old);
      expect(await importThreads(old, ours)).toBe(before.length);
      expect(await contents(ours)).toEqual(before);
      expect(await importThreads(old, ours)).toBe(before.length);
      expect(await contents(ours)).toEqual(before);
      for (const thread of threads) {
        const ended = [];
        for (const saver of [old, ours]) {
          const graph = graphOn(saver);
          const { messages } = await graph.invoke(new Command({ resume: "Yes" }), configOf(thread));
          ended.push([messages, (await graph.getState(configOf(thread))).next]);
        }
        expect(ended[1]).toEqual(ended[0]);
        if (thread !== "chat-2") expect(JSON.stringify(ended[1])).toContain("Done.");
      }
    });
});

describe.skipIf(!hasPostgres)("a row that cannot be moved", () => {
  const importInto = async (old: PostgresSaver, options = {}): Promise<unknown> => {
    const saver = new RelevoCheckpointer({ store: createMemoryStore(), tenant: "acme" });
    return await importThreads(old as unknown as BaseCheckpointSaver, saver, options).catch(
      (error: unknown) => error,
    );
  };

  it("is named with its thread, and does not keep other threads from moving", async () => {
    const old = await postgresSaver();
    await fill(old as unknown as BaseCheckpointSaver);
    const schema = `old${schemas}`;
    const spoiled = await servers().query(
      `update ${schema}.checkpoint_blobs set blob = '{no JSON' where thread_id = 'chat-1' and channel = 'messages'`,
    );
    expect(spoiled.rowCount).toBeGreaterThan(0);
    const refused = await importInto(old);
    expect(refused).toMatchObject({ code: "corrupt" });
    expect(String(refused)).toMatch(
      /from\.list\(\), after checkpoint "[\w-]+" of thread ".+", failed: .*JSON/u,
    );
    expect(await importInto(old, { threadId: "chat-2" })).toBeGreaterThan(1);

    await servers().query(
      `update ${schema}.checkpoints set thread_id = repeat('x', 2000) where thread_id = 'raw'`,
    );
    const asked = await importInto(old, { threadId: "x".repeat(2000) });
    expect(asked).toMatchObject({ code: "too-large", details: { field: "options.threadId" } });
    await servers().query(`delete from ${schema}.checkpoints where thread_id <> repeat('x', 2000)`);
    const tooLong = await importInto(old);
    expect(tooLong).toMatchObject({ code: "too-large", details: { field: "configurable.thread_id" } });
    expect(String(tooLong)).toMatch(
      /checkpoint "[\w-]+" of thread "x+" in namespace "a:b\|c": configurable/u,
    );
  });
});
