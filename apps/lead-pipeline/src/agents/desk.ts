import type { HandoffPriority } from "@relevo/core";
import { z } from "zod";
import type { Lead } from "../lead.ts";
import type { Language } from "../rules/language.ts";
import type { Grade } from "../rules/score.ts";
import type { Outcome } from "../workflow/outcome.ts";
import type { AgentName } from "./agent-names.ts";

/** A lead's score as it is kept in memory. `rememberedFrom` names the earlier workflow it was taken over from. */
export type Qualification = z.infer<typeof qualificationSchema>;

export const qualificationSchema: z.ZodObject<{
  score: z.ZodNumber;
  grade: z.ZodType<Grade, Grade>;
  reasons: z.ZodArray<z.ZodString>;
  asksToMeet: z.ZodBoolean;
  language: z.ZodType<Language, Language>;
  rememberedFrom: z.ZodOptional<z.ZodString>;
}> = z.object({
  score: z.number(),
  grade: z.enum(["hot", "warm", "cold", "poor"]),
  reasons: z.array(z.string()),
  asksToMeet: z.boolean(),
  language: z.enum(["es", "en"]),
  rememberedFrom: z.string().optional(),
});

/** An earlier lead that memory holds beside this one. */
export interface KnownLead {
  readonly workflowId: string;
  readonly leadId: string;
  readonly outcome: Outcome;
  readonly score: number | null;
  readonly grade: Grade | null;
  /** `email`: from the same address; `company`: from the same company. */
  readonly sharedBy: "email" | "company";
  /** 0 to 1, common words of the two messages. */
  readonly similarity: number;
  /** True when the two are the same request: similar enough, whoever of the company wrote it. */
  readonly sameRequest: boolean;
}

export interface EmailDraft {
  readonly kind: "invitation" | "information" | "questions" | "follow_up";
  readonly language: Language;
  readonly subject: string;
  readonly body: string;
}

export interface PastContact {
  readonly workflowId: string;
  readonly leadId: string;
  readonly kind: EmailDraft["kind"];
  readonly subject: string;
}

export interface TransferRequest {
  readonly to: AgentName;
  readonly reason: string;
  readonly priority: HandoffPriority;
  readonly notes?: string;
}

export interface CloseRequest {
  readonly outcome: Outcome;
  readonly summary: string;
  /** The agent that should have gone on and is not available to this tenant. */
  readonly needed?: AgentName;
}

/** What the tools of one workflow can reach. Everything behind it is memory; tools hold no state of their own. */
export interface Desk {
  readonly lead: Lead;
  knownLeads(): Promise<readonly KnownLead[]>;
  /** Takes over the newest remembered qualification; `undefined` when there is none. */
  adoptQualification(): Promise<Qualification | undefined>;
  recordQualification(qualification: Qualification): Promise<void>;
  qualification(): Promise<Qualification | undefined>;
  pastContacts(): Promise<readonly PastContact[]>;
  draftEmail(draft: EmailDraft): Promise<void>;
  drafted(): Promise<EmailDraft | undefined>;
  /** Start times in ISO 8601, UTC. */
  freeSlots(): Promise<readonly string[]>;
  /** False when the slot is not offered or somebody else has it. */
  book(slot: string): Promise<boolean>;
  booked(): Promise<string | undefined>;
}
