import { type DynamicStructuredTool, tool } from "@langchain/core/tools";
import { z } from "zod";
import { detectLanguage } from "../rules/language.ts";
import { gradeOf } from "../rules/score.ts";
import { refusal, serviceLevel, type TenantContext } from "../workflow/tenant-context.ts";
import { type AgentName, agentNames, reachable, transferToolName } from "./agent-names.ts";
import { closingOutcomes, whyNotClosed } from "./closing.ts";
import type { Desk } from "./desk.ts";
import type { Turn } from "./turn.ts";

/**
 * The tools that an agent is offered for one lead. A handoff to an agent whose feature the tenant does not have is
 * not among them. Results are JSON; a refused call answers `{ error }`, and the agent may do better.
 */
export function toolsFor(
  agent: AgentName,
  desk: Desk,
  turn: Turn,
  tenant: TenantContext,
): readonly DynamicStructuredTool[] {
  const transfers = reachable[agent]
    .filter((target) => refusal(tenant, target) === undefined)
    .map((target) => transferTool(target, turn, tenant));
  return [...workTools[agent](desk), ...transfers, closeTool(agent, desk, turn)];
}

const nothing = z.object({});
const language = z.enum(["es", "en"]);

const workTools = {
  coordinator: (desk) => [
    tool(async () => JSON.stringify({ known: await desk.knownLeads() }), {
      name: "recall_lead",
      description:
        "What the agents remember of this lead's e-mail address and company from earlier workflows.",
      schema: nothing,
    }),
    tool(
      async () => {
        const qualification = await desk.adoptQualification();
        return JSON.stringify(
          qualification === undefined ? { error: "No qualification is remembered." } : { qualification },
        );
      },
      {
        name: "use_remembered_qualification",
        description:
          "Takes over the qualification that is remembered of this lead instead of scoring it again.",
        schema: nothing,
      },
    ),
  ],
  lead_qualifier: (desk) => [
    tool(
      async ({ score, reasons, asksToMeet }) => {
        const grade = gradeOf(score);
        await desk.recordQualification({
          score,
          grade,
          reasons,
          asksToMeet,
          language: detectLanguage(desk.lead.message),
        });
        return JSON.stringify({ recorded: true, score, grade });
      },
      {
        name: "record_qualification",
        description:
          "Records the score of the lead, 0 to 100, by the scoring guide, with the reasons for it.",
        schema: z.object({
          score: z.number().int().min(0).max(100),
          reasons: z.array(z.string().min(1).max(200)).min(1).max(15),
          asksToMeet: z.boolean().describe("True when the lead asks for a meeting, a call or a demo."),
        }),
      },
    ),
  ],
  outbound_contact: (desk) => [
    tool(async () => JSON.stringify({ contacts: await desk.pastContacts() }), {
      name: "recall_contact",
      description: "The messages that were drafted for this e-mail address before.",
      schema: nothing,
    }),
    tool(
      async (draft) => {
        await desk.draftEmail(draft);
        return JSON.stringify({ drafted: true, to: desk.lead.email });
      },
      {
        name: "write_email",
        description: "Drafts the message to the lead. The address is the lead's own; nothing is sent.",
        schema: z.object({
          kind: z.enum(["invitation", "information", "questions", "follow_up"]),
          language,
          subject: z.string().min(1).max(200),
          body: z.string().min(1).max(5000),
        }),
      },
    ),
  ],
  meeting_scheduler: (desk) => [
    tool(async () => JSON.stringify({ slots: (await desk.freeSlots()).slice(0, 5) }), {
      name: "list_free_slots",
      description: "The next free slots of 30 minutes, ISO 8601 in UTC, earliest first.",
      schema: nothing,
    }),
    tool(
      async ({ slot }) =>
        JSON.stringify(
          (await desk.book(slot))
            ? { booked: slot }
            : { error: "That slot is not free. List the slots again." },
        ),
      {
        name: "book_meeting",
        description: "Books one of the listed slots for this lead.",
        schema: z.object({ slot: z.string().max(40) }),
      },
    ),
  ],
} as const satisfies Record<AgentName, (desk: Desk) => readonly DynamicStructuredTool[]>;

function transferTool(target: AgentName, turn: Turn, tenant: TenantContext): DynamicStructuredTool {
  return tool(
    ({ reason, priority, notes }) => {
      const level = serviceLevel(tenant).priority;
      // A premium tenant's leads never go below the priority that the tenant pays for.
      const raised = level === "high" && priority !== "urgent" ? "high" : priority;
      const transfer = { to: target, reason, priority: raised, ...(notes === undefined ? {} : { notes }) };
      const accepted = turn.decide({ kind: "transfer", transfer });
      return JSON.stringify(accepted ? { transferred: target } : alreadyDecided);
    },
    {
      name: transferToolName(target),
      description: `Hands the lead over to ${target}. Control passes; you will not hear of it again.`,
      schema: z.object({
        reason: z.string().min(1).max(500),
        priority: z.enum(["low", "normal", "high", "urgent"]).default("normal"),
        notes: z.string().max(2000).optional(),
      }),
      returnDirect: true,
    },
  );
}

function closeTool(agent: AgentName, desk: Desk, turn: Turn): DynamicStructuredTool {
  return tool(
    async ({ outcome, summary, needed }) => {
      const problem = await whyNotClosed(outcome, desk);
      if (problem !== undefined) throw new ClosingRefused(problem);
      const close = { outcome, summary, ...(needed === undefined ? {} : { needed }) };
      const accepted = turn.decide({ kind: "close", close });
      return JSON.stringify(accepted ? { closed: outcome } : alreadyDecided);
    },
    {
      name: "close_lead",
      description:
        "Ends the work on this lead. When another agent should go on but you have no tool to reach it, name it in `needed`.",
      schema: z.object({
        outcome: z.enum(closingOutcomes[agent]),
        summary: z.string().min(1).max(1000),
        needed: z.enum(agentNames).optional(),
      }),
      returnDirect: true,
    },
  );
}

/** Thrown, not returned: a failed call of a tool that ends the turn must not end it. */
class ClosingRefused extends Error {
  override readonly name: string = "ClosingRefused";
}

const alreadyDecided = { error: "This turn is already decided." };
