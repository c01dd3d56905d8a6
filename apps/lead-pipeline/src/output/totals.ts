import { outcomeLabel, outcomes } from "../workflow/outcome.ts";
import type { LeadResult } from "../workflow/run-leads.ts";
import { refusalKey } from "./handoff-chain.ts";
import { causeOf, counted, formatDuration, styleOf } from "./lead-table.ts";
import type { Screen, Style } from "./screen.ts";
import { cell } from "./table-layout.ts";
import { oneLine, wrap } from "./terminal-text.ts";

/** Leads by outcome, in the order of outcomes; outcomes without a lead are left out. */
export function countOutcomes(results: readonly LeadResult[]): Readonly<Record<string, number>> {
  const counts = outcomes.map(
    (outcome) => [outcome, results.filter((result) => result.outcome === outcome).length] as const,
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** What this run did; what other runs of the hour did is not in it. */
export interface RunCounts {
  /** Handoffs after which the receiver had control, whatever came of it. */
  readonly handoffs: number;
  /** Handoffs that were refused. An agent that asks for the same one again and again is counted once for each lead. */
  readonly refusedHandoffs: number;
  readonly calls: number;
}

export function countRun(results: readonly LeadResult[]): RunCounts {
  let handoffs = 0;
  let refusedHandoffs = 0;
  let calls = 0;
  for (const result of results) {
    const refused = new Set<string>();
    for (const entry of result.handoffs) {
      const key = refusalKey(entry);
      if (key === undefined) handoffs++;
      else refused.add(key);
    }
    refusedHandoffs += refused.size;
    calls += result.calls;
  }
  return { handoffs, refusedHandoffs, calls };
}

export interface RunFacts {
  /** Whether a later run can read this one's workflows. */
  readonly lasts: boolean;
  readonly badRows: number;
  /** From the start of the process to the first lead. */
  readonly firstLeadMs: number | undefined;
  readonly durationMs: number;
  /** Calls of the tenant in this hour, those of other runs among them. */
  readonly callsThisHour: number;
  readonly callsPerHour: number | null;
  /** Leads that were not begun. */
  readonly left: number;
}

export function drawTotals(
  results: readonly LeadResult[],
  facts: RunFacts,
  { paint, columns }: Screen,
): string {
  const line = (style: Style, label: string, count: number): string =>
    `  ${paint(style, cell(label, Math.min(17, columns - 8), { columns }))} ${String(count).padStart(5)}`;
  const lines = [paint("bold", "Totals")];
  for (const outcome of outcomes) {
    const count = results.filter((result) => result.outcome === outcome).length;
    if (count > 0) lines.push(line(styleOf[outcome], outcomeLabel(outcome), count));
  }
  if (facts.badRows > 0) lines.push(line("red", "bad rows", facts.badRows));
  if (facts.left > 0) lines.push(line("yellow", "left", facts.left));
  const { handoffs, refusedHandoffs, calls } = countRun(results);
  const parts = [
    counted(results.length, "lead"),
    counted(handoffs, "handoff"),
    ...(refusedHandoffs > 0 ? [`${refusedHandoffs} refused`] : []),
    counted(calls, "call"),
    formatDuration(facts.durationMs),
    ...(facts.firstLeadMs === undefined
      ? []
      : [`the first ${formatDuration(facts.firstLeadMs)} after the start`]),
  ];
  // A number stays beside its noun.
  const bound = parts.map((part) => part.replaceAll(" ", "\u00a0")).join(", ");
  lines.push(wrap(`  ${bound}`, columns, "  ", 5).replaceAll("\u00a0", " "));
  const [archived] = results.filter(({ archivedEvents }) => archivedEvents !== null).slice(-1);
  if (facts.lasts && archived !== undefined) {
    const hint = `  workflows are archived; to read one again: npm start -- --show ${archived.workflowId}`;
    lines.push(wrap(hint, columns, "  ", 3));
  }
  if (facts.callsPerHour !== null) {
    const hour = `  this hour the tenant made ${facts.callsThisHour} of ${counted(facts.callsPerHour, "call")}`;
    lines.push(wrap(hour, columns, "  ", 3));
  }
  return lines.join("\n");
}

/** Each cause once, with the number of leads that it stopped; those with most first. */
export function listCauses(results: readonly LeadResult[], { paint, columns }: Screen): string | undefined {
  const counts = new Map<string, number>();
  for (const result of results) {
    const cause = causeOf(result);
    if (cause !== undefined) counts.set(cause, (counts.get(cause) ?? 0) + 1);
  }
  if (counts.size === 0) return undefined;
  const causes = [...counts].sort(([, left], [, right]) => right - left);
  const rows = causes
    .slice(0, 10)
    .map(([cause, count]) => wrap(`  ${counted(count, "lead")}: ${cause}`, columns, "    ", 4));
  if (causes.length > rows.length)
    rows.push(`  … and ${counted(causes.length - rows.length, "other cause")}`);
  return [paint("bold", "What went wrong"), ...rows].join("\n");
}

/** Which leads memory knew, and from where; after a run that met an earlier one, how to begin again. */
export function listRecognised(
  results: readonly LeadResult[],
  startOver: string | undefined,
  { paint, columns }: Screen,
): string | undefined {
  const known = results.filter(({ seenBefore, outcome }) => seenBefore !== null || outcome === "duplicate");
  if (known.length === 0) return undefined;
  const leadOf = new Map(results.map(({ workflowId, lead }) => [workflowId, lead.id]));
  const fromEarlierRun = known.some(({ seenBefore }) => seenBefore !== null && !leadOf.has(seenBefore));
  const rows = known.slice(0, 20).map((result) => {
    const source = result.seenBefore === null ? undefined : leadOf.get(result.seenBefore);
    const from = source === undefined ? "" : ` from lead ${oneLine(source)}`;
    const score = result.score === null ? "" : `, score ${result.score} taken over${from}`;
    const what = result.outcome === "duplicate" ? "the same request again" : "a known contact, a new message";
    return wrap(`  ${cell(oneLine(result.lead.id), 10, { columns })} ${what}${score}`, columns, "    ", 3);
  });
  if (known.length > rows.length) rows.push(`  … and ${known.length - rows.length} more`);
  if (fromEarlierRun && startOver !== undefined)
    rows.push(wrap(`  Some are from an earlier run. ${startOver}`, columns, "  ", 6));
  return [paint("bold", wrap("Recognised from memory", columns, "  ", 2)), ...rows].join("\n");
}
