import { HumanMessage } from "@langchain/core/messages";
import { RedisChatMessageHistory } from "@langchain/redis";
import { createClient } from "redis";
import type { OpenSuite } from "../bench/dist/benchmark.js";
import { startRedisBench } from "../bench/dist/redis-server.js";
import { message } from "../bench/dist/samples.js";
import { fillLog, storeWork } from "../bench/dist/store-work.js";

const history = 10_000;
const text = String((message(0).body as { readonly content: string }).content);

/** Our store beside `@langchain/redis`, each on 10,000 messages of a private server. */
export async function openRedisPeers(): Promise<OpenSuite> {
  const bench = await startRedisBench();
  const client = await createClient({ url: bench.url }).connect();
  const ours = storeWork(bench.store);
  await fillLog(bench.store, history);
  // With an expiry, as ours has; its messages lie newest first.
  const theirs = new RedisChatMessageHistory({ sessionId: "s-1", client, sessionTTL: 3600 });
  const one = new HumanMessage(text);
  const hundred = Array.from({ length: 100 }, () => one);
  for (let done = 0; done < history; done += 100) await theirs.addMessages(hundred);
  return {
    benchmarks: [
      {
        name: "redis: append one",
        floor: "@langchain/redis addMessage",
        setup: () => ({ floor: () => theirs.addMessage(one), subject: ours.append }),
      },
      {
        name: "redis: batch of 100, an event",
        floor: "@langchain/redis addMessages",
        operations: 100,
        setup: () => ({ floor: () => theirs.addMessages(hundred), subject: ours.appendBatch }),
      },
      {
        name: "redis: last 20, of 10,000 and more",
        floor: "@langchain/redis getMessages (all)",
        setup: () => ({ floor: () => theirs.getMessages(), subject: ours.tail }),
      },
    ],
    async [Symbol.asyncDispose]() {
      client.destroy();
      await bench[Symbol.asyncDispose]();
    },
  };
}
