import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { MemorySaver } from "@langchain/langgraph";
import { MemoryError, type Store } from "@relevo/core";
import { type FaultProxy, startFaultProxy } from "@relevo/fault-proxy";
import { createMemory } from "@relevo/memory";
import { createPostgresStore, migratePostgres } from "@relevo/store-postgres";
import { createRedisStore } from "@relevo/store-redis";
import { requireService, startPostgres, startRedis } from "@relevo/test-services";
import { createAgent } from "langchain";
import pg from "pg";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { relevoMemory } from "../src/agent/index.ts";
import { logOf, on } from "./support/agents.ts";
import { calling, ScriptedModel } from "./support/scripted-model.ts";

interface Server extends AsyncDisposable {
  readonly url: string;
}
interface Opened extends AsyncDisposable {
  readonly store: Store;
}

/** Short, because a server that does not answer is waited for so long; no call of a busy machine takes as long. */
const deadlineMs = 5_000;

async function openRedis(url: string): Promise<Opened> {
  const client = createClient({ url, RESP: 2, socket: { reconnectStrategy: 20 } });
  client.on("error", () => undefined);
  await client.connect();
  return {
    store: createRedisStore({ client, deadlineMs }),
    async [Symbol.asyncDispose]() {
      client.destroy();
    },
  };
}

async function openPostgres(url: string): Promise<Opened> {
  const pool = new pg.Pool({ connectionString: url, connectionTimeoutMillis: deadlineMs / 2 });
  pool.on("error", () => undefined);
  const store = createPostgresStore({ pool, timeoutMs: deadlineMs });
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      await pool.end();
    },
  };
}

async function servePostgres(): Promise<Server> {
  const server = await startPostgres();
  const pool = new pg.Pool({ connectionString: server.url });
  await migratePostgres({ pool });
  await pool.end();
  return { url: server.url, [Symbol.asyncDispose]: () => server.stop() };
}

async function serveRedis(): Promise<Server> {
  const server = await startRedis();
  return { url: server.url, [Symbol.asyncDispose]: () => server.stop() };
}

const faults: Readonly<Record<string, (proxy: FaultProxy) => void>> = {
  dead: (proxy) => {
    proxy.refuse();
    proxy.cutAll();
  },
  hanging: (proxy) => proxy.stall(),
  "too slow": (proxy) => proxy.delay(deadlineMs * 2),
  "losing answers": (proxy) => proxy.cutEvery({ seed: 7, place: "after", chance: 0.5 }),
};

async function heal(proxy: FaultProxy): Promise<void> {
  proxy.stopCutting();
  proxy.delay(0);
  proxy.resume();
  await proxy.accept();
  // What was held back or lost on the way is not waited for.
  proxy.cutAll();
}

/** How long a run leaves a memory alone that was down. */
const restMs = 30_000;

/** Where in a run the store fails; it is back before the next one. */
const moments = ["before", "model 1", "tool", "model 2"] as const;
type Moment = (typeof moments)[number];

/** A run during which the store fails, and one afterwards. Resolves to what was said and what was told. */
async function runWithFault(
  open: (url: string) => Promise<Opened>,
  url: string,
  name: string,
  moment: Moment,
) {
  const { hostname, port } = new URL(url);
  await using proxy = await startFaultProxy({ target: { host: hostname, port: Number(port) } });
  await using opened = await open(proxy.url(url));
  const errors: unknown[] = [];
  let isHealed = false;
  const at = (place: Moment): void => {
    if (place === moment && !isHealed) faults[name]?.(proxy);
  };
  const look = tool(
    () => {
      at("tool");
      return "found";
    },
    { name: "look", description: "Looks something up.", schema: z.object({}) },
  );
  const model = new ScriptedModel((messages, call) => {
    if (call === 1) at("model 1");
    if (call === 2) at("model 2");
    const last = messages.at(-1);
    return last?.type === "human" ? calling(["look", `call ${last.text}`]) : new AIMessage("Done.");
  });
  const memory = createMemory({ store: opened.store });
  const middleware = relevoMemory({
    memory,
    tenant: "acme",
    onMemoryFailure: "degrade",
    onError: (error) => errors.push(error),
    waitMs: 300_000,
  });
  const agent = createAgent({
    model,
    tools: [look],
    middleware: [middleware],
    checkpointer: new MemorySaver(),
  });
  const thread = `${name} ${moment}`;
  const began = performance.now();
  at("before");
  const { messages } = await agent.invoke({ messages: [new HumanMessage("One")] }, on(thread));
  const told = [...errors];
  const rests = Math.floor((performance.now() - began) / restMs);
  isHealed = true;
  await heal(proxy);
  await vi.waitFor(() => opened.store.log.head({ tenant: "acme", session: "none" }), { timeout: 300_000 });
  await agent.invoke({ messages: [new HumanMessage("Two")] }, on(thread));
  const log = await logOf(memory.tenant("acme").session(thread));
  return { answer: messages.map(({ text }) => text), told, rests, log };
}

for (const [service, serve, open] of [
  ["redis", serveRedis, openRedis],
  ["postgres", servePostgres, openPostgres],
] as const)
  describe.skipIf(!requireService(service, { for: "agents whose memory fails" }))(`on ${service}`, () => {
    let server: Server;
    beforeAll(async () => {
      server = await serve();
    });
    afterAll(async () => {
      await server?.[Symbol.asyncDispose]();
    });

    it.each(Object.keys(faults))(
      "a store that is %s never ends a run, is told of, and loses nothing",
      async (name) => {
        const runs = await Promise.all(
          moments.map(
            async (moment) => [moment, await runWithFault(open, server.url, name, moment)] as const,
          ),
        );
        for (const [moment, { answer, told, rests, log }] of runs) {
          expect([moment, answer]).toEqual([moment, ["One", "", "found", "Done."]]);
          expect([moment, log]).toEqual([
            moment,
            ["One", "Two"].flatMap((question) => [
              `user: ${question}`,
              `assistant: calls call ${question}`,
              "tool: tool-result",
              "assistant: Done.",
            ]),
          ]);
          expect(told.every((error) => MemoryError.isInstance(error))).toBe(true);
          // When it fails, once in each rest, and at the end of the run: not at each step.
          expect(told.length).toBeLessThanOrEqual(2 + rests);
          if (name !== "losing answers") expect([moment, told.length]).not.toEqual([moment, 0]);
        }
      },
    );
  });
