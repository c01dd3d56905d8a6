import { outcomeLabels, outcomes } from "../workflow/outcome.ts";
import type { LeadResult } from "../workflow/run-leads.ts";
import { formatDuration, maxColumns, styleOf } from "./lead-table.ts";
import { cutTo, fit, oneLine, type Paint } from "./terminal-text.ts";

/** Leads by outcome, in the order of outcomes; outcomes without a lead are left out. */
export function countOutcomes(results: readonly LeadResult[]): Readonly<Record<string, number>> {
  const counts = outcomes.map(
    (outcome) => [outcome, results.filter((result) => result.outcome === outcome).length] as const,
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

export interface RunFacts {
  readonly badRows: number;
  readonly durationMs: number;
  /** Calls that count against the tenant's hour, when it has a limit. */
  readonly calls: number;
  readonly callsPerHour: number | null;
  /** Leads that were not begun. */
  readonly left: number;
}

export function drawTotals(results: readonly LeadResult[], facts: RunFacts, paint: Paint): string {
  const lines = [paint("bold", "Totals")];
  for (const outcome of outcomes) {
    const count = results.filter((result) => result.outcome === outcome).length;
    if (count > 0)
      lines.push(
        `  ${paint(styleOf[outcome], fit(outcomeLabels[outcome], 16))} ${String(count).padStart(5)}`,
      );
  }
  if (facts.badRows > 0)
    lines.push(`  ${paint("red", fit("rows not read", 16))} ${String(facts.badRows).padStart(5)}`);
  if (facts.left > 0)
    lines.push(`  ${paint("yellow", fit("not begun", 16))} ${String(facts.left).padStart(5)}`);
  const handoffs = results.reduce((sum, { handoffsRecorded }) => sum + handoffsRecorded, 0);
  const limit = facts.callsPerHour === null ? "" : ` of ${facts.callsPerHour} this hour`;
  lines.push(
    `  ${results.length} leads, ${handoffs} handoffs, ${facts.calls} calls${limit}, ${formatDuration(facts.durationMs)}`,
  );
  return lines.join("\n");
}

/** Which leads memory knew, and from where. */
export function listRecognised(results: readonly LeadResult[], paint: Paint): string | undefined {
  const known = results.filter(({ seenBefore, outcome }) => seenBefore !== null || outcome === "duplicate");
  if (known.length === 0) return undefined;
  const leadOf = new Map(results.map(({ workflowId, lead }) => [workflowId, lead.id]));
  const rows = known.slice(0, 20).map((result) => {
    const source = result.seenBefore === null ? undefined : leadOf.get(result.seenBefore);
    const from = source === undefined ? "" : ` from lead ${oneLine(source)}`;
    const score = result.score === null ? "" : `, score ${result.score} taken over${from}`;
    const what =
      result.outcome === "duplicate" ? "the same request again" : "a known contact with a new message";
    return cutTo(`  ${fit(oneLine(result.lead.id), 10)} ${what}${score}`, maxColumns);
  });
  if (known.length > rows.length) rows.push(`  … and ${known.length - rows.length} more`);
  return [paint("bold", "Recognised from memory"), ...rows].join("\n");
}
