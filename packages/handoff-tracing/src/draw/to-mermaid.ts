import { admitOptions, type FieldTable, fieldTable } from "@relevo/core/input";
import type { HandoffGraph } from "../read/graph.ts";
import { edgeLabel } from "./edge-label.ts";
import { printable } from "./printable.ts";

export interface MermaidOptions {
  /** `LR`, left to right, when left out; `TD` from top to bottom. */
  readonly direction?: "LR" | "TD" | undefined;
  /** Names longer than this are cut. 40 when left out. */
  readonly maxName?: number | undefined;
}

const fields: FieldTable = fieldTable<MermaidOptions>({
  direction: "refines",
  maxName: "refines",
});

/**
 * The graph as a Mermaid flow chart. Agents have numbered nodes with labels, and a label contains nothing that Mermaid
 * or HTML would read as markup, whatever the name of the agent.
 */
export function toMermaid(graph: HandoffGraph, given?: MermaidOptions): string {
  const options = admitOptions(given, fields);
  const ids = new Map(graph.nodes.map((node, index) => [node.agent, `agent${index + 1}`]));
  const lines = [`flowchart ${options.direction ?? "LR"}`];
  for (const { agent } of graph.nodes)
    lines.push(`  ${ids.get(agent)}["${label(agent, options.maxName ?? 40)}"]`);
  for (const edge of graph.edges)
    lines.push(`  ${ids.get(edge.from)} -->|"${edgeLabel(edge)}"| ${ids.get(edge.to)}`);
  return lines.join("\n");
}

/** Letters, digits and harmless marks stay; everything else becomes Mermaid's `#code;`, which it draws as text. */
function label(name: string, maxName: number): string {
  const shown = printable(name, maxName).replace(
    /[^\p{L}\p{N} _.,-]/gu,
    (found) => `#${found.codePointAt(0)};`,
  );
  // An unquoted label that is blank, or a keyword of Mermaid, would be read as something else; quoted labels are safe
  // but must not be empty.
  return shown.trim() === "" ? "#32;" : shown;
}
