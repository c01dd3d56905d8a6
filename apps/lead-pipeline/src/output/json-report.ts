import { printable } from "@relevo/core";
import type { BadRow } from "../lead.ts";
import type { Lessons } from "../workflow/lessons.ts";
import type { LeadResult } from "../workflow/run-leads.ts";
import type { TenantContext } from "../workflow/tenant-context.ts";
import { countOutcomes, countRun } from "./totals.ts";

export interface ReportInput {
  readonly tenant: TenantContext;
  readonly model: string;
  readonly memory: string;
  readonly source: string;
  readonly notices: readonly string[];
  readonly results: readonly LeadResult[];
  readonly badRows: readonly BadRow[];
  readonly left: number;
  readonly interrupted: boolean;
  /** From the start of the process to the first lead. */
  readonly firstLeadMs?: number;
  readonly durationMs: number;
  readonly exitCode: number;
  /** Calls of the tenant in this hour, those of other runs among them. */
  readonly callsThisHour: number;
  /** With `--report`: what the agents have learned over all runs. */
  readonly lessons?: readonly Lessons[];
}

/**
 * The whole run as one JSON document, for machines. `format` grows when a field changes its meaning. It may end on a
 * terminal, so what a terminal obeys is written as an escape inside its strings too.
 */
export function jsonReport(input: ReportInput): string {
  const { results, badRows, callsThisHour, ...facts } = input;
  const document = {
    format: 1,
    ...facts,
    leads: results.map(({ lead, leadId: _leadId, ...result }) => ({
      id: lead.id,
      email: lead.email,
      company: lead.company ?? null,
      ...result,
    })),
    badRows,
    totals: {
      leads: results.length,
      badRows: badRows.length,
      outcomes: countOutcomes(results),
      ...countRun(results),
      callsThisHour,
    },
  };
  return printableJson(document);
}

/** The document as JSON that a terminal shows and does not obey. */
export function printableJson(document: object): string {
  return printable(JSON.stringify(document, undefined, 2), escapeForJson);
}

/** Outside of strings the only such character is the line feed. */
function escapeForJson(character: string): string {
  if (character === "\n") return character;
  return Array.from({ length: character.length }, (_, unit) => {
    return `\\u${character.charCodeAt(unit).toString(16).padStart(4, "0")}`;
  }).join("");
}
