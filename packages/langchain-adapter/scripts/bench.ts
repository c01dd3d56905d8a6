// What a turn of a graph costs with each checkpointer, by the length of the conversation: `node scripts/bench.ts 10 1000`.
// Times are medians of whole invokes. "the graph" keeps its state by reference: what no checkpointer can go below. The tables
// at the end are Markdown.

import { AIMessage, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import { END, MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import {
  BaseCheckpointSaver,
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointTuple,
  copyCheckpoint,
} from "@langchain/langgraph-checkpoint";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import { createMemoryStore } from "@relevo/store-memory";
import { createPostgresStore, migratePostgres } from "@relevo/store-postgres";
import { createRedisStore } from "@relevo/store-redis";
import { startPostgres, startRedis } from "@relevo/test-services";
import pg from "pg";
import { createClient } from "redis";
import { RelevoCheckpointer } from "../src/langgraph/index.ts";

const lengths = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10, 100, 1000, 10_000];
const text =
  "What would it cost to send forty of these to Vigo by Friday, and who signs for them there? ".repeat(3);

/** Keeps the newest state by reference, and only in this process. */
class Holder extends BaseCheckpointSaver {
  readonly #newest = new Map<string, CheckpointTuple>();
  override async getTuple({ configurable }: RunnableConfig): Promise<CheckpointTuple | undefined> {
    return this.#newest.get(configurable?.thread_id);
  }
  override async *list(): AsyncGenerator<CheckpointTuple> {}
  override async put(
    { configurable }: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
  ): Promise<RunnableConfig> {
    const config = { configurable: { ...configurable, checkpoint_id: checkpoint.id } };
    const kept = copyCheckpoint(checkpoint);
    this.#newest.set(configurable?.thread_id, { config, checkpoint: kept, metadata, pendingWrites: [] });
    return config;
  }
  override async putWrites(): Promise<void> {}
  override async deleteThread(): Promise<void> {}
}

function graphOn(checkpointer: BaseCheckpointSaver) {
  return new StateGraph(MessagesAnnotation)
    .addNode("agent", () => ({ messages: [new AIMessage(text)] }))
    .addEdge(START, "agent")
    .addEdge("agent", END)
    .compile({ checkpointer });
}

function conversation(length: number): BaseMessage[] {
  return Array.from({ length }, (_, n) => (n % 2 === 0 ? new HumanMessage(text) : new AIMessage(text)));
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}

/** What was sent to the server since the last call. */
const sent = { statements: 0, bytes: 0 };
function watch(client: { query: (...given: never[]) => unknown }): void {
  const query = client.query.bind(client) as (...given: unknown[]) => unknown;
  client.query = (...given: unknown[]) => {
    const [statement, values] = given as [{ values?: unknown; name?: string } | string, unknown];
    sent.statements++;
    sent.bytes += sizeOf(typeof statement === "string" ? values : statement.values);
    return query(...given);
  };
}
function sizeOf(values: unknown): number {
  if (!Array.isArray(values)) return 0;
  return values.reduce((sum: number, value: unknown) => {
    if (value instanceof Uint8Array) return sum + value.length;
    return (
      sum + (typeof value === "object" ? JSON.stringify(value ?? "").length : String(value ?? "").length)
    );
  }, 0);
}

await using server = await startPostgres();
// As providers give a database: to an owner that is no superuser, which both savers are.
const admin = new pg.Client({ connectionString: server.url });
await admin.connect();
const { database = "" } = admin;
await admin.query(`create role shop login password 'shop'; alter database "${database}" owner to shop`);
await admin.query("alter schema public owner to shop");
await admin.end();
const url = new URL(server.url);
url.username = "shop";
url.password = "shop";
const pool = new pg.Pool({ connectionString: url.href });
pool.on("error", () => undefined);
pool.on("connect", (client) => watch(client as never));
await migratePostgres({ pool });
const postgres = createPostgresStore({ pool });
const theirs = new PostgresSaver(pool as never);
await theirs.setup();
await using redisServer = await startRedis();
const client = await createClient({ url: redisServer.url })
  .on("error", () => undefined)
  .connect();
const redis = createRedisStore({ client });
const savers: readonly (readonly [string, BaseCheckpointSaver])[] = [
  ["the graph", new Holder()],
  ["MemorySaver", new MemorySaver()],
  ["Relevo in process", new RelevoCheckpointer({ store: createMemoryStore(), tenant: "acme" })],
  ["Relevo on Redis", new RelevoCheckpointer({ store: redis, tenant: "acme" })],
  ["PostgresSaver", theirs as unknown as BaseCheckpointSaver],
  ["Relevo on PostgreSQL", new RelevoCheckpointer({ store: postgres, tenant: "acme" })],
];
const graphs = savers.map(([name, saver]) => [name, graphOn(saver)] as const);
const table = new Map<string, string[]>(savers.map(([name]) => [name, []]));
const sizes: string[] = [];
for (const length of lengths) {
  const began = performance.now();
  const rounds = length > 1000 ? 5 : 20;
  const config = { configurable: { thread_id: `thread-${length}` } };
  for (const [, graph] of graphs)
    await graph.updateState(config, { messages: conversation(length) }, "agent");
  const times = new Map<string, number[]>(graphs.map(([name]) => [name, []]));
  const costs = new Map<string, string>();
  // Each takes its turn in each round: the machine is as busy for all of them.
  for (let round = 0; round < rounds + 2; round++)
    for (const [name, graph] of graphs) {
      Object.assign(sent, { statements: 0, bytes: 0 });
      const start = performance.now();
      await graph.invoke({ messages: [new HumanMessage(text)] }, config);
      if (round > 1) times.get(name)?.push(performance.now() - start);
      if (sent.statements > 0) costs.set(name, `${sent.statements} statements, ${sent.bytes} bytes`);
    }
  const taken = new Map([...times].map(([name, all]) => [name, median(all)]));
  const [floor = 0, memory = 0, theirsTook = 0] = ["the graph", "MemorySaver", "PostgresSaver"].map(
    (name) => taken.get(name) ?? 0,
  );
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(`\n${length} messages: the median of ${rounds} turns, measured in ${seconds} s`);
  const size = length.toLocaleString("en");
  for (const name of costs.keys()) sizes.push(`| ${name} | ${size} | ${costs.get(name)} |`);
  for (const [name, ms] of taken) {
    table.get(name)?.push(`${ms.toFixed(1)} (${(ms / theirsTook).toFixed(2)})`);
    const than = (other: number): string =>
      `${(ms / other).toFixed(2)} (without the graph ${((ms - floor) / (other - floor)).toFixed(2)})`;
    const ratios = `of MemorySaver ${than(memory)}, of PostgresSaver ${than(theirsTook)}`;
    console.log(
      `  ${name.padEnd(21)} ${ms.toFixed(1).padStart(7)} ms  ${ratios}  ${costs.get(name) ?? ""}`.trimEnd(),
    );
  }
}
const columns = lengths.map((length) => `${length.toLocaleString("en")} messages`);
console.log("\nA turn in milliseconds, and as a part of that with PostgresSaver\n");
console.log(`| | ${columns.join(" | ")} |\n|---|${columns.map(() => "---:|").join("")}`);
for (const [name, cells] of table) console.log(`| ${name} | ${cells.join(" | ")} |`);
console.log(`\n| what a turn sends | messages | |\n|---|---:|---|\n${sizes.join("\n")}`);
await redis.close();
client.destroy();
await postgres.close();
await pool.end();
