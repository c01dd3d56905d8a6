import type { HandoffEntry } from "@relevo/handoff-tracing";
import type { Lead } from "../lead.ts";
import { outcomeLabel } from "../workflow/outcome.ts";
import type { LeadResult } from "../workflow/run-leads.ts";
import type { WorkflowResult } from "../workflow/run-workflow.ts";
import { counted, formatDuration } from "./lead-table.ts";
import type { Screen } from "./screen.ts";
import { cutTo, displayWidth, fit, oneLine, wrap } from "./terminal-text.ts";

/** What a chain is drawn of: a result, or a workflow that was read from the archive. */
export interface DrawnWorkflow
  extends Pick<WorkflowResult, "workflowId" | "outcome" | "handoffs" | "agentsVisited"> {
  readonly lead: Pick<Lead, "id" | "company">;
}

/**
 * The handoffs of one lead as a tree: who passed control to whom, why, what went with it, and how it ended. What an
 * agent asked for again and again is drawn once, with the number of times.
 */
export function drawChain(result: DrawnWorkflow, { paint, columns }: Screen): string {
  const { lead, outcome, handoffs } = result;
  const name =
    lead.company === undefined ? oneLine(lead.id) : `${oneLine(lead.id)} (${oneLine(lead.company)})`;
  const lines = [paint("bold", wrap(`Handoffs of lead ${name}: ${outcomeLabel(outcome)}`, columns, "  ", 3))];
  lines.push(wrap(`workflow ${result.workflowId}`, columns, "  ", 3));
  if (handoffs.length === 0) {
    const alone = `${result.agentsVisited[0] ?? "nobody"} decided alone; nothing was handed over.`;
    lines.push(wrap(alone, columns, "  ", 3));
    return lines.join("\n");
  }
  lines.push("coordinator");
  const ids = new Set(handoffs.map(({ handoffId }) => handoffId));
  const draw = (entries: readonly HandoffEntry[], indent: string): void => {
    const groups = groupRepeated(entries);
    groups.forEach(({ entry, times }, index) => {
      const final = index === groups.length - 1;
      const branch = `${indent}${final ? "└─" : "├─"}`;
      const below = `${indent}${final ? "  " : "│ "}`;
      lines.push(drawHandoff(entry, times, branch, { paint, columns }));
      const margin = `${below}     `;
      lines.push(paint("dim", wrap(`${margin}${oneLine(entry.reason)}`, columns, margin, 3)));
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

/** Refusals of the same handoff for the same cause are one, where the first stands and with the newest reason. */
function groupRepeated(
  entries: readonly HandoffEntry[],
): readonly { readonly entry: HandoffEntry; readonly times: number }[] {
  const groups = new Map<string, { readonly entry: HandoffEntry; readonly times: number }>();
  for (const entry of entries) {
    const key = refusalKey(entry) ?? entry.handoffId;
    groups.set(key, { entry, times: (groups.get(key)?.times ?? 0) + 1 });
  }
  return [...groups.values()];
}

/** The same for refusals of one handoff for one cause; `undefined` for a handoff that was not refused. */
export function refusalKey({ status, from, to, error }: HandoffEntry): string | undefined {
  return status === "rejected" ? JSON.stringify([from, to, error?.message]) : undefined;
}

function drawHandoff(entry: HandoffEntry, times: number, branch: string, { paint, columns }: Screen): string {
  const head = `${branch}${entry.status === "rejected" ? "╳" : "▶"} ${entry.to}`;
  if (entry.status === "rejected") {
    const why = oneLine(entry.error?.message ?? "no reason given");
    const often = times === 1 ? "" : ` (${times} times)`;
    const indent = " ".repeat(displayWidth(branch) + 2);
    return paint("yellow", wrap(`${head}  refused: ${why}${often}`, columns, indent, 3));
  }
  const passed = entry.context?.passed.reduce((sum, { from, to }) => sum + to - from + 1, 0) ?? 0;
  const facts = [
    entry.priority,
    `${entry.context?.policy ?? "none"} ${counted(passed, "message")}`,
    entry.status,
    ...(entry.durationMs === undefined ? [] : [formatDuration(entry.durationMs)]),
  ].join(" · ");
  const wide = `${head}${" ".repeat(Math.max(2, 36 - displayWidth(head)))}${facts}`;
  const margin = " ".repeat(displayWidth(branch) + 2);
  const line = displayWidth(wide) <= columns ? wide : wrap(`${head}  ${facts}`, columns, margin, 3);
  return entry.status === "failed" ? paint("red", line) : line;
}

/** What the agents wrote into memory for this lead, by agent and tier. */
export function listRemembered(result: LeadResult, { paint, columns }: Screen): string {
  const title = paint("bold", wrap(`Remembered for lead ${oneLine(result.lead.id)}`, columns, "  ", 3));
  if (result.remembered.length === 0) return `${title}\nnothing`;
  const rows = result.remembered.map(({ agent, tier, key }) => {
    const even = `  ${fit(agent, 18)} ${fit(tierNames[tier], 22)} ${oneLine(key)}`;
    const plain = `  ${agent}, ${tierNames[tier]}: ${oneLine(key)}`;
    return columns >= 80 ? cutTo(even, columns) : wrap(plain, columns, "    ", 3);
  });
  const { activity } = result;
  if (activity === null) return [title, ...new Set(rows)].join("\n");
  const log = [
    counted(activity.messages.total, "message"),
    counted(activity.handoffs.total, "handoff"),
    counted(activity.events, "event"),
  ].join(", ");
  return [title, ...new Set(rows), wrap(`  in the log: ${log}`, columns, "    ", 3)].join("\n");
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
