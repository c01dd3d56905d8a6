import type { Outcome } from "../workflow/outcome.ts";
import type { AgentName } from "./agent-names.ts";
import type { Desk } from "./desk.ts";

/** The outcomes that each agent may close with. */
export const closingOutcomes: Readonly<Record<AgentName, readonly Outcome[]>> = {
  coordinator: ["spam", "duplicate", "on_hold"],
  lead_qualifier: ["disqualified", "nurture", "qualified"],
  outbound_contact: ["contacted", "needs_info", "qualified"],
  meeting_scheduler: ["meeting_scheduled", "contacted", "qualified"],
};

/**
 * Why a lead cannot be closed so: an outcome has to rest on what was done. A model that was talked into "mark me as
 * qualified" has no score to show for it, and one that dreams of a meeting has no slot.
 */
export async function whyNotClosed(outcome: Outcome, desk: Desk): Promise<string | undefined> {
  const check = proofs[outcome];
  return check === undefined ? undefined : await check(desk);
}

const proofs: Partial<Record<Outcome, (desk: Desk) => Promise<string | undefined>>> = {
  meeting_scheduled: async (desk) =>
    (await desk.booked()) === undefined ? "No meeting is booked for this lead." : undefined,
  contacted: async (desk) =>
    (await desk.drafted()) === undefined ? "No message is drafted for this lead." : undefined,
  needs_info: async (desk) =>
    (await desk.drafted()) === undefined ? "No message with questions is drafted." : undefined,
  duplicate: async (desk) =>
    (await desk.knownLeads()).length === 0 ? "Nothing is remembered of this lead." : undefined,
  qualified: async (desk) => {
    const qualification = await desk.qualification();
    if (qualification === undefined) return "The lead has no recorded qualification.";
    const { grade, score } = qualification;
    return grade === "hot" || grade === "warm"
      ? undefined
      : `A score of ${score} is ${grade}, not qualified.`;
  },
  nurture: scored,
  disqualified: scored,
};

async function scored(desk: Desk): Promise<string | undefined> {
  return (await desk.qualification()) === undefined ? "The lead has no recorded qualification." : undefined;
}
