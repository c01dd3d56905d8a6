import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import type { Store } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { createPostgresStore } from "@relevo/store-postgres";
import { createRedisStore } from "@relevo/store-redis";
import { createAgent } from "langchain";
import pg from "pg";
import { createClient } from "redis";
import { z } from "zod";
import { relevoMemory } from "../../src/agent/index.ts";
import { RelevoCheckpointer } from "../../src/langgraph/index.ts";
import { calling, ScriptedModel } from "../support/scripted-model.ts";

/**
 * A process with an agent on a shared store. It is told what to do by its arguments: the address of the store, the thread, and
 * its questions. `stuck` hangs in the tool, and says so; `resume` goes on where another process was killed.
 */
const [url = "", thread = "", mode = "", ...questions] = process.argv.slice(2);

async function open(): Promise<{ readonly store: Store; close(): Promise<void> }> {
  if (url.startsWith("redis")) {
    const client = createClient({ url, RESP: 2 });
    client.on("error", () => undefined);
    await client.connect();
    return { store: createRedisStore({ client, deadlineMs: 300_000 }), close: async () => client.destroy() };
  }
  const pool = new pg.Pool({ connectionString: url });
  pool.on("error", () => undefined);
  const store = createPostgresStore({ pool, timeoutMs: 300_000 });
  return {
    store,
    async close() {
      await store.close();
      await pool.end();
    },
  };
}

const { store, close } = await open();
const look = tool(
  async () => {
    if (mode !== "stuck") return "found";
    process.send?.("stuck");
    return await new Promise<string>(() => setInterval(() => undefined, 1000));
  },
  { name: "look", description: "Looks something up.", schema: z.object({}) },
);
const model = new ScriptedModel((messages) => {
  const last = messages.at(-1);
  return last?.type === "human" ? calling(["look", `call ${last.text}`]) : new AIMessage("Done.");
});
const agent = createAgent({
  model,
  tools: [look],
  middleware: [relevoMemory({ memory: createMemory({ store }), tenant: "acme", waitMs: 300_000 })],
  ...(mode === "race" ? {} : { checkpointer: new RelevoCheckpointer({ store, tenant: "acme" }) }),
});
const config = { configurable: { thread_id: thread } };
if (mode === "resume") await agent.invoke(null as never, config);
for (const question of questions) await agent.invoke({ messages: [new HumanMessage(question)] }, config);
await close();
process.disconnect?.();
