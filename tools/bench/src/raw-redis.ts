import type { FloorClient } from "./redis-server.ts";
import { address, batch, message } from "./samples.ts";
import { documents, rareEach, type StoreWork, value } from "./store-work.ts";

/** The least that a first message costs: a list of its own. */
export function rawFirst(client: FloorClient): () => Promise<unknown> {
  const one = message(0);
  let count = 0;
  return () => client.rPush(`raw:first:${count++}`, JSON.stringify(one));
}

/** The least that the same jobs cost with node-redis. */
export async function rawRedis(client: FloorClient): Promise<StoreWork> {
  const list = `raw:${address.session}`;
  const one = message(0);
  const all = (): string[] => batch.map((event) => JSON.stringify(event));
  const text = JSON.stringify(value);
  let count = 0;
  await client.rPush(list, all());
  const rare = Array.from({ length: documents / rareEach }, (_, index) => `raw:facts:k${index * rareEach}`);
  await client.sAdd("raw:tag:rare", rare);
  await Promise.all(rare.map((key) => client.set(key, text)));
  await Promise.all(Array.from({ length: 1000 }, (_, index) => client.set(`raw:doc:k${index}`, text)));
  const parse = (bodies: readonly (string | null)[]) => bodies.map((body) => JSON.parse(body ?? "null"));
  return {
    append: () => client.rPush(list, JSON.stringify(one)),
    appendBatch: () => client.rPush(list, all()),
    tail: async () => parse(await client.lRange(list, -20, -1)),
    put: () => client.set(`raw:doc:k${count++ % 1000}`, text),
    get: async () => JSON.parse((await client.get(`raw:doc:k${count++ % 1000}`)) ?? "null"),
    find: async () => parse(await client.mGet(await client.sMembers("raw:tag:rare"))),
  };
}
