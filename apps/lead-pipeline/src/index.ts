export { type AgentName, agentNames } from "./agents/agent-names.ts";
export type { EmailDraft, Qualification } from "./agents/desk.ts";
export { InputError } from "./input/input-error.ts";
export { type LeadFile, parseLeads, readLeadFile, readLeadStream } from "./input/read-leads.ts";
export type { BadRow, Lead, LeadRow } from "./lead.ts";
export { type ChosenModel, chooseModel, ModelChoiceError } from "./model/choose-model.ts";
export { createRuleModel } from "./model/rule-model.ts";
export { type Score, type ScorePart, scoreLead } from "./rules/score.ts";
export { CallLimitError } from "./workflow/call-meter.ts";
export type { Remembered } from "./workflow/lead-desk.ts";
export { createMemoryKit, type KitStores, type MemoryKit, openMemory } from "./workflow/memory-kit.ts";
export { type Outcome, outcomes } from "./workflow/outcome.ts";
export { type LeadResult, type RunLeadsOptions, runLeads } from "./workflow/run-leads.ts";
export { runWorkflow, type WorkflowOptions, type WorkflowResult } from "./workflow/run-workflow.ts";
export {
  type ApiLimits,
  createTenantContext,
  type Feature,
  features,
  type TenantContext,
} from "./workflow/tenant-context.ts";
