import { admitOptions, type FieldTable, fieldTable } from "@relevo/core/input";
import type { HandoffGraph } from "../read/graph.ts";
import { edgeLabel } from "./edge-label.ts";
import { printable } from "./printable.ts";

export interface DotOptions {
  /** `LR`, left to right, when left out; `TB` from top to bottom. */
  readonly direction?: "LR" | "TB" | undefined;
  /** Names longer than this are cut. 40 when left out. */
  readonly maxName?: number | undefined;
}

const fields: FieldTable = fieldTable<DotOptions>({ direction: "refines", maxName: "refines" });

/** The graph in the language of Graphviz. Names are quoted strings, in which nothing is markup. */
export function toDot(graph: HandoffGraph, given?: DotOptions): string {
  const { direction = "LR", maxName = 40 } = admitOptions(given, fields);
  const ids = new Map(graph.nodes.map((node, index) => [node.agent, `agent${index + 1}`]));
  const nodes = graph.nodes.map(
    ({ agent }) => `  ${ids.get(agent)} [label=${quoted(printable(agent, maxName))}];`,
  );
  const edges = graph.edges.map(
    (edge) => `  ${ids.get(edge.from)} -> ${ids.get(edge.to)} [label=${quoted(edgeLabel(edge))}];`,
  );
  return [
    "digraph handoffs {",
    `  rankdir=${direction};`,
    "  node [shape=box];",
    ...nodes,
    ...edges,
    "}",
  ].join("\n");
}

/** `printable` has made line breaks and control characters visible; quotes and backslashes are left to escape. */
function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
