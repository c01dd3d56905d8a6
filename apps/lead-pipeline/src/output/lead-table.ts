import type { AgentName } from "../agents/agent-names.ts";
import { type Outcome, outcomeLabel } from "../workflow/outcome.ts";
import type { LeadResult } from "../workflow/run-leads.ts";
import type { Paint, Style } from "./screen.ts";
import { type ColumnName, cell, type TableLayout } from "./table-layout.ts";
import { oneLine, wrap } from "./terminal-text.ts";

export function tableHead(layout: TableLayout, paint: Paint): string {
  const cells = [...layout.widths].map(([column, width]) =>
    cell(column, width, layout, column === "time" ? "right" : "left"),
  );
  return paint("bold", cells.join(" ").trimEnd());
}

/** A line for the lead, and below it why. A cause that the line above told already is not told again. */
export function tableRow(
  result: LeadResult,
  layout: TableLayout,
  paint: Paint,
  previous?: LeadResult,
): string {
  const { lead, outcome, score, grade } = result;
  const agents = result.agentsVisited.map((agent) => shortNames[agent]).join("→");
  const texts: Readonly<Record<ColumnName, string>> = {
    lead: oneLine(lead.id),
    company: oneLine(lead.company ?? "–"),
    outcome: outcomeLabel(outcome),
    score: score === null ? "–" : `${score} ${grade ?? ""}`,
    agents,
    time: formatDuration(result.durationMs),
  };
  const cells = [...layout.widths].map(([column, width]) => {
    const text = cell(texts[column], width, layout, column === "time" ? "right" : "left");
    return column === "outcome" ? paint(styleOf[outcome], text) : text;
  });
  const line = cells.join(" ").trimEnd();
  if (previous !== undefined && isUnwell(outcome) && causeOf(previous) === causeOf(result)) return line;
  const path = layout.widths.has("agents") || agents === "" ? "" : `${agents}: `;
  const why = wrap(`  └ ${path}${oneLine(explain(result))}`, layout.columns, "    ", 3);
  return `${line}\n${paint("dim", why)}`;
}

/** Outcomes whose reason lies outside of the lead, so that many leads share it. */
export function isUnwell(outcome: Outcome): boolean {
  return outcome === "failed" || outcome === "limit_reached";
}

/** What went wrong, for leads that the work went wrong for. */
export function causeOf({ outcome, summary }: LeadResult): string | undefined {
  return isUnwell(outcome) ? oneLine(summary) : undefined;
}

/** Why, for a person who does not know what a workflow id is. */
function explain(result: LeadResult): string {
  const { outcome, summary, handoffs } = result;
  const byHandoff = ["meeting_scheduled", "contacted", "needs_info"].includes(outcome);
  const reason = byHandoff
    ? (
        handoffs.find(({ from }) => from === "lead_qualifier") ??
        handoffs.find(({ from }) => from === "coordinator")
      )?.reason
    : undefined;
  const text = reason === undefined ? summary : `${summary} ${reason}`;
  // The table shows score and grade already, and nobody can remember a workflow's id.
  return text.replace(/Score \d+, [a-z]+: /, "").replace(/ (?:in|from) workflow [0-9a-f-]{36}/g, "");
}

export const shortNames: Readonly<Record<AgentName, string>> = {
  coordinator: "coordinator",
  lead_qualifier: "qualifier",
  outbound_contact: "outbound",
  meeting_scheduler: "scheduler",
};

export const styleOf: Readonly<Record<Outcome, Style>> = {
  meeting_scheduled: "green",
  contacted: "green",
  qualified: "green",
  needs_info: "yellow",
  nurture: "yellow",
  disqualified: "dim",
  duplicate: "cyan",
  spam: "dim",
  on_hold: "yellow",
  limit_reached: "red",
  failed: "red",
};

export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 100_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}

/** `1 lead`, `3 leads`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
