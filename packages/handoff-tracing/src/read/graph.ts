import type { HandoffChain, HandoffState } from "./chain.ts";

/** One agent of the graph. */
export interface HandoffNode {
  readonly agent: string;
  /** Handoffs to it, refused ones included. */
  readonly received: number;
  readonly sent: number;
}

/** All handoffs from one agent to another. */
export interface HandoffEdge {
  readonly from: string;
  readonly to: string;
  readonly count: number;
  /** How many of them are in which state. */
  readonly states: { readonly [State in HandoffState]: number };
  /** The total duration of those that ended. Nested handoffs count in their outer ones too. */
  readonly totalDurationMs: number;
  readonly longestMs: number;
}

/** Who hands over to whom, in the order of first appearance. */
export interface HandoffGraph {
  readonly nodes: readonly HandoffNode[];
  readonly edges: readonly HandoffEdge[];
}

/** Totals a chain by agent and by pair of agents. */
export function graphOf(chain: Pick<HandoffChain, "entries">): HandoffGraph {
  const nodes = new Map<string, { agent: string; received: number; sent: number }>();
  const edges = new Map<string, Mutable<HandoffEdge> & { states: Record<HandoffState, number> }>();
  const node = (agent: string): { received: number; sent: number } => {
    const known = nodes.get(agent) ?? { agent, received: 0, sent: 0 };
    nodes.set(agent, known);
    return known;
  };
  for (const { from, to, status, durationMs = 0 } of chain.entries) {
    node(from).sent++;
    node(to).received++;
    // Names may contain any character, so no separator joins them unambiguously.
    const key = JSON.stringify([from, to]);
    const edge = edges.get(key) ?? {
      from,
      to,
      count: 0,
      states: noStates(),
      totalDurationMs: 0,
      longestMs: 0,
    };
    edge.count++;
    edge.states[status]++;
    edge.totalDurationMs = Math.round((edge.totalDurationMs + durationMs) * 1000) / 1000;
    edge.longestMs = Math.max(edge.longestMs, durationMs);
    edges.set(key, edge);
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

function noStates(): Record<HandoffState, number> {
  return { running: 0, completed: 0, failed: 0, rejected: 0, "timed-out": 0, degraded: 0, abandoned: 0 };
}
