import { parseClusterNodes } from "./cluster-topology.ts";
import { poll } from "./poll.ts";
import type { RedisServer } from "./redis.ts";

type Node = RedisServer & { readonly id: string };

/**
 * Resolves when the running nodes have one and the same table of nodes and slots, each holds the cluster for whole and
 * every running node for alive, and the replicas are in step with their masters.
 */
export async function whenSettled(running: () => readonly Node[]): Promise<void> {
  let unsettled = "";
  await poll(
    async () => {
      // A node that does not answer right now is one more way not to have settled.
      unsettled = (await whatIsUnsettled(running()).catch(String)) ?? "";
      return unsettled === "";
    },
    { everyMs: 25, waitingFor: () => `a cluster to settle: ${unsettled}` },
  );
}

async function whatIsUnsettled(nodes: readonly Node[]): Promise<string | undefined> {
  const alive = new Set(nodes.map(({ id }) => id));
  const seen = await Promise.all(nodes.map((node) => look(node, alive)));
  const index = seen.findIndex(({ problem }) => problem !== undefined);
  if (index >= 0) return `${nodes[index]?.url} ${seen[index]?.problem}`;
  return new Set(seen.map(({ table }) => table)).size > 1 ? "the nodes see different tables" : undefined;
}

async function look(
  node: Node,
  alive: ReadonlySet<string>,
): Promise<{ readonly table: string; readonly problem: string | undefined }> {
  const [info, replication, answer] = await Promise.all([
    node.command("CLUSTER", "INFO"),
    node.command("INFO", "replication"),
    node.command("CLUSTER", "NODES"),
  ]);
  const view = parseClusterNodes(answer);
  const table = view.map(({ id, masterId, ranges }) => JSON.stringify([id, masterId, ranges])).sort();
  const dead = view.filter(({ id, flags }) => alive.has(id) && (flags.has("fail") || flags.has("fail?")));
  return { table: table.join(), problem: problemOf(`${info}`, `${replication}`, dead.length) };
}

function problemOf(info: string, replication: string, dead: number): string | undefined {
  if (!info.includes("cluster_state:ok")) return "does not hold the cluster for whole";
  if (!/role:master|master_link_status:up/u.test(replication)) return "has no link to its master";
  const replicas = Number(/connected_slaves:(?<count>\d+)/u.exec(replication)?.groups?.count ?? 0);
  const online = replication.match(/state=online/gu)?.length ?? 0;
  if (replicas !== online) return "has replicas that are not in step";
  return dead === 0 ? undefined : "holds a running node for dead";
}
