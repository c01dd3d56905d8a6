import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import type { Message } from "@relevo/core";
import { full, type HandoffEntry, last } from "@relevo/handoff-tracing";
import { traceAgent, traceWorkflow } from "@relevo/handoff-tracing/telemetry";
import { renderContext, type Session, type SessionActivity, type Tenant } from "@relevo/memory";
import { type AgentName, reachable } from "../agents/agent-names.ts";
import type { CloseRequest, EmailDraft, Qualification, TransferRequest } from "../agents/desk.ts";
import { describeMessage } from "../agents/messages.ts";
import type { Brief } from "../agents/prompts.ts";
import { runAgent } from "../agents/run-agent.ts";
import type { Lead } from "../lead.ts";
import { createRuleModel } from "../model/rule-model.ts";
import { CallLimitError, type CallMeter, createCallMeter } from "./call-meter.ts";
import { createLeadDesk, type LeadDesk, type Remembered } from "./lead-desk.ts";
import { factKeys } from "./lead-facts.ts";
import { recordLessons } from "./lessons.ts";
import { type MemoryKit, openMemory } from "./memory-kit.ts";
import type { Outcome } from "./outcome.ts";
import { createTenantContext, refusal, serviceLevel, type TenantContext } from "./tenant-context.ts";

export interface WorkflowOptions {
  /** For whom; `createTenantContext()` when left out. */
  readonly tenant?: TenantContext;
  /** The model behind all four agents; the rule-based one when left out. */
  readonly model?: BaseChatModel;
  /** Shared by workflows that should remember each other. Left out: one of its own, gone when the workflow ends. */
  readonly memory?: MemoryKit;
  /** Stops the work; the outcome is then `failed`. */
  readonly signal?: AbortSignal;
}

export interface WorkflowResult {
  /** The session's id: its log holds the whole story. */
  readonly workflowId: string;
  readonly leadId: string;
  readonly outcome: Outcome;
  /** Why, in a sentence: the closing agent's words, or what failed. */
  readonly summary: string;
  readonly score: number | null;
  readonly grade: Qualification["grade"] | null;
  /** The workflow in which this lead, or its request, was qualified before. */
  readonly seenBefore: string | null;
  readonly agentsVisited: readonly AgentName[];
  readonly durationMs: number;
  readonly calls: number;
  readonly handoffsRecorded: number;
  readonly handoffs: readonly HandoffEntry[];
  readonly draft: EmailDraft | null;
  /** ISO 8601, UTC. */
  readonly meeting: string | null;
  readonly remembered: readonly Remembered[];
  /** `null` only when the memory itself failed. */
  readonly activity: SessionActivity | null;
  /** Events of the workflow in the archive; `null` when it could not be archived. */
  readonly archivedEvents: number | null;
}

/**
 * Works one lead from the coordinator to its outcome, in a session of its own, and never throws for what goes wrong
 * on the way: a model, tool or memory that fails is the outcome `failed`, a used-up limit `limit_reached`, and both
 * keep what was recorded until then.
 *
 * @example
 * ```ts
 * const result = await runWorkflow({ id: "lead-1", email: "ana@techcorp.example", message: "We need a demo", extra: {} });
 * console.log(result.outcome, result.agentsVisited, result.handoffsRecorded);
 * ```
 */
export async function runWorkflow(lead: Lead, options: WorkflowOptions = {}): Promise<WorkflowResult> {
  if (options.memory !== undefined) return work(lead, options.memory, options);
  await using memory = openMemory();
  return await work(lead, memory, options);
}

/** What the steps of one workflow share. */
interface Workflow {
  readonly lead: Lead;
  readonly kit: MemoryKit;
  readonly memory: Tenant;
  readonly session: Session;
  readonly tenant: TenantContext;
  readonly model: BaseChatModel;
  readonly desk: LeadDesk;
  readonly meter: CallMeter;
  readonly visited: AgentName[];
  readonly signal: AbortSignal | undefined;
}

