import { randomUUID } from "node:crypto";
import { createRecall, createSearchIndex } from "@relevo/semantic";
import { createRedisStore } from "@relevo/store-redis";
import { serviceAvailable } from "@relevo/test-services";
import { createClient } from "redis";
import type { Benchmark, OpenSuite, Target, Work } from "./benchmark.ts";
import { rawFirst, rawRedis } from "./raw-redis.ts";
import { type RedisBench, startRedisBench } from "./redis-server.ts";
import { batch } from "./samples.ts";
import { redisPart } from "./server-part.ts";
import {
  documents,
  type FirstWork,
  fillDocuments,
  fillLog,
  firstWork,
  type StoreWork,
  storeWork,
} from "./store-work.ts";

const inFlight = 256;

/** The store on a private Redis, against the least that the same client can do on it. Without persistence. */
export async function openRedis(): Promise<OpenSuite | string> {
  const service = await serviceAvailable("redis");
  if (!service.available) return service.reason;
  const bench = await startRedisBench();
  const { client, store } = bench;
  const work = storeWork(store);
  const raw = await rawRedis(client);
  await fillDocuments(store);

  const paired = (
    name: string,
    floor: string,
    job: keyof StoreWork,
    extra: { readonly target?: Target; readonly operations?: number; readonly history?: number } = {},
  ): Benchmark => ({
    name: `redis: ${name}`,
    floor,
    ...(extra.target === undefined ? {} : { target: extra.target }),
    ...(extra.operations === undefined ? {} : { operations: extra.operations }),
    async setup() {
      await fillLog(store, extra.history ?? 0);
      return { floor: raw[job], subject: work[job] };
    },
  });
  const first = (name: string, job: keyof FirstWork): Benchmark => ({
    name: `redis: ${name}`,
    floor: "RPUSH to a new key",
    setup: () => ({ floor: rawFirst(client), subject: firstWork(store)[job] }),
  });
  const many = (call: () => Promise<unknown>) => () =>
    Promise.all(Array.from({ length: inFlight }, () => call()));

  return {
    benchmarks: [
      paired("append one, idempotent", "RPUSH of its JSON", "append", { target: { ratio: 1.2 } }),
      {
        name: "redis: append one, the script alone",
        floor: "RPUSH of its JSON",
        async setup() {
          await work.append();
          return { floor: raw.append, subject: await redisPart(client, work.append) };
        },
      },
      {
        name: `redis: append one, ${inFlight} in flight`,
        floor: `${inFlight} RPUSH in flight`,
        operations: inFlight,
        setup: () => ({ floor: many(raw.append), subject: many(work.append) }),
      },
      first("first append of a session", "append"),
      first("first append, of a pinned message", "appendPinned"),
      paired("append a batch of 100, an event", "RPUSH of their JSON", "appendBatch", {
        target: { ratio: 1.5 },
        operations: batch.length,
      }),
      ...[100, 10_000, 100_000].map((history) =>
        paired(`last 20, of ${history.toLocaleString("en")} or more`, "LRANGE + JSON.parse", "tail", {
          target: { ratio: 1.1 },
          history,
        }),
      ),
      paired("document put", "SET", "put"),
      paired("document get", "GET + JSON.parse", "get"),
      paired(`find 20 of ${documents.toLocaleString("en")} by tag`, "SMEMBERS + MGET + parse", "find"),
      {
        name: "redis: append one, and another process's index has it",
        floor: "the append alone",
        setup: () => followedAppend(bench),
      },
    ],
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

const followedSessions = 40;
const followedMessages = 25;

/** What a process waits for that indexes the messages of another one: its own client, its own index. */
async function followedAppend({ store, url }: RedisBench): Promise<Work> {
  const tenant = `followed-${randomUUID()}`;
  const append = (session: number, text: string, to: string = tenant): Promise<unknown> =>
    store.log.append({ tenant: to, session: `s${session}` }, [
      { type: "message", body: { role: "user", content: text } },
    ]);
  for (let session = 0; session < followedSessions; session++)
    for (let place = 0; place < followedMessages; place++)
      await append(session, `Message ${place} about the garden of number ${session}.`);
  const client = createClient({ url });
  await client.connect();
  const other = createRedisStore({ client });
  const recall = createRecall({ store: other, index: createSearchIndex() });
  await recall.update(tenant);
  let count = 0;
  const next = (to?: string): Promise<unknown> =>
    append(count % followedSessions, `Tree ${count++} was planted.`, to);
  return {
    // To a tenant that nobody follows.
    floor: () => next(`${tenant}-2`),
    async subject() {
      await next();
      if ((await recall.update(tenant)) === 0) throw new Error("The other process saw nothing new.");
    },
    async [Symbol.asyncDispose]() {
      await other.close();
      client.destroy();
    },
  };
}
