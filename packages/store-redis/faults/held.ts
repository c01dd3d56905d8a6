/**
 * How long one call stands in the way of all others: `node faults/held.ts [bytes of an event]`, on a log of 100,000
 * events, and the upkeep of 300 tenants that have nothing due.
 */
import { startRedis } from "@relevo/test-services";
import { createClient } from "redis";
import { createRedisStore } from "../src/index.ts";

const bytes = Number(process.argv[2] ?? 200);
const count = 100_000;
const address = { tenant: "acme", session: "s" };

await using server = await startRedis();
const client = createClient({ url: server.url });
await client.on("error", console.error).connect();
const store = createRedisStore({ client, deadlineMs: 60_000 });
const { log, maintenance } = store;

async function held(name: string, call: () => Promise<unknown>): Promise<void> {
  await client.sendCommand(["CONFIG", "RESETSTAT"]);
  const began = performance.now();
  await call();
  const ms = performance.now() - began;
  const stats = String(await client.sendCommand(["INFO", "commandstats"]));
  const spent = [...stats.matchAll(/^cmdstat_eval(?:sha)?:calls=\d+,usec=(\d+)/gmu)];
  const scripts = spent.reduce((sum, [, micros]) => sum + Number(micros), 0) / 1000;
  console.log(`${name.padEnd(40)} ${ms.toFixed(0).padStart(6)} ms, in scripts ${scripts.toFixed(0)} ms`);
}

/** The first time a script is also loaded, and so it is called once before. */
async function twice(name: string, call: () => Promise<unknown>): Promise<void> {
  await call();
  await held(name, call);
}

const event = { type: "message" as const, body: { role: "user" as const, content: "x".repeat(bytes) } };
for (let index = 0; index < count; index += 500) await log.append(address, new Array(500).fill(event));
const retract = (from: number, to: number) => () =>
  log.append(address, [{ type: "retraction", body: { ranges: [{ from, to }], reason: "measure" } }]);
console.log(`${count} events of ${bytes} bytes`);
await twice("retract 1", retract(50_000, 50_000));
await held("retract all", retract(1, count));
await twice("trim", () => log.trim(address, { olderThan: Date.now() + 60_000 }));
await twice("erase 1", () => log.erase(address, { seqs: [{ from: 60_000, to: 60_000 }] }));
await held("erase all that is left", () => log.erase(address, { seqs: [{ from: 1, to: count }] }));
await held("delete", () => log.delete(address));

for (let tenant = 0; tenant < 300; tenant++)
  await log.append({ tenant: `tenant ${tenant}`, session: "s" }, [event], { ttlMs: 3_600_000 });
await twice("expire, 300 idle tenants", () => maintenance.expire());
client.destroy();
