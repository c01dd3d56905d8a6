import type { BadRow } from "../lead.ts";
import type { LeadResult } from "../workflow/run-leads.ts";
import type { TenantContext } from "../workflow/tenant-context.ts";
import { countOutcomes } from "./totals.ts";

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
  readonly durationMs: number;
  readonly exitCode: number;
}

/** The whole run as one JSON document, for machines. `format` grows when a field changes its meaning. */
export function jsonReport(input: ReportInput): string {
  const { results, badRows, ...facts } = input;
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
      handoffs: results.reduce((sum, { handoffsRecorded }) => sum + handoffsRecorded, 0),
      calls: results.reduce((sum, { calls }) => sum + calls, 0),
    },
  };
  return JSON.stringify(document, undefined, 2);
}
