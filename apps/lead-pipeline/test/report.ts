import { z } from "zod";
import { outcomes } from "../src/index.ts";
import { runProgram } from "./run-program.ts";

export const reportSchema = z.strictObject({
  format: z.literal(1),
  tenant: z.object({ tenantId: z.string(), isPremium: z.boolean(), featuresEnabled: z.array(z.string()) }),
  model: z.string(),
  memory: z.literal("this process, forgotten at the end"),
  source: z.string(),
  notices: z.array(z.string()),
  left: z.int(),
  interrupted: z.boolean(),
  firstLeadMs: z.int().optional(),
  durationMs: z.number(),
  exitCode: z.int(),
  leads: z.array(
    z.strictObject({
      id: z.string(),
      email: z.string(),
      company: z.string().nullable(),
      workflowId: z.uuid({ version: "v7" }),
      outcome: z.enum(outcomes),
      summary: z.string().min(1),
      score: z.int().min(0).max(100).nullable(),
      grade: z.enum(["hot", "warm", "cold", "poor"]).nullable(),
      seenBefore: z.string().nullable(),
      agentsVisited: z.array(z.string()).min(1),
      durationMs: z.number(),
      calls: z.int(),
      handoffsRecorded: z.int(),
      handoffs: z.array(
        z.looseObject({ from: z.string(), to: z.string(), reason: z.string(), status: z.string() }),
      ),
      draft: z.object({ subject: z.string(), body: z.string() }).nullable(),
      meeting: z.iso.datetime().nullable(),
      remembered: z.array(z.strictObject({ agent: z.string(), tier: z.string(), key: z.string() })),
      activity: z.looseObject({ session: z.string(), events: z.int() }),
      archivedEvents: z.int(),
    }),
  ),
  badRows: z.array(
    z.strictObject({
      line: z.int(),
      element: z.int().optional(),
      reason: z.string(),
      id: z.string().optional(),
    }),
  ),
  totals: z.object({
    leads: z.int(),
    badRows: z.int(),
    outcomes: z.record(z.string(), z.int()),
    handoffs: z.int(),
    refusedHandoffs: z.int(),
    calls: z.int(),
    callsThisHour: z.int(),
  }),
});

export type Report = z.infer<typeof reportSchema>;

/** What the program says in JSON, in exactly this form. */
export async function reportOf(args: readonly string[], stdin?: string): Promise<Report> {
  const { stdout } = await runProgram(["--json", ...args], stdin === undefined ? {} : { stdin });
  return reportSchema.parse(JSON.parse(stdout));
}
