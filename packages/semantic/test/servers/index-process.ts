import { createFacts, createRecall } from "../../src/index.ts";
import { mortal, shout } from "./mortal.ts";
import { connectPostgres, connectRedis } from "./open-places.ts";

// A process that writes facts of sessions on Redis and an index on PostgreSQL, and is killed after one of its calls.

const [redisUrl = "", postgresUrl = "", tenant = "", diesAfter = "0"] = process.argv.slice(2);
const sessions = await connectRedis(redisUrl);
const database = await connectPostgres(postgresUrl);
const life = { calls: 0, last: Number(diesAfter) };
const store = {
  log: sessions.store.log,
  documents: mortal(sessions.store.documents, life),
  ...(sessions.store.feed ? { feed: sessions.store.feed } : {}),
};
const index = mortal(database.search, life);
const recall = createRecall({ store, index, policy: { facts: true } });
const facts = createFacts({ store, writer: { name: "test", write: shout }, recall, messagesAtOnce: 3 });
await recall.update(tenant);
await facts.update(tenant, { flush: true });
await recall.update(tenant);
await sessions[Symbol.asyncDispose]();
await database[Symbol.asyncDispose]();
