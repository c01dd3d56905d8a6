import { whenSettled } from "./cluster-settled.ts";
import { evenSlots, ownerOf, parseClusterNodes } from "./cluster-topology.ts";
import { poll } from "./poll.ts";
import { type RedisOptions, type RedisServer, startRedis } from "./redis.ts";

export interface RedisClusterOptions extends RedisOptions {
  /** At least 3, which is the default: fewer cannot vote for a failover. */
  readonly masters?: number;
  /** Spread over the masters by turns; 3 when left out. */
  readonly replicas?: number;
  /** After how much silence a node is held for dead; 2,000 ms when left out. Below 1,000 a busy machine votes in vain. */
  readonly nodeTimeoutMs?: number;
}

/** One node of a cluster. A killed one comes back with `restart`, under the same id. */
export interface RedisClusterNode extends RedisServer {
  readonly id: string;
  /** Asked of the node itself, as it changes with every failover. */
  role(): Promise<"master" | "replica">;
}

export interface MigrateSlotOptions {
  /** 100 when left out. */
  readonly keysPerBatch?: number;
  /**
   * Runs once the slot is on its way and after each batch, with the number of keys moved so far: what a client meets
   * here is `ASK` for a key that has gone or is new, and `TRYAGAIN` for several keys of which some have gone.
   */
  readonly between?: (moved: number) => Promise<void>;
}

/** A private Redis Cluster on 127.0.0.1. */
export interface RedisCluster {
  readonly nodes: readonly RedisClusterNode[];
  /** Where a client starts to look for the others. */
  readonly rootNodes: readonly { readonly host: string; readonly port: number; readonly url: string }[];
  /** The slot of a key, its hash tag looked at. */
  slotOf(key: string): Promise<number>;
  /** The running node that owns the slot, when the running nodes agree on one. @throws Error when they do not. */
  masterOf(slot: number): Promise<RedisClusterNode>;
  /** The running replicas of a master. */
  replicasOf(master: RedisClusterNode): Promise<readonly RedisClusterNode[]>;
  /** Moves a slot with its keys while clients work, and resolves when every running node knows the new owner. */
  migrateSlot(slot: number, to: RedisClusterNode, options?: MigrateSlotOptions): Promise<void>;
  /** Lets a replica take the slot's master's place in good order, which loses nothing. Returns the new master. */
  failover(slot: number): Promise<RedisClusterNode>;
  /** Kills the slot's master with SIGKILL and resolves when a replica has taken its place and the cluster works. */
  killMaster(
    slot: number,
  ): Promise<{ readonly killed: RedisClusterNode; readonly promoted: RedisClusterNode }>;
  /** Resolves when the running nodes agree on the slots, hold the cluster for whole, and their replicas are in step. */
  whenSettled(): Promise<void>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a private cluster and resolves when it works and the replicas are in step, in about three seconds. Each node is
 * a server of its own, with everything that `startRedis` gives.
 *
 * @throws Error when there is no server program (see `requireService`).
 */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { masters = 3, replicas = 3, nodeTimeoutMs = 2_000, args = [], ...redis } = options;
  const settings = [
    ...["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"],
    ...["--cluster-node-timeout", `${nodeTimeoutMs}`, "--cluster-announce-ip", "127.0.0.1"],
    // A replica is never too old to take over, and never leaves its master for another that has none.
    ...["--cluster-replica-validity-factor", "0", "--cluster-migration-barrier", "100"],
    // The first copy goes out at once instead of waiting 5 s for further replicas.
    ...["--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0"],
  ];
  const started = await Promise.allSettled(
    Array.from({ length: masters + replicas }, () => startRedis({ ...redis, args: [...settings, ...args] })),
  );
  const servers = started.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  try {
    const failed = started.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    const nodes = await Promise.all(servers.map(asNode));
    await join(nodes, masters);
    const cluster = createCluster(nodes);
    await cluster.whenSettled();
    return cluster;
  } catch (error) {
    await Promise.all(servers.map((server) => server.stop()));
    throw error;
  }
}

async function asNode(server: RedisServer): Promise<RedisClusterNode> {
  const id = `${await server.command("CLUSTER", "MYID")}`;
  // Assigned, not spread: a copy would keep the pid of the first start.
  return Object.assign(server, {
    id,
    role: async () => {
      const self = parseClusterNodes(await server.command("CLUSTER", "NODES")).find((view) => view.id === id);
      return self?.flags.has("master") ? "master" : "replica";
    },
  } as const);
}

