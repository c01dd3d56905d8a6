import type { AgentName } from "../agents/agent-names.ts";
import type { KnownLead, PastContact, Qualification } from "../agents/desk.ts";
import { detectLanguage } from "../rules/language.ts";
import { type Grade, scoreLead } from "../rules/score.ts";
import { triageLead } from "../rules/triage.ts";
import type { Conversation } from "./conversation.ts";
import { composeEmail } from "./emails.ts";

/** A tool that the model chose to call. */
export interface Choice {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** The next call of the agent that the messages are for, by the rules in the README. Same messages, same call. */
export function decide(conversation: Conversation): Choice {
  return deciders[conversation.agent](conversation);
}

const deciders = {
  coordinator: decideAsCoordinator,
  lead_qualifier: decideAsQualifier,
  outbound_contact: decideAsContact,
  meeting_scheduler: decideAsScheduler,
} as const satisfies Record<AgentName, (conversation: Conversation) => Choice>;

function decideAsCoordinator(conversation: Conversation): Choice {
  const { lead } = conversation.brief;
  const triage = triageLead(lead);
  if (triage.kind === "spam") return close("spam", `Spam: ${triage.reasons.join("; ")}.`);
  const recalled = answer<{ known: readonly KnownLead[] }>(conversation, "recall_lead");
  if (recalled === undefined) return call("recall_lead");
  const same = recalled.known.find(({ sameRequest }) => sameRequest);
  const worked = recalled.known.find(({ sharedBy, score }) => sharedBy === "email" && score !== null);
  const known = same ?? (isGood(worked?.grade) ? worked : undefined);
  const adopted = conversation.results.get("use_remembered_qualification");
  if (known !== undefined && known.score !== null && adopted === undefined)
    return call("use_remembered_qualification");
  if (same !== undefined) {
    const score = same.score === null ? "" : ` with score ${same.score}`;
    const who = same.sharedBy === "email" ? "the same address" : "the same company";
    return close(
      "duplicate",
      `Seen before in workflow ${same.workflowId}: lead ${same.leadId} from ${who}, ${same.outcome.replace("_", " ")}${score}.`,
    );
  }
  if (known !== undefined && adopted?.failed === false) {
    const reason = `Known from workflow ${known.workflowId} with score ${known.score}; writes again`;
    return transfer(
      conversation,
      "outbound_contact",
      reason,
      "qualified",
      `The remembered score of ${known.score} stands.`,
    );
  }
  if (triage.kind === "incomplete") {
    const reason = `Incomplete: ${triage.missing.join(", ")} missing`;
    return transfer(conversation, "outbound_contact", reason, "on_hold", `${reason}; nobody may ask.`);
  }
  return transfer(conversation, "lead_qualifier", "New lead to score", "on_hold", "Not scored.");
}

function decideAsQualifier(conversation: Conversation): Choice {
  const { score, grade, parts, asksToMeet, declinesMeeting } = scoreLead(conversation.brief.lead);
  if (answer(conversation, "record_qualification") === undefined) {
    const reasons = parts.map(({ rule, points, because }) =>
      `${rule} ${signed(points)}: ${because}`.slice(0, 200),
    );
    return call("record_qualification", { score, reasons, asksToMeet });
  }
  const why = parts
    .filter(({ rule, points }) => (isGood(grade) ? points >= 8 : isWeak(rule, points)))
    .toSorted((a, b) => (isGood(grade) ? b.points - a.points : a.points - b.points))
    .map(({ because }) => because)
    .join(", ");
  const text = `Score ${score}, ${grade}${why === "" ? "" : `: ${why}`}.`.slice(0, 500);
  if (grade === "poor") return close("disqualified", text);
  if (grade === "cold") return close("nurture", text);
  const wantsMeeting = asksToMeet || (grade === "hot" && !declinesMeeting);
  if (
    !offers(conversation, "outbound_contact") &&
    wantsMeeting &&
    offers(conversation, "meeting_scheduler")
  ) {
    return transfer(conversation, "meeting_scheduler", text, "qualified", text, grade);
  }
  return transfer(conversation, "outbound_contact", text, "qualified", text, grade);
}

function decideAsContact(conversation: Conversation): Choice {
  const { lead } = conversation.brief;
  const past = answer<{ contacts: readonly PastContact[] }>(conversation, "recall_contact");
  if (past === undefined) return call("recall_contact");
  const qualification = qualificationOf(conversation);
  const { asksToMeet, declinesMeeting } = scoreLead(lead);
  const wantsMeeting = asksToMeet || (qualification?.grade === "hot" && !declinesMeeting);
  const kind =
    qualification === undefined
      ? "questions"
      : past.contacts.length > 0
        ? "follow_up"
        : wantsMeeting
          ? "invitation"
          : "information";
  if (answer(conversation, "write_email") === undefined) {
    return call("write_email", composeEmail(kind, lead, detectLanguage(lead.message)));
  }
  if (kind === "questions") return close("needs_info", "Drafted questions.");
  const text = `Drafted: ${kind.replace("_", "-")}.`;
  if (!wantsMeeting) return close("contacted", text);
  const reason = asksToMeet ? "The lead asks to meet" : "A hot lead: offer a meeting";
  return transfer(conversation, "meeting_scheduler", reason, "contacted", text, qualification?.grade);
}

function decideAsScheduler(conversation: Conversation): Choice {
  const listed = answer<{ slots: readonly string[] }>(conversation, "list_free_slots");
  if (listed === undefined) return call("list_free_slots");
  const booking = conversation.results.get("book_meeting");
  if (booking !== undefined && !booking.failed) {
    const { booked } = booking.value as { booked: string };
    return close("meeting_scheduled", `Meeting on ${booked.slice(0, 16).replace("T", " at ")} UTC.`);
  }
  // Every call is counted: after three lost races each slot is tried against the newest list, then given up.
  if (booking?.failed === true && conversation.calls % 2 === 0 && conversation.calls < 8)
    return call("list_free_slots");
  const slot = listed.slots[0];
  if (slot !== undefined && conversation.calls < 8) return call("book_meeting", { slot });
  const reachedBy = conversation.brief.handoff?.from === "outbound_contact" ? "contacted" : "qualified";
  return close(reachedBy, "No meeting slot is free.");
}

/** What was handed over with the lead of its score. */
function qualificationOf({ brief }: Conversation): Pick<Qualification, "score" | "grade"> | undefined {
  const data = brief.handoff?.data;
  if (typeof data !== "object" || data === null || !("grade" in data)) return undefined;
  return data as unknown as Pick<Qualification, "score" | "grade">;
}

/** The parsed answer of a tool, `undefined` when it was not called or its call failed. */
function answer<Value>(conversation: Conversation, tool: string): Value | undefined {
  const found = conversation.results.get(tool);
  return found === undefined || found.failed ? undefined : (found.value as Value);
}

function offers(conversation: Conversation, agent: AgentName): boolean {
  return conversation.tools.has(`transfer_to_${agent}`);
}

/** Hands over when the tool is bound; otherwise closes and names the agent that was needed. */
function transfer(
  conversation: Conversation,
  to: AgentName,
  reason: string,
  otherwise: string,
  summary: string,
  grade?: Grade,
): Choice {
  if (!offers(conversation, to)) return call("close_lead", { outcome: otherwise, summary, needed: to });
  return call(`transfer_to_${to}`, { reason, priority: grade === "hot" ? "high" : "normal" });
}

function close(outcome: string, summary: string): Choice {
  return call("close_lead", { outcome, summary });
}

function call(tool: string, args: object = {}): Choice {
  return { tool, args: { ...args } };
}

function isGood(grade: Grade | null | undefined): boolean {
  return grade === "hot" || grade === "warm";
}

/** What speaks against a lead: what took points away, and what the important rules could not find. */
function isWeak(rule: string, points: number): boolean {
  return points < 0 || (points <= 4 && ["company size", "budget", "seniority", "intent"].includes(rule));
}

function signed(points: number): string {
  return points < 0 ? `−${-points}` : `+${points}`;
}
