// What a turn of a graph costs with each checkpointer, by the length of the conversation: `node scripts/bench.ts`.
import { AIMessage, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { END, MemorySaver, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import { createMemoryStore } from "@relevo/store-memory";
import { createPostgresStore, migratePostgres } from "@relevo/store-postgres";
import { startPostgres } from "@relevo/test-services";
import pg from "pg";
import { RelevoCheckpointer } from "../src/langgraph/index.ts";

const lengths = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10, 100, 1000, 10_000];
const text =
  "What would it cost to send forty of these to Vigo by Friday, and who signs for them there? ".repeat(3);

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

await using server = await startPostgres();
const pool = new pg.Pool({ connectionString: server.url });
pool.on("error", () => undefined);
await migratePostgres({ pool });
const postgres = createPostgresStore({ pool });
const theirs = new PostgresSaver(pool as never);
await theirs.setup();
const savers: readonly (readonly [string, BaseCheckpointSaver])[] = [
  ["MemorySaver", new MemorySaver()],
  ["PostgresSaver", theirs as unknown as BaseCheckpointSaver],
  ["Relevo in process", new RelevoCheckpointer({ store: createMemoryStore(), tenant: "acme" })],
  ["Relevo on PostgreSQL", new RelevoCheckpointer({ store: postgres, tenant: "acme" })],
];
const graphs = savers.map(([name, saver]) => [name, graphOn(saver)] as const);
for (const length of lengths) {
  const config = { configurable: { thread_id: `thread-${length}` } };
  for (const [, graph] of graphs)
    await graph.updateState(config, { messages: conversation(length) }, "agent");
  const times = new Map<string, number[]>(graphs.map(([name]) => [name, []]));
  // Each takes its turn in each round: the machine is as busy for all of them.
  for (let round = 0; round < (length > 1000 ? 7 : 21); round++)
    for (const [name, graph] of graphs) {
      const began = performance.now();
      await graph.invoke({ messages: [new HumanMessage(text)] }, config);
      if (round > 0) times.get(name)?.push(performance.now() - began);
    }
  const base = median(times.get("PostgresSaver") ?? []);
  const cells = [...times].map(([name, taken]) => {
    const ms = median(taken);
    return `${name} ${ms.toFixed(1)} ms (${(ms / base).toFixed(2)})`;
  });
  console.log(`${length} messages: ${cells.join(", ")}`);
}
await postgres.close();
await pool.end();