/** Gives out the slots, introduces every node to every other, and gives the replicas their masters. */
async function join(nodes: readonly RedisClusterNode[], masters: number): Promise<void> {
  const slots = evenSlots(masters);
  await Promise.all(
    nodes.map(async (node, index) => {
      // Epochs that differ from the start: masters with equal ones have to settle that first.
      await node.command("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
      const own = slots[index];
      if (own !== undefined) await node.command("CLUSTER", "ADDSLOTS", ...own);
    }),
  );
  // All pairs: with one introduction the rest is left to gossip, which takes a second for each hop.
  for (const node of nodes) {
    for (const other of nodes) {
      if (other !== node) await node.command("CLUSTER", "MEET", other.host, other.port);
    }
  }
  await poll(
    async () => {
      const views = await Promise.all(nodes.map((node) => node.command("CLUSTER", "NODES")));
      return views.map(parseClusterNodes).every((view) => {
        const known = view.filter(({ flags, linked }) => linked && !flags.has("handshake"));
        return view.length === nodes.length && known.length === nodes.length;
      });
    },
    { everyMs: 20, waitingFor: () => "the nodes of a cluster to meet" },
  );
  await Promise.all(
    nodes.slice(masters).map((replica, index) => {
      const master = nodes[index % masters];
      return master === undefined ? undefined : replica.command("CLUSTER", "REPLICATE", master.id);
    }),
  );
}

function createCluster(nodes: readonly RedisClusterNode[]): RedisCluster {
  const running = () => nodes.filter(({ pid }) => pid !== 0);
  const some = () => {
    const [node] = running();
    if (node === undefined) throw new Error("no node of the cluster is running");
    return node;
  };
  const viewOf = async (node: RedisClusterNode) => parseClusterNodes(await node.command("CLUSTER", "NODES"));

  /** The owner of the slot for every running node, `undefined` while they differ or it is one that is down. */
  const agreedOwner = async (slot: number): Promise<RedisClusterNode | undefined> => {
    const views = await Promise.all(running().map(viewOf));
    const owners = new Set(views.map((view) => ownerOf(view, slot)?.id));
    const [owner] = owners;
    return owners.size === 1 ? running().find(({ id }) => id === owner) : undefined;
  };

  const cluster: RedisCluster = {
    nodes,
    rootNodes: nodes.map(({ host, port, url }) => ({ host, port, url })),
    slotOf: async (key) => Number(await some().command("CLUSTER", "KEYSLOT", key)),
    async masterOf(slot) {
      const owner = await agreedOwner(slot);
      if (owner === undefined) throw new Error(`the running nodes do not agree on an owner of slot ${slot}`);
      return owner;
    },
    async replicasOf(master) {
      const view = await viewOf(master);
      const ids = new Set(view.filter(({ masterId }) => masterId === master.id).map(({ id }) => id));
      return running().filter(({ id }) => ids.has(id));
    },
    async migrateSlot(slot, to, { keysPerBatch = 100, between } = {}) {
      const from = await cluster.masterOf(slot);
      if (from === to) return;
      await to.command("CLUSTER", "SETSLOT", slot, "IMPORTING", from.id);
      await from.command("CLUSTER", "SETSLOT", slot, "MIGRATING", to.id);
      let moved = 0;
      await between?.(moved);
      for (;;) {
        const keys = await from.command("CLUSTER", "GETKEYSINSLOT", slot, keysPerBatch);
        if (!Array.isArray(keys) || keys.length === 0) break;
        await from.command("MIGRATE", to.host, to.port, "", 0, 5_000, "KEYS", ...keys.map(String));
        moved += keys.length;
        await between?.(moved);
      }
      // The new owner first: were it the old one, a client could be sent back and forth between the two.
      const others = running().filter((node) => node !== to && node !== from);
      for (const node of [to, from]) await node.command("CLUSTER", "SETSLOT", slot, "NODE", to.id);
      for (const node of others) {
        // Replicas refuse and learn it from their master; so would the other masters, a second later.
        await node.command("CLUSTER", "SETSLOT", slot, "NODE", to.id).catch(() => undefined);
      }
      await poll(async () => (await agreedOwner(slot)) === to, {
        waitingFor: () => `the nodes to agree on the new owner of slot ${slot}`,
      });
    },
    async failover(slot) {
      const master = await cluster.masterOf(slot);
      const [replica] = await cluster.replicasOf(master);
      if (replica === undefined) throw new Error(`the master of slot ${slot} has no running replica`);
      await replica.command("CLUSTER", "FAILOVER");
      await poll(async () => (await agreedOwner(slot).catch(() => undefined)) === replica, {
        waitingFor: () => `a replica to become the master of slot ${slot}`,
      });
      await cluster.whenSettled();
      return replica;
    },
    async killMaster(slot) {
      const killed = await cluster.masterOf(slot);
      await killed.kill();
      const promoted = await poll(() => agreedOwner(slot).catch(() => undefined), {
        waitingFor: () => `a replica to take over slot ${slot}`,
      });
      await cluster.whenSettled();
      return { killed, promoted };
    },
    whenSettled: () => whenSettled(running),
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
    },
    [Symbol.asyncDispose]: () => cluster.stop(),
  };
  return cluster;
}
