import { PostgresChatMessageHistory } from "@langchain/community/stores/message/postgres";
import { AIMessage, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { emptyCheckpoint, uuid6 } from "@langchain/langgraph-checkpoint";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import { PostgresStore as LangGraphStore } from "@langchain/langgraph-checkpoint-postgres/store";
import { PostgresStore as MastraStore } from "@mastra/pg";
import type { Benchmark, OpenSuite } from "../bench/dist/benchmark.js";
import { startPostgresBench } from "../bench/dist/postgres-server.js";
import { message } from "../bench/dist/samples.js";
import { fillDocuments, fillLog, namespace, storeWork, value } from "../bench/dist/store-work.js";

const history = 10_000;
const text = String((message(0).body as { readonly content: string }).content);

/** Our store under row-level security beside what others do with the same server, each on 10,000 messages. */
export async function openPostgresPeers(): Promise<OpenSuite> {
  const bench = await startPostgresBench();
  const { owner, url, secured } = bench;
  const ours = storeWork(secured);
  await fillLog(secured, history);
  await fillDocuments(secured);
  const messages: readonly BaseMessage[] = Array.from({ length: history }, (_, index) =>
    index % 2 === 0 ? new HumanMessage(text) : new AIMessage(text),
  );

  const first = new HumanMessage(text);
  const community = new PostgresChatMessageHistory({ sessionId: "s-1", pool: owner });
  await community.addMessage(first);
  await owner.query(
    "insert into langchain_chat_histories (session_id, message) select session_id, message from langchain_chat_histories, generate_series(2, $1)",
    [history],
  );

  const saver = new PostgresSaver(owner);
  await saver.setup();
  let version = 1;
  const thread = { configurable: { thread_id: "t-1", checkpoint_ns: "" } };
  const checkpoint = () => ({
    ...emptyCheckpoint(),
    id: uuid6(version),
    channel_values: { messages },
    channel_versions: { messages: ++version },
  });
  const save = () =>
    saver.put(thread, checkpoint(), { source: "loop", step: version, parents: {} }, { messages: version });
  await save();

  const langgraph = LangGraphStore.fromConnString(url);
  await langgraph.setup();
  await langgraph.put(["agents", "planner"], "k1", value);
  for (let index = 0; index < history; index++) {
    await langgraph.put(["facts"], `k${index}`, {
      number: index,
      tag: index % 500 === 0 ? "rare" : "common",
    });
  }

  const mastra = new MastraStore({ id: "bench", connectionString: url, schemaName: "mastra" });
  await mastra.init();
  const memory = mastra.stores.memory;
  if (memory === undefined) throw new Error("Mastra has no memory here.");
  const now = new Date();
  await memory.saveThread({
    thread: { id: "t-1", resourceId: "r-1", title: "t", createdAt: now, updatedAt: now, metadata: {} },
  });
  let count = 0;
  const theirs = () => ({
    id: `m-${count++}`,
    threadId: "t-1",
    resourceId: "r-1",
    role: "user" as const,
    createdAt: new Date(now.getTime() + count),
    content: { format: 2 as const, parts: [{ type: "text" as const, text }] },
  });
  const many = (length: number) => Array.from({ length }, theirs);
  for (let done = 0; done < history; done += 500) await memory.saveMessages({ messages: many(500) });
  await owner.query("analyze");

  const beside = (
    name: string,
    floor: string,
    theirs: () => unknown,
    mine: () => unknown,
    operations = 1,
  ): Benchmark => ({
    name: `postgres: ${name}`,
    floor,
    operations,
    setup: () => ({ floor: theirs, subject: mine }),
  });
  return {
    benchmarks: [
      beside(
        "append one",
        "Mastra saveMessages",
        () => memory.saveMessages({ messages: many(1) }),
        ours.append,
      ),
      beside("append one", "community history addMessage", () => community.addMessage(first), ours.append),
      beside("append one, at 10,000", "LangGraph PostgresSaver put", save, ours.append),
      beside(
        "batch of 100, an event",
        "Mastra saveMessages",
        () => memory.saveMessages({ messages: many(100) }),
        ours.appendBatch,
        100,
      ),
      beside(
        "batch of 100, an event",
        "community history addMessages",
        () => community.addMessages(messages.slice(0, 100)),
        ours.appendBatch,
        100,
      ),
      beside(
        "last 20, of 10,000",
        "Mastra listMessages",
        () =>
          memory.listMessages({
            threadId: "t-1",
            perPage: 20,
            page: 0,
            orderBy: { field: "createdAt", direction: "DESC" },
          }),
        ours.tail,
      ),
      beside(
        "last 20, of 10,000",
        "LangGraph PostgresSaver getTuple",
        () => saver.getTuple(thread),
        ours.tail,
      ),
      beside(
        "last 20, of 10,000 and more",
        "community history getMessages (all)",
        () => community.getMessages(),
        ours.tail,
      ),
      beside(
        "document put",
        "LangGraph PostgresStore put",
        () => langgraph.put([...namespace], `k${count++ % 1000}`, value),
        ours.put,
      ),
      beside(
        "document get",
        "LangGraph PostgresStore get",
        () => langgraph.get([...namespace], "k1"),
        ours.get,
      ),
      beside(
        "find 20 of 10,000 documents",
        "LangGraph PostgresStore search",
        () => langgraph.search(["facts"], { filter: { tag: "rare" }, limit: 20 }),
        ours.find,
      ),
    ],
    async [Symbol.asyncDispose]() {
      await langgraph.stop();
      await mastra.close();
      await bench[Symbol.asyncDispose]();
    },
  };
}
