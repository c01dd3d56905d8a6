import type { JsonValue } from "@relevo/core";
import { MemoryError } from "@relevo/core";
import type { Session, Tier } from "@relevo/memory";
import { z } from "zod";
import type { AgentName } from "../agents/agent-names.ts";
import {
  type Desk,
  type EmailDraft,
  type PastContact,
  type Qualification,
  qualificationSchema,
} from "../agents/desk.ts";
import type { Lead } from "../lead.ts";
import {
  factKeys,
  knownLeadsOf,
  type LeadFact,
  makeFact,
  noteSeenAgain,
  recallFacts,
  rememberFact,
} from "./lead-facts.ts";
import type { Outcome } from "./outcome.ts";
import { calendarSlots } from "./slots.ts";
import { serviceLevel, type TenantContext } from "./tenant-context.ts";

/** One thing that an agent wrote into memory during a workflow. */
export interface Remembered {
  readonly agent: AgentName;
  readonly tier: Exclude<Tier, "both"> | "working";
  readonly key: string;
}

export interface LeadDesk extends Desk {
  readonly remembered: readonly Remembered[];
  /** Keeps for later leads what this one taught; nothing when the work did not end by a decision of the agents. */
  conclude(outcome: Outcome): Promise<void>;
}

/** The desk of one workflow, over its session: working memory for the score, the agents' own memory for the rest. */
export function createLeadDesk(
  lead: Lead,
  session: Session,
  tenant: TenantContext,
  clock: { now(): number },
): LeadDesk {
  const remembered: Remembered[] = [];
  const keys = factKeys(lead);
  const level = serviceLevel(tenant);
  const note = (agent: AgentName, tier: Remembered["tier"], key: string): void => {
    remembered.push({ agent, tier, key });
  };
  const coordinator = session.agent("coordinator");

  const facts = async (): Promise<{ email: readonly LeadFact[]; company: readonly LeadFact[] }> => ({
    email: await recallFacts(coordinator, keys.email),
    company: keys.company === undefined ? [] : await recallFacts(coordinator, keys.company),
  });
  const known = async () => {
    const { email, company } = await facts();
    return knownLeadsOf(lead, email, company);
  };
  const setQualification = async (qualification: Qualification): Promise<void> => {
    await session.working.remember("qualification", { ...qualification } as JsonValue);
  };
  const qualification = async (): Promise<Qualification | undefined> =>
    read(qualificationSchema, await session.working.recall("qualification"));

  return {
    lead,
    remembered,
    knownLeads: known,
    async adoptQualification() {
      const candidates = (await known()).filter(({ score }) => score !== null);
      const chosen =
        candidates.find(({ sameRequest }) => sameRequest) ??
        candidates.find(({ sharedBy }) => sharedBy === "email");
      const { email, company } = await facts();
      const fact = [...email, ...company].find(({ workflowId }) => workflowId === chosen?.workflowId);
      if (fact?.qualification == null) return undefined;
      const adopted = { ...fact.qualification, rememberedFrom: fact.workflowId };
      await setQualification(adopted);
      note("coordinator", "working", "qualification");
      return adopted;
    },
    async recordQualification(value) {
      await setQualification(value);
      note("lead_qualifier", "working", "qualification");
      await session.agent("lead_qualifier").remember(
        keys.email,
        { score: value.score, grade: value.grade },
        {
          tier: "durable",
          tags: [keys.email],
        },
      );
      note("lead_qualifier", "durable", keys.email);
    },
    qualification,
    pastContacts: async () =>
      read(contactsSchema, await session.agent("outbound_contact").recall(keys.email, durable)) ?? [],
    async draftEmail(draft) {
      const memory = session.agent("outbound_contact");
      await memory.remember("draft", { ...draft });
      note("outbound_contact", "volatile", "draft");
      const contact: PastContact = {
        workflowId: session.id,
        leadId: lead.id,
        kind: draft.kind,
        subject: draft.subject,
      };
      await memory.update(
        keys.email,
        (current) => {
          const others = (read(contactsSchema, current) ?? []).filter(
            ({ workflowId }) => workflowId !== session.id,
          );
          return [contact, ...others].slice(0, 10) as unknown as JsonValue;
        },
        { tier: "durable", tags: [keys.email] },
      );
      note("outbound_contact", "durable", keys.email);
    },
    drafted: async () =>
      read(draftSchema, await session.agent("outbound_contact").recall("draft", { tier: "volatile" })),
    async freeSlots() {
      const page = await session
        .agent("meeting_scheduler")
        .entries({ tier: "durable", tags: { any: ["slot"] }, limit: 1000 });
      const taken = new Set(page.items.map(({ key }) => key));
      return calendarSlots(clock.now(), level).filter((slot) => !taken.has(slotKey(slot)));
    },
    async book(slot) {
      const now = clock.now();
      if (!calendarSlots(now, level).includes(slot)) return false;
      const memory = session.agent("meeting_scheduler");
      const value = { leadId: lead.id, workflowId: session.id };
      // Kept until the day after the meeting: by then nobody can be offered the slot any more.
      const ttlMs = Date.parse(slot) - now + 86_400_000;
      try {
        await memory.remember(slotKey(slot), value, {
          tier: "durable",
          tags: ["slot"],
          ttlMs,
          expectedVersion: 0,
        });
      } catch (error) {
        if (MemoryError.isInstance(error, "conflict")) return false;
        throw error;
      }
      note("meeting_scheduler", "durable", slotKey(slot));
      await memory.remember("meeting", slot);
      note("meeting_scheduler", "volatile", "meeting");
      return true;
    },
    async booked() {
      const slot = await session.agent("meeting_scheduler").recall("meeting", { tier: "volatile" });
      return typeof slot === "string" ? slot : undefined;
    },
    async conclude(outcome) {
      await session.working.remember("outcome", outcome);
      const places = keys.company === undefined ? [keys.email] : [keys.email, keys.company];
      if (outcome === "duplicate") {
        const origin = (await known()).find(({ sameRequest }) => sameRequest);
        if (origin === undefined) return;
        for (const key of places) await noteSeenAgain(coordinator, key, origin.workflowId);
      } else if (worthKeeping.has(outcome)) {
        const fact = makeFact(lead, {
          workflowId: session.id,
          outcome,
          qualification: (await qualification()) ?? null,
        });
        for (const key of places) await rememberFact(coordinator, key, fact);
      } else return;
      for (const key of places) note("coordinator", "durable", key);
    },
  };
}

/** What the next lead from the same place should be told. A lead that nobody could work must be worked when it comes again. */
const worthKeeping: ReadonlySet<Outcome> = new Set([
  "meeting_scheduled",
  "contacted",
  "qualified",
  "needs_info",
  "nurture",
  "disqualified",
]);

const durable = { tier: "durable" } as const;
const contactsSchema = z.array(
  z.object({
    workflowId: z.string(),
    leadId: z.string(),
    kind: z.enum(["invitation", "information", "questions", "follow_up"]),
    subject: z.string(),
  }),
);
const draftSchema: z.ZodType<EmailDraft> = z.object({
  kind: z.enum(["invitation", "information", "questions", "follow_up"]),
  language: z.enum(["es", "en"]),
  subject: z.string(),
  body: z.string(),
});

function read<Value>(schema: z.ZodType<Value>, value: JsonValue | undefined): Value | undefined {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

function slotKey(slot: string): string {
  return `slot:${slot}`;
}
