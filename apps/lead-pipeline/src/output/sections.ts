import { renderTrace, type StoredSpan } from "@relevo/handoff-tracing/telemetry";
import type { LeadFile } from "../input/read-leads.ts";
import { type BadRow, placeOf } from "../lead.ts";
import { meterName } from "../workflow/call-meter.ts";
import type { LeadResult } from "../workflow/run-leads.ts";
import type { TenantContext } from "../workflow/tenant-context.ts";
import { drawChain, listRemembered, mostInteresting } from "./handoff-chain.ts";
import { counted } from "./lead-table.ts";
import type { Screen } from "./screen.ts";
import { cutTo, oneLine, wrap } from "./terminal-text.ts";

export interface Opening {
  readonly file: LeadFile;
  readonly leads: number;
  readonly badRows: readonly BadRow[];
  readonly model: string;
  /** Where what is learned stays. */
  readonly memory: string;
  readonly tenant: TenantContext;
}

const maxListedRows = 20;

/** What is about to be worked, for whom, and which rows are not. Ends with an empty line. */
export function drawOpening(
  { file, leads, badRows, model, memory, tenant }: Opening,
  { paint, columns }: Screen,
): string {
  const line = (text: string): string => wrap(oneLine(text), columns, "  ", 6);
  const level = tenant.isPremium ? "premium" : "standard";
  const enabled = tenant.featuresEnabled.length === 0 ? "none" : tenant.featuresEnabled.join(", ");
  const lines = [
    paint("bold", line(`${counted(leads, "lead")} from ${file.source}, model: ${model}`)),
    paint("dim", line(`tenant ${tenant.tenantId} (${level}), features: ${enabled}`)),
    paint("dim", line(`memory: ${memory}`)),
    ...file.notices.map((notice) => paint("yellow", line(notice))),
    ...badRows.slice(0, maxListedRows).map((row) => {
      const id = row.id === undefined ? "" : ` (id ${row.id})`;
      return paint("red", line(`${placeOf(row)}${id} skipped: ${row.reason}`));
    }),
  ];
  if (badRows.length > maxListedRows) {
    const more = counted(badRows.length - maxListedRows, "more bad row");
    lines.push(paint("red", line(`… and ${more}; --json lists them all`)));
  }
  return `${lines.join("\n")}\n`;
}

/** The handoffs and memories of the leads that `--chains` names, one section each. */
export function drawChains(results: readonly LeadResult[], which: string, screen: Screen): readonly string[] {
  if (which === "none" || results.length === 0) return [];
  const chosen = chosenLeads(results, which);
  if (chosen.length === 0) return [cutTo(oneLine(`No worked lead has the id ${which}.`), screen.columns)];
  return chosen.flatMap((result) => [drawChain(result, screen), listRemembered(result, screen)]);
}

/**
 * The traces of these leads, without the spans of the store and those that count calls: what ran inside what, for how long,
 * and what came of it.
 */
export function drawTraces(
  results: readonly LeadResult[],
  which: string,
  spans: readonly StoredSpan[],
  { paint, columns }: Screen,
): readonly string[] {
  const workflows = spans.filter(({ name }) => name.startsWith("invoke_workflow "));
  const traceOf = new Map(
    workflows.map(({ traceId, attributes }) => [attributes["gen_ai.conversation.id"], traceId] as const),
  );
  const byTrace = Map.groupBy(spans, ({ traceId }) => traceId);
  const filter = ({ attributes }: StoredSpan): boolean => attributes["relevo.agent"] !== meterName;
  return chosenLeads(results, which).map(({ lead, workflowId }) => {
    const title = paint("bold", wrap(`Trace of lead ${oneLine(lead.id)}`, columns, "  ", 3));
    const own = byTrace.get(traceOf.get(workflowId) ?? "");
    const lines =
      own === undefined ? ["no spans"] : renderTrace(own, { withoutStore: true, filter }).split("\n");
    return [title, ...lines.map((line) => cutTo(line, columns))].join("\n");
  });
}

function chosenLeads(results: readonly LeadResult[], which: string): readonly LeadResult[] {
  if (which === "all") return results;
  if (which !== "best") return results.filter(({ lead }) => lead.id === which);
  const best = mostInteresting(results);
  return best === undefined ? [] : [best];
}
