import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import type { Store } from "@relevo/core";
import { createMemory } from "@relevo/memory";
import { createPostgresStore } from "@relevo/store-postgres";
import { createRedisStore } from "@relevo/store-redis";
import { createAgent, createMiddleware } from "langchain";
import pg from "pg";
import { createClient } from "redis";
import { z } from "zod";
import { relevoMemory } from "../../src/agent/index.ts";
import { RelevoCheckpointer } from "../../src/langgraph/index.ts";
import { calling, ScriptedModel } from "../support/scripted-model.ts";

/** One thread that a process works on. */
export interface AgentRun {
  readonly thread: string;
  /** The step that never ends. */
  readonly stopAt?: string;
  /** Continues first where another process was killed. */
  readonly resume?: boolean;
  readonly questions: readonly string[];
  /** False for a thread whose state is in nothing but its log. */
  readonly checkpoints?: boolean;
}

export interface AgentJob {
  /** The address of the shared store. */
  readonly url: string;
  /** Side by side, each with an agent of its own. */
  readonly runs: readonly AgentRun[];
}

// A process with agents on a shared store. It says when all of its runs have reached the steps that never end.

const { url, runs }: AgentJob = JSON.parse(process.argv[2] ?? "");

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
const pending = new Set(runs.filter(({ stopAt }) => stopAt !== undefined));

async function work(run: AgentRun): Promise<void> {
  const reach = async (step: string): Promise<void> => {
    if (run.stopAt !== step) return;
    if (pending.delete(run) && pending.size === 0) process.send?.("stopped");
    await new Promise(() => setInterval(() => undefined, 1000));
  };
  const look = tool(
    async ({ what }: { readonly what: string }) => {
      if (what === "second") await reach("in a tool beside one that has answered");
      else await reach("in a tool");
      return "found";
    },
    { name: "look", description: "Looks something up.", schema: z.object({ what: z.string() }) },
  );
  const model = new ScriptedModel(async (messages) => {
    const question = messages.findLast(({ type }) => type === "human")?.text;
    const isFirst = messages.at(-1)?.type === "human";
    await reach(isFirst ? "in the first call of the model" : "in the second call of the model");
    if (!isFirst) return new AIMessage("Done.");
    return calling(
      ["look", `call ${question}`, { what: "first" }],
      ["look", `also ${question}`, { what: "second" }],
    );
  });
  /** Around the hooks of the memory. */
  const between = createMiddleware({
    name: "Between",
    beforeAgent: () => reach("before the agent").then(() => undefined),
    beforeModel: () => reach("before the model").then(() => undefined),
    // Middleware in front of the memory's ends after it.
    afterAgent: () => reach("after the agent").then(() => undefined),
  });
  const agent = createAgent({
    model,
    tools: [look],
    middleware: [between, relevoMemory({ memory: createMemory({ store }), tenant: "acme", waitMs: 300_000 })],
    ...(run.checkpoints === false ? {} : { checkpointer: new RelevoCheckpointer({ store, tenant: "acme" }) }),
  });
  const config = { configurable: { thread_id: run.thread } };
  if (run.resume === true) await agent.invoke(null as never, config);
  for (const question of run.questions)
    await agent.invoke({ messages: [new HumanMessage({ id: question, content: question })] }, config);
}

await Promise.all(runs.map(work));
await close();
process.disconnect?.();
