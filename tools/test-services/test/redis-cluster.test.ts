import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RedisCluster, requireService, startRedisCluster } from "../src/index.ts";
import { isAlive } from "../src/process-tree.ts";

describe.skipIf(!requireService("redis"))("startRedisCluster", () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(async () => {
    const pids = cluster.nodes.map(({ pid }) => pid);
    await cluster.stop();
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it("has three masters with a replica each, and an owner for every slot", async () => {
    const roles = await Promise.all(cluster.nodes.map((node) => node.role()));
    expect(roles).toEqual(["master", "master", "master", "replica", "replica", "replica"]);
    expect(cluster.rootNodes.map(({ port }) => port)).toEqual(cluster.nodes.map(({ port }) => port));
    for (const slot of [0, 5461, 5462, 10_922, 10_923, 16_383]) {
      const master = await cluster.masterOf(slot);
      expect(await cluster.replicasOf(master)).toHaveLength(1);
    }
    expect(await cluster.masterOf(0)).not.toBe(await cluster.masterOf(16_383));
  });

  it("moves a slot with its keys, asking clients to the other side on the way", async () => {
    const slot = await cluster.slotOf("{moving}");
    const from = await cluster.masterOf(slot);
    const to = cluster.nodes.slice(0, 3).find((node) => node !== from);
    if (to === undefined) throw new Error("no other master");
    for (let index = 0; index < 25; index += 1) await from.command("SET", `{moving}${index}`, index);

    const steps: number[] = [];
    await cluster.migrateSlot(slot, to, {
      keysPerBatch: 10,
      between: async (moved) => {
        steps.push(moved);
        await expect(from.command("GET", "{moving}absent")).rejects.toThrow(
          `ASK ${slot} ${to.host}:${to.port}`,
        );
      },
    });
    expect(steps).toEqual([0, 10, 20, 25]);
    expect(await cluster.masterOf(slot)).toBe(to);
    expect(await to.command("GET", "{moving}24")).toBe("24");
    await expect(from.command("GET", "{moving}24")).rejects.toThrow("MOVED");
  });

  it("fails over in good order and keeps every key", async () => {
    const slot = await cluster.slotOf("{failing}");
    const old = await cluster.masterOf(slot);
    await old.command("SET", "{failing}", "kept");
    const promoted = await cluster.failover(slot);
    expect(promoted).not.toBe(old);
    expect(await promoted.role()).toBe("master");
    expect(await old.role()).toBe("replica");
    expect(await promoted.command("GET", "{failing}")).toBe("kept");
  });

  it("promotes a replica when a master is killed, and takes the killed one back", async () => {
    const slot = await cluster.slotOf("{killed}");
    const { killed, promoted } = await cluster.killMaster(slot);
    expect(killed.pid).toBe(0);
    expect(await promoted.command("SET", "{killed}", "1")).toBe("OK");
    await killed.restart();
    await cluster.whenSettled();
    expect(await killed.role()).toBe("replica");
    expect(await cluster.masterOf(slot)).toBe(promoted);
  });
});