async function work(lead: Lead, kit: MemoryKit, options: WorkflowOptions): Promise<WorkflowResult> {
  const begun = performance.now();
  const tenant = options.tenant ?? createTenantContext();
  const memory = kit.memory.tenant(tenant.tenantId);
  const session = memory.session(kit.ids.next(), {
    subject: tenant.userId,
    metadata: {
      leadId: lead.id,
      premium: tenant.isPremium,
      ...(lead.company === undefined ? {} : { company: lead.company }),
    },
    // Of a workflow that a killed process has left behind.
    ttlMs: dayMs,
  });
  const workflow: Workflow = {
    lead,
    kit,
    memory,
    session,
    tenant,
    model: options.model ?? createRuleModel(),
    desk: createLeadDesk(lead, session, tenant, kit.clock),
    meter: createCallMeter(kit, tenant),
    visited: [],
    signal: options.signal,
  };
  const done = await traceWorkflow({ name: "lead", conversation: session.id }, () =>
    session.run(() => workAndReport(workflow, begun)),
  );
  const durationMs = Math.round((performance.now() - begun) * 10) / 10;
  return {
    workflowId: session.id,
    leadId: lead.id,
    ...done,
    agentsVisited: workflow.visited,
    calls: workflow.meter.calls,
    remembered: workflow.desk.remembered,
    durationMs,
  };
}

type End = Pick<WorkflowResult, "outcome" | "summary">;

async function workAndReport(workflow: Workflow, begun: number): Promise<End & Report> {
  const end = await workToTheEnd(workflow);
  const durationMs = performance.now() - begun;
  const reported = await reportAndLearn(workflow, end, durationMs).catch((error: unknown) => ({
    ...nothingKnown,
    outcome: "failed" as const,
    summary: end.outcome === "failed" ? end.summary : `The memory failed after the work: ${reasonOf(error)}`,
  }));
  return { ...end, ...reported };
}

async function workToTheEnd(workflow: Workflow): Promise<End> {
  const { session, lead, desk } = workflow;
  try {
    const { id, email, message } = lead;
    await session.append({ role: "user", content: message, metadata: { leadId: id, email } });
    const { outcome, summary } = await visit(workflow, "coordinator");
    await desk.conclude(outcome);
    return { outcome, summary };
  } catch (error) {
    const outcome =
      error instanceof CallLimitError && error.limit === "callsPerHour" ? "limit_reached" : "failed";
    return { outcome, summary: reasonOf(error) };
  }
}

/** Runs one agent, and inside its turn whatever it hands over to; returns how the lead was closed. */
async function visit(
  workflow: Workflow,
  agent: AgentName,
  handoff?: Brief["handoff"],
  passed: readonly Message[] = [],
): Promise<CloseRequest> {
  const { session, tenant, signal } = workflow;
  workflow.visited.push(agent);
  const run = {
    agent,
    tenant,
    model: workflow.model,
    desk: workflow.desk,
    brief: {
      lead: workflow.lead,
      ...(handoff === undefined ? {} : { handoff }),
      conversation: passed.map(describeMessage).filter((line) => line !== undefined),
    },
    memory: await remembered(workflow, agent),
    count: () => workflow.meter.count(),
    log: async (message: Message) => {
      await session.append(message, { agent });
    },
    onUnavailable: (target: AgentName) => refuseHandoff(workflow, agent, target, `${agent} reached for it`),
    ...(signal === undefined ? {} : { signal }),
  };
  const decision = await traceAgent({ name: agent }, () => runAgent(run));
  if (decision.kind === "transfer") return await handOver(workflow, agent, decision.transfer);
  const { needed, summary } = decision.close;
  if (needed !== undefined) await refuseHandoff(workflow, agent, needed, summary);
  return decision.close;
}

