import { setTimeout as sleep } from "node:timers/promises";
import { type RedisCluster, startRedisCluster } from "@relevo/test-services";
import { createKeys } from "../src/keys.ts";
import {
  acknowledgedOf,
  begin,
  errorsOf,
  type Fault,
  judge,
  openClusterStore,
  readAll,
  repeat,
  type Written,
  write,
} from "./support.ts";

interface Run {
  readonly writers: readonly Written[];
  readonly violations: readonly string[];
}

/** Writers append while something happens to the slot of their session. */
async function during(
  cluster: RedisCluster,
  session: string,
  minReplicas: number,
  happen: (slot: number) => Promise<void>,
): Promise<Run> {
  const address = { tenant: "acme", session };
  const urls = cluster.rootNodes.map(({ url }) => url);
  const slot = await cluster.slotOf(createKeys("relevo").session(address.tenant, address.session).log);
  await using direct = await openClusterStore(urls);
  const incarnation = await begin(direct.store, address);
  let done = false;
  const working = Promise.all(
    repeat(4, async (index) => {
      await using opened = await openClusterStore(urls, { deadlineMs: 3000, minReplicas });
      const until = (): boolean => done;
      return await write(opened.store, address, { writer: `w${index}`, count: 1e6, incarnation, until });
    }),
  );
  await sleep(300);
  await happen(slot);
  await sleep(300);
  done = true;
  const writers = await working;
  const told = writers.filter(({ lost }) => lost).length;
  return {
    writers,
    violations: [
      ...judge(writers, await readAll(direct.store, address)),
      ...(told === 0 ? [] : [`${told} writers were told history-lost, and the log is there`]),
      ...(acknowledgedOf(writers) > 100 ? [] : [`only ${acknowledgedOf(writers)} appends were acknowledged`]),
    ],
  };
}

/** The slot goes to each of the other masters and back, key by key, under load. */
async function moveSlot(cluster: RedisCluster, slot: number): Promise<void> {
  const home = await cluster.masterOf(slot);
  for (const node of cluster.nodes) {
    if (node.id === home.id || (await node.role()) !== "master") continue;
    await cluster.migrateSlot(slot, node, { keysPerBatch: 1, between: () => sleep(50) });
  }
  await cluster.migrateSlot(slot, home, { keysPerBatch: 1, between: () => sleep(50) });
}

export const clusterChanges: Fault = {
  name: "Cluster: slot moved, failover in good order, master killed",
  async run() {
    await using cluster = await startRedisCluster();
    const moved = await during(cluster, "moved", 0, (slot) => moveSlot(cluster, slot));
    const handed = await during(cluster, "handed", 0, async (slot) => void (await cluster.failover(slot)));
    const replicated = await during(cluster, "replicated", 1, async (slot) => {
      const { killed } = await cluster.killMaster(slot);
      await killed.restart();
      await cluster.whenSettled();
    });
    const killed = await during(cluster, "killed", 0, async (slot) => void (await cluster.killMaster(slot)));
    // Without a replica's word the newest acknowledged appends may be lost; nothing else may be.
    const lost = killed.violations.filter((violation) => violation.startsWith("lost:"));
    return {
      summary: [
        `moved: ${acknowledgedOf(moved.writers)} acknowledged, ${errorsOf(moved.writers)}`,
        `handed over: ${acknowledgedOf(handed.writers)}, ${errorsOf(handed.writers)}`,
        `killed with minReplicas 1: ${acknowledgedOf(replicated.writers)}, ${errorsOf(replicated.writers)}`,
        `killed with minReplicas 0: ${acknowledgedOf(killed.writers)}, ${lost.length} lost, ${errorsOf(killed.writers)}`,
      ].join("; "),
      violations: [
        ...moved.violations,
        ...handed.violations,
        ...replicated.violations,
        ...killed.violations.filter((violation) => !lost.includes(violation)),
      ],
    };
  },
};
