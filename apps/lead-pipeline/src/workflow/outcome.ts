/**
 * How a lead's workflow ended.
 *
 * - `meeting_scheduled`: qualified, written to, and a slot is booked.
 * - `contacted`: qualified, and a message is drafted.
 * - `qualified`: scored warm or hot, but the tenant has nobody enabled who could go on; a person should.
 * - `needs_info`: too little is known; a message with questions is drafted.
 * - `nurture`: scored cold; worth a newsletter, not a call.
 * - `disqualified`: scored poor: no budget, a student, a seller, a job seeker, or said no.
 * - `duplicate`: the same lead was worked before; the remembered qualification stands.
 * - `spam`: not worked.
 * - `on_hold`: the agent that would have to work it is not enabled for the tenant.
 * - `limit_reached`: the tenant's calls of this hour are used up.
 * - `failed`: the model, a tool or the memory failed; `reason` says how.
 */
export const outcomes = [
  "meeting_scheduled",
  "contacted",
  "qualified",
  "needs_info",
  "nurture",
  "disqualified",
  "duplicate",
  "spam",
  "on_hold",
  "limit_reached",
  "failed",
] as const;
export type Outcome = (typeof outcomes)[number];

/** What a person reads: the same words as in JSON. */
export function outcomeLabel(outcome: Outcome): string {
  return outcome.replaceAll("_", " ");
}