async function handOver(
  workflow: Workflow,
  from: AgentName,
  transfer: TransferRequest,
): Promise<CloseRequest> {
  const { kit, session, desk, tenant, signal } = workflow;
  const { to, reason, priority, notes } = transfer;
  const { contextMessages } = serviceLevel(tenant);
  const qualification = await desk.qualification();
  const data = {
    ...(qualification === undefined ? {} : { score: qualification.score, grade: qualification.grade }),
    ...(notes === undefined ? {} : { notes }),
  };
  return await kit.handoffs.run(
    {
      session,
      from,
      to,
      reason,
      priority,
      data,
      policy: contextMessages === undefined ? full() : last(contextMessages),
      outcome: ({ outcome }) => outcome,
    },
    (input) => visit(workflow, to, { from, reason, data }, input.messages),
    { signal },
  );
}

/** Records that control did not pass, and why. Returns the reason; empty when nothing stood in the way. */
async function refuseHandoff(
  workflow: Workflow,
  from: AgentName,
  to: AgentName,
  reason: string,
): Promise<string> {
  const why =
    refusal(workflow.tenant, to) ??
    (reachable[from].includes(to) ? undefined : `${from} does not hand over to ${to}`);
  if (why === undefined) return "";
  const { kit, session } = workflow;
  const handle = await kit.handoffs.start(session, {
    from,
    to,
    reason,
    priority: serviceLevel(workflow.tenant).priority,
  });
  await handle.reject(why);
  return `Refused: ${why}.`;
}

/** What memory holds about this lead and about how the agent does, as a part of its prompt. */
async function remembered({ memory, session, lead, tenant }: Workflow, agent: AgentName): Promise<string> {
  const { rememberedFacts: entries } = serviceLevel(tenant);
  // What the agent knows of this lead only: another lead's facts are none of this one's business.
  const { email, company } = factKeys(lead);
  const tags = { any: company === undefined ? [email] : [email, company] };
  const context = await memory.context({
    session,
    agent,
    tags,
    entries,
    performance: true,
    maxTokens: memoryTokens,
    shares: { "durable.agent": 0.5, "volatile.messages": 0, recalled: 0 },
    // The handoff says what the agent is shown of the conversation.
    view: false,
    activity: 0,
  });
  return renderContext(context).text;
}

/** The most tokens that memory takes of a prompt. */
const memoryTokens = 2000;

const dayMs = 86_400_000;

type Report = Pick<
  WorkflowResult,
  | "score"
  | "grade"
  | "seenBefore"
  | "handoffsRecorded"
  | "handoffs"
  | "draft"
  | "meeting"
  | "activity"
  | "archivedEvents"
>;

async function reportAndLearn(workflow: Workflow, end: End, durationMs: number): Promise<Report> {
  const { memory, session, visited } = workflow;
  await session.recordExecution({
    agent: visited.at(-1) ?? "coordinator",
    status: failures.has(end.outcome) ? "failed" : "completed",
    output: { ...end, calls: workflow.meter.calls },
    durationMs: Math.round(durationMs),
  });
  const reported = await report(workflow);
  await recordLessons(session, { ...end, ...reported, agentsVisited: visited, durationMs });
  const { version } = await memory.archive(session.id);
  return { ...reported, archivedEvents: version };
}

const failures: ReadonlySet<Outcome> = new Set(["failed", "limit_reached"]);

async function report({ kit, session, desk }: Workflow): Promise<Omit<Report, "archivedEvents">> {
  const qualification = await desk.qualification();
  const { entries } = await kit.handoffs.chain(session);
  return {
    score: qualification?.score ?? null,
    grade: qualification?.grade ?? null,
    seenBefore: qualification?.rememberedFrom ?? null,
    handoffsRecorded: entries.length,
    handoffs: entries,
    draft: (await desk.drafted()) ?? null,
    meeting: (await desk.booked()) ?? null,
    activity: await session.activity(),
  };
}

const nothingKnown: Report = {
  score: null,
  grade: null,
  seenBefore: null,
  handoffsRecorded: 0,
  handoffs: [],
  draft: null,
  meeting: null,
  activity: null,
  archivedEvents: null,
};

/** One line: what providers throw can be a page of HTML. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim()
    .slice(0, 300);
}
