import type { HandoffEntry, HandoffState } from "./chain.ts";
import { type ControlLinks, loopAt, pathTo, predecessors } from "./control-links.ts";
import { type Durations, durationsOf } from "./durations.ts";

/** What a graph takes of a handoff. */
export type GraphEntry = Pick<
  HandoffEntry,
  "handoffId" | "from" | "to" | "parentId" | "mode" | "status" | "durationMs"
>;

/** One agent of the graph. */
export interface HandoffNode {
  readonly agent: string;
  /** Handoffs to it, refused ones included. */
  readonly received: number;
  readonly sent: number;
}

/** What is said of one pair of agents, and of all of them. */
export interface HandoffTotals {
  readonly count: number;
  /** How many of them are in which state. */
  readonly states: { readonly [State in HandoffState]: number };
  /** The share that ended as `failed`, `timed-out` or `abandoned`, of those that have ended; 0 when none has. */
  readonly failureRate: number;
  /** Of those that have ended and say how long they took. Nested handoffs count in their outer ones too. */
  readonly durations: Durations;
}

/** All handoffs from one agent to another. */
export interface HandoffEdge extends HandoffTotals {
  readonly from: string;
  readonly to: string;
}

/**
 * How control went from agent to agent, through nested handoffs and through those that follow each other, without
 * delegations that had ended. A path ends where control went no further, and begins, at the latest, after the last
 * agent that would be in it twice.
 */
export interface HandoffPath {
  readonly agents: readonly string[];
  readonly count: number;
}

/** Control came back to an agent that had it: each agent once, written so that the same loop is always the same. */
export interface HandoffLoop {
  readonly agents: readonly string[];
  /** How many handoffs closed it. */
  readonly count: number;
}

/** Who hands over to whom. Plain data: `JSON.stringify` writes all of it. */
export interface HandoffGraph extends HandoffTotals {
  readonly sessions: number;
  /** In the order of first appearance, as the edges. */
  readonly nodes: readonly HandoffNode[];
  readonly edges: readonly HandoffEdge[];
  /** The ten most frequent; those of equal count in the order of their agents. */
  readonly paths: readonly HandoffPath[];
  readonly loops: readonly HandoffLoop[];
}

const most = 10;

/** Totals a chain by agent and by pair of agents. */
export function graphOf(chain: { readonly entries: readonly GraphEntry[] }): HandoffGraph {
  return graphOfSessions([chain.entries]);
}

/** Totals the handoffs of several sessions, each in the order in which they started. */
export function graphOfSessions(sessions: Iterable<readonly GraphEntry[]>): HandoffGraph {
  const nodes = new Map<string, { agent: string; received: number; sent: number }>();
  const edges = new Map<string, { readonly from: string; readonly to: string } & Totals>();
  const all = newTotals();
  const paths = new Map<string, number>();
  const loops = new Map<string, number>();
  let count = 0;
  const node = (agent: string): { received: number; sent: number } => {
    const known = nodes.get(agent) ?? { agent, received: 0, sent: 0 };
    nodes.set(agent, known);
    return known;
  };
  for (const entries of sessions) {
    if (entries.length > 0) count++;
    for (const entry of entries) {
      const { from, to } = entry;
      node(from).sent++;
      node(to).received++;
      // Names may contain any character, so no separator joins them unambiguously.
      const key = JSON.stringify([from, to]);
      const edge = edges.get(key) ?? { from, to, ...newTotals() };
      edges.set(key, edge);
      for (const totals of [edge, all]) add(totals, entry);
    }
    countWays(predecessors(entries), paths, loops);
  }
  return {
    sessions: count,
    ...totalsOf(all),
    nodes: [...nodes.values()],
    edges: [...edges.values()].map((edge) => ({ from: edge.from, to: edge.to, ...totalsOf(edge) })),
    paths: mostFrequent(paths),
    loops: mostFrequent(loops),
  };
}

interface Totals {
  readonly states: Record<HandoffState, number>;
  readonly durations: number[];
}

function newTotals(): Totals {
  const states = {
    running: 0,
    completed: 0,
    failed: 0,
    rejected: 0,
    "timed-out": 0,
    degraded: 0,
    abandoned: 0,
  };
  return { states, durations: [] };
}

function add({ states, durations }: Totals, { status, durationMs }: GraphEntry): void {
  states[status]++;
  if (durationMs !== undefined) durations.push(durationMs);
}

function totalsOf({ states, durations }: Totals): HandoffTotals {
  const count = Object.values(states).reduce((sum, one) => sum + one, 0);
  const ended = count - states.running;
  const failed = states.failed + states["timed-out"] + states.abandoned;
  return {
    count,
    states: { ...states },
    failureRate: ended === 0 ? 0 : failed / ended,
    durations: durationsOf(durations),
  };
}

function countWays(links: ControlLinks, paths: Map<string, number>, loops: Map<string, number>): void {
  for (const index of links.ends) increment(paths, pathTo(links, index));
  for (const index of links.passing) {
    const loop = loopAt(links, index);
    if (loop !== undefined) increment(loops, loop);
  }
}

function increment(counts: Map<string, number>, agents: readonly string[]): void {
  const key = JSON.stringify(agents);
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function mostFrequent(counts: ReadonlyMap<string, number>): HandoffPath[] {
  const byCount = [...counts].sort(
    ([left, leftCount], [right, rightCount]) => rightCount - leftCount || (left < right ? -1 : 1),
  );
  return byCount.slice(0, most).map(([key, count]) => ({ agents: JSON.parse(key), count }));
}
