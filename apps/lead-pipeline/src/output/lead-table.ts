import type { AgentName } from "../agents/agent-names.ts";
import { type Outcome, outcomeLabels } from "../workflow/outcome.ts";
import type { LeadResult } from "../workflow/run-leads.ts";
import { cutTo, fit, oneLine, type Paint, type Style } from "./terminal-text.ts";

/** No line of the output is wider. */
export const maxColumns = 100;

const columns = { lead: 10, company: 16, outcome: 14, score: 8, agents: 40, time: 6 } as const;

export function tableHead(paint: Paint): string {
  const cells = [
    fit("lead", columns.lead),
    fit("company", columns.company),
    fit("outcome", columns.outcome),
    fit("score", columns.score),
    fit("agents", columns.agents),
    fit("time", columns.time, "right"),
  ];
  return paint("bold", cells.join(" "));
}

/** Two lines for one lead: what came out, and why. */
export function tableRow(result: LeadResult, paint: Paint): string {
  const { lead, outcome, score, grade } = result;
  const cells = [
    fit(oneLine(lead.id), columns.lead),
    fit(oneLine(lead.company ?? "–"), columns.company),
    paint(styleOf[outcome], fit(outcomeLabels[outcome], columns.outcome)),
    fit(score === null ? "–" : `${score} ${grade ?? ""}`, columns.score),
    fit(result.agentsVisited.map((agent) => shortNames[agent]).join("→"), columns.agents),
    fit(formatDuration(result.durationMs), columns.time, "right"),
  ];
  return `${cells.join(" ")}\n${paint("dim", cutTo(`  └ ${oneLine(explain(result))}`, maxColumns))}`;
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
