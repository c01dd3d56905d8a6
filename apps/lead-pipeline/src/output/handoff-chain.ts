import type { HandoffEntry } from "@relevo/handoff-tracing";
import { outcomeLabels } from "../workflow/outcome.ts";
import type { LeadResult } from "../workflow/run-leads.ts";
import { formatDuration, maxColumns } from "./lead-table.ts";
import { cutTo, displayWidth, fit, oneLine, type Paint } from "./terminal-text.ts";

/** The handoffs of one lead as a tree: who passed control to whom, why, what went with it, and how it ended. */
export function drawChain(result: LeadResult, paint: Paint): string {
  const { lead, outcome, handoffs } = result;
  const name =
    lead.company === undefined ? oneLine(lead.id) : `${oneLine(lead.id)} (${oneLine(lead.company)})`;
  const lines = [paint("bold", cutTo(`Handoffs of lead ${name}: ${outcomeLabels[outcome]}`, maxColumns))];
  lines.push(cutTo(`workflow ${result.workflowId}`, maxColumns));
  if (handoffs.length === 0) {
    lines.push(`${result.agentsVisited[0] ?? "nobody"} decided alone; nothing was handed over.`);
    return lines.join("\n");
  }
  lines.push("coordinator");
  const ids = new Set(handoffs.map(({ handoffId }) => handoffId));
  const draw = (entries: readonly HandoffEntry[], indent: string): void => {
    entries.forEach((entry, index) => {
      const final = index === entries.length - 1;
      const branch = `${indent}${final ? "└─" : "├─"}`;
      const below = `${indent}${final ? "  " : "│ "}`;
      lines.push(drawHandoff(entry, branch, paint));
      lines.push(paint("dim", cutTo(`${below}     ${oneLine(entry.reason)}`, maxColumns)));
      draw(
        handoffs.filter(({ parentId }) => parentId === entry.handoffId),
        `${below}  `,
      );
    });
  };
  draw(
    handoffs.filter(({ parentId }) => parentId === undefined || !ids.has(parentId)),
    "",
  );
  return lines.join("\n");
}

function drawHandoff(entry: HandoffEntry, branch: string, paint: Paint): string {
  const head = `${branch}${entry.status === "rejected" ? "╳" : "▶"} ${entry.to}`;
  if (entry.status === "rejected") {
    return paint(
      "yellow",
      cutTo(`${head}  refused: ${oneLine(entry.error?.message ?? "no reason given")}`, maxColumns),
    );
  }
  const passed = entry.context?.passed.reduce((sum, { from, to }) => sum + to - from + 1, 0) ?? 0;
  const facts = [
    entry.priority,
    `${entry.context?.policy ?? "none"} ${passed} message${passed === 1 ? "" : "s"}`,
    entry.status,
    ...(entry.durationMs === undefined ? [] : [formatDuration(entry.durationMs)]),
  ].join(" · ");
  const gap = Math.max(2, 36 - displayWidth(head));
  const line = cutTo(`${head}${" ".repeat(gap)}${facts}`, maxColumns);
  return entry.status === "failed" ? paint("red", line) : line;
}

/** What the agents wrote into memory for this lead, by agent and tier. */
export function listRemembered(result: LeadResult, paint: Paint): string {
  const title = paint("bold", cutTo(`Remembered for lead ${oneLine(result.lead.id)}`, maxColumns));
  if (result.remembered.length === 0) return `${title}\nnothing`;
  const rows = result.remembered.map(({ agent, tier, key }) =>
    cutTo(`  ${fit(agent, 18)} ${fit(tierNames[tier], 22)} ${oneLine(key)}`, maxColumns),
  );
  const summary = result.memorySummary;
  const counted =
    summary === null
      ? []
      : [
          `  in the log: ${summary.messages.total} messages, ${summary.handoffs.total} handoffs, ${summary.events} events`,
        ];
  return [title, ...new Set(rows), ...counted].join("\n");
}

const tierNames = {
  working: "working memory",
  volatile: "volatile, this lead",
  durable: "durable, later leads",
} as const;

/** The lead whose chain says most: the most handoffs, then the highest score, then the first. */
export function mostInteresting(results: readonly LeadResult[]): LeadResult | undefined {
  return results.reduce<LeadResult | undefined>((best, next) => {
    if (best === undefined) return next;
    const more = next.handoffsRecorded - best.handoffsRecorded || (next.score ?? -1) - (best.score ?? -1);
    return more > 0 ? next : best;
  }, undefined);
}
