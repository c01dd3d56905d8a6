import type { JsonValue } from "@relevo/core";
import type { AgentMemory } from "@relevo/memory";
import { z } from "zod";
import { type KnownLead, type Qualification, qualificationSchema } from "../agents/desk.ts";
import type { Lead } from "../lead.ts";
import { companyKey } from "../rules/mail-domains.ts";
import { messageWords, similarity, similarThreshold } from "../rules/similarity.ts";
import { type Outcome, outcomes } from "./outcome.ts";

/** What is remembered of a lead after its workflow, under its address and under its company. */
export interface LeadFact {
  readonly workflowId: string;
  readonly leadId: string;
  readonly outcome: Outcome;
  readonly qualification: Qualification | null;
  /** The message's words, to know the request again. */
  readonly words: readonly string[];
  /** How often the same request came again. */
  readonly seenAgain: number;
}

const factSchema: z.ZodType<LeadFact> = z.object({
  workflowId: z.string(),
  leadId: z.string(),
  outcome: z.enum(outcomes),
  qualification: qualificationSchema.nullable(),
  words: z.array(z.string()),
  seenAgain: z.number(),
});

/** Facts kept under one address or company; older ones are forgotten. */
const maxFacts = 10;

/** A colleague's message must have this many words before "the same words" means "the same request". */
const minSharedWords = 4;

/** Where facts about this lead are kept. Names are bounded, because a store bounds its keys. */
export function factKeys(lead: Lead): { readonly email: string; readonly company?: string } {
  const company = lead.company === undefined ? "" : [...companyKey(lead.company)].slice(0, 100).join("");
  return {
    email: `email:${lead.email.toLowerCase()}`,
    ...(company === "" ? {} : { company: `company:${company}` }),
  };
}

export async function recallFacts(memory: AgentMemory, key: string): Promise<readonly LeadFact[]> {
  return readFacts(await memory.recall(key, { tier: "durable" }));
}

/** Newest first; what does not have the form of a fact is none, and is overwritten by the next one. */
function readFacts(value: JsonValue | undefined): readonly LeadFact[] {
  const parsed = z.array(factSchema).safeParse(value);
  return parsed.success ? parsed.data : [];
}

export async function rememberFact(memory: AgentMemory, key: string, fact: LeadFact): Promise<void> {
  await changeFacts(memory, key, (facts) => [fact, ...facts].slice(0, maxFacts));
}

/** Notes on the fact of that workflow that the same request came again. */
export async function noteSeenAgain(memory: AgentMemory, key: string, workflowId: string): Promise<void> {
  await changeFacts(memory, key, (facts) =>
    facts.map((fact) => (fact.workflowId === workflowId ? { ...fact, seenAgain: fact.seenAgain + 1 } : fact)),
  );
}

async function changeFacts(
  memory: AgentMemory,
  key: string,
  change: (facts: readonly LeadFact[]) => readonly LeadFact[],
): Promise<void> {
  await memory.update(key, (current) => change(readFacts(current)) as unknown as JsonValue, {
    tier: "durable",
    tags: ["lead", key],
    attempts: 50,
    backoffMs: 1,
  });
}

export function makeFact(
  lead: Lead,
  fact: Pick<LeadFact, "workflowId" | "outcome" | "qualification">,
): LeadFact {
  return { ...fact, leadId: lead.id, words: messageWords(lead.message), seenAgain: 0 };
}

/** The facts as an agent is told of them, those from the same address first, newest first, each workflow once. */
export function knownLeadsOf(
  lead: Lead,
  byEmail: readonly LeadFact[],
  byCompany: readonly LeadFact[],
): readonly KnownLead[] {
  const words = messageWords(lead.message);
  const seen = new Set(byEmail.map(({ workflowId }) => workflowId));
  const describe = (fact: LeadFact, sharedBy: KnownLead["sharedBy"]): KnownLead => {
    const alike = Math.round(similarity(fact.words, words) * 100) / 100;
    const enough = sharedBy === "email" || words.length >= minSharedWords;
    return {
      workflowId: fact.workflowId,
      leadId: fact.leadId,
      outcome: fact.outcome,
      score: fact.qualification?.score ?? null,
      grade: fact.qualification?.grade ?? null,
      sharedBy,
      similarity: alike,
      sameRequest: enough && alike >= similarThreshold,
    };
  };
  return [
    ...byEmail.map((fact) => describe(fact, "email")),
    ...byCompany.filter(({ workflowId }) => !seen.has(workflowId)).map((fact) => describe(fact, "company")),
  ];
}
