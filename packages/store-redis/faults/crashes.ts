import { setTimeout as sleep } from "node:timers/promises";
import { MemoryError } from "@relevo/core";
import type { SeenEvent } from "@relevo/store-conformance";
import { startRedis } from "@relevo/test-services";
import {
  acknowledgedOf,
  begin,
  errorsOf,
  type Fault,
  judge,
  openStore,
  readAll,
  repeat,
  type Written,
  write,
} from "./support.ts";

const address = { tenant: "acme", session: "s" };

/** The server killed and started again under load, three times. */
export function serverKilled(persistence: "none" | "everysec" | "always"): Fault {
  return {
    name: `server killed, persistence ${persistence}`,
    async run() {
      await using redis = await startRedis({ persistence });
      await using direct = await openStore(redis.url);
      const durability = await direct.store.maintenance.durability();
      const incarnation = await begin(direct.store, address);
      let done = false;
      const working = Promise.all(
        repeat(4, async (index) => {
          await using opened = await openStore(redis.url, { deadlineMs: 2000 });
          const until = (): boolean => done;
          return await write(opened.store, address, { writer: `w${index}`, count: 1e6, incarnation, until });
        }),
      );
      const rounds = persistence === "none" ? 1 : 3;
      for (let round = 0; round < rounds; round++) {
        await sleep(400);
        await redis.kill();
        await redis.restart();
      }
      await sleep(400);
      done = true;
      const writers = await working;
      const acknowledged = acknowledgedOf(writers);
      if (persistence === "none") {
        const told = writers.filter(({ lost }) => lost).length;
        // Nobody may have begun the session anew in the name of the old one.
        const final = await readAll(direct.store, address);
        return {
          summary: `${acknowledged} acknowledged and lost, as declared (survives ${durability.survives}); ${told} of 4 writers told history-lost; ${errorsOf(writers)}`,
          violations: [
            ...writers.flatMap(({ violations }) => violations),
            ...(told === 4 ? [] : [`${4 - told} writers were not told that the history is lost`]),
            ...(final.length === 0 ? [] : [`${final.length} events in a log that was lost`]),
            ...(durability.survives === "nothing" ? [] : [`it declared ${durability.survives}`]),
          ],
        };
      }
      const final = await readAll(direct.store, address);
      const found = judge(writers, final);
      const lost = found.filter((violation) => violation.startsWith("lost"));
      return {
        summary: `${acknowledged} acknowledged, ${lost.length} lost (survives ${durability.survives}); ${errorsOf(writers)}`,
        violations:
          durability.survives === "all-but-seconds"
            ? [
                ...found.filter((violation) => !violation.startsWith("lost")),
                ...writers.flatMap((written, index) => notNewest(written, final, rounds, `w${index}`)),
              ]
            : found,
      };
    },
  };
}

/** A crash may take the newest writes, and none before one that is there: at most one run of a writer's for each crash. */
function notNewest(
  { acknowledged }: Written,
  final: readonly SeenEvent[],
  crashes: number,
  writer: string,
): readonly string[] {
  const there = new Set(final.map(({ event }) => event));
  const isLost = acknowledged.map(({ events }) => events.some((event) => !there.has(event)));
  const runs = isLost.filter((lost, index) => lost && isLost[index - 1] !== true).length;
  return runs <= crashes ? [] : [`${writer} lost writes at ${runs} places in ${crashes} crashes`];
}

/** Memory that runs out: refused in time, or thrown away and told. */
export const memoryFull: Fault = {
  name: "memory full, noeviction",
  async run() {
    await using redis = await startRedis({ maxmemory: "6mb" });
    await using opened = await openStore(redis.url);
    const { store } = opened;
    const violations: string[] = [];
    const heads = new Map<string, number>();
    let refused = 0;
    let stored = 0;
    for (let round = 0; round < 3; round++) {
      for (let turn = 0; refused < 20 * (round + 1) && turn < 5000; turn++) {
        const session = `s-${turn % 10}`;
        const events = repeat(100, (index) => ({
          type: "x-note" as const,
          body: `${turn}.${index}`.padEnd(400),
        }));
        try {
          const { version } = await store.log.append({ tenant: "acme", session }, events);
          stored++;
          if (version !== (heads.get(session) ?? 0) + 100) violations.push(`${session} jumped to ${version}`);
          heads.set(session, version);
        } catch (error) {
          refused++;
          const typed = MemoryError.isInstance(error, "unavailable") && error.outcome === "not-applied";
          if (!typed) violations.push(`a refusal without its type: ${String(error)}`);
        }
      }
      for (const [session, version] of heads) {
        const events = await readAll(store, { tenant: "acme", session });
        const dense = events.every(({ seq }, index) => seq === index + 1);
        if (events.length !== version || !dense)
          violations.push(`${session} has ${events.length} of ${version}`);
      }
      // Room again: what was refused works.
      const [first] = heads.keys();
      if (first === undefined) break;
      await store.log.delete({ tenant: "acme", session: first });
      heads.delete(first);
    }
    if (refused < 60) violations.push("the memory was never full");
    return {
      summary: `${stored} batches of 100 stored, ${refused} refused as unavailable/not-applied`,
      violations,
    };
  },
};

export const memoryEvicted: Fault = {
  name: "memory full, allkeys-lru",
  async run() {
    await using redis = await startRedis({ maxmemory: "6mb", maxmemoryPolicy: "allkeys-lru" });
    await using opened = await openStore(redis.url);
    const { store } = opened;
    const violations: string[] = [];
    const warned = (await store.check()).some(({ code }) => code === "eviction");
    if (!warned) violations.push("check() does not warn of the policy");
    let told = 0;
    let stored = 0;
    await Promise.all(
      repeat(20, async (index) => {
        const session = { tenant: "acme", session: `s-${index}` };
        let incarnation = await begin(store, session);
        let version = 0;
        for (let turn = 0; turn < 60; turn++) {
          const operation = { id: `${incarnation}-${turn}`, fingerprint: "x" };
          const events = repeat(20, (place) => ({ type: "x-note" as const, body: `${place}`.padEnd(1000) }));
          try {
            const result = await store.log.append(session, events, { incarnation, operation });
            stored++;
            if (result.incarnation !== incarnation) violations.push("another incarnation than the one named");
            if (result.version !== version + 20)
              violations.push(`seq went from ${version} to ${result.version}`);
            version = result.version;
          } catch (error) {
            if (!MemoryError.isInstance(error, "history-lost")) {
              violations.push(`not history-lost: ${String(error)}`);
              return;
            }
            told++;
            await store.log.delete(session);
            incarnation = (
              await store.log.append(session, [], { operation: { id: `again-${turn}`, fingerprint: "x" } })
            ).incarnation;
            version = 0;
          }
        }
      }),
    );
    if (told === 0) violations.push("nothing was evicted");
    return {
      summary: `${stored} batches stored, ${told} writers told history-lost, none at seq 1 unasked`,
      violations,
    };
  },
};
