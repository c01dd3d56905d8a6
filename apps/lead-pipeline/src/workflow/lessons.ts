import type { AgentPerformance, Recommendation, Session, Tenant } from "@relevo/memory";
import { type AgentName, agentNames } from "../agents/agent-names.ts";
import type { EmailDraft, Qualification } from "../agents/desk.ts";
import type { Outcome } from "./outcome.ts";

/** What an agent has learned over all runs, of a tenant. */
export interface Lessons {
  readonly agent: AgentName;
  readonly performance: AgentPerformance;
  /** What has won most, as far as that can be said. */
  readonly recommended: Recommendation | undefined;
}

/** A person is to hear from us, or has a date. */
const won: ReadonlySet<Outcome> = new Set(["meeting_scheduled", "contacted", "qualified"]);

/** What ended for reasons of its own says nothing about how the agents work. */
const noLesson: ReadonlySet<Outcome> = new Set(["limit_reached", "on_hold", "duplicate", "spam"]);

/** How a workflow ended, as its result says. */
interface Worked {
  readonly outcome: Outcome;
  readonly summary: string;
  readonly grade: Qualification["grade"] | null;
  readonly draft: EmailDraft | null;
  readonly meeting: string | null;
  readonly agentsVisited: readonly AgentName[];
  readonly durationMs: number;
}

/** Notes for every agent that worked on the lead how that ended, once for each workflow. */
export async function recordLessons(session: Session, worked: Worked): Promise<void> {
  if (noLesson.has(worked.outcome)) return;
  const success = won.has(worked.outcome);
  const { durationMs, summary } = worked;
  await Promise.all(
    [...new Set(worked.agentsVisited)].map((agent) =>
      session
        .agent(agent)
        .recordOutcome(
          { success, strategy: strategyOf(agent, worked), durationMs, task: summary.slice(0, 200) },
          { operationId: session.id },
        ),
    ),
  );
}

/** Which way the agent took. */
function strategyOf(agent: AgentName, { agentsVisited, grade, draft, meeting }: Worked): string {
  switch (agent) {
    case "coordinator":
      return agentsVisited[1] === undefined ? "closes alone" : `to ${agentsVisited[1].replaceAll("_", " ")}`;
    case "lead_qualifier":
      return grade === null ? "no grade" : `grade ${grade}`;
    case "outbound_contact":
      return draft === null ? "no draft" : `${draft.kind.replaceAll("_", " ")} (${draft.language})`;
    default:
      return meeting === null ? "no slot" : "earliest slot";
  }
}

export async function readLessons(tenant: Tenant): Promise<readonly Lessons[]> {
  return Promise.all(
    agentNames.map(async (agent) => {
      const memory = tenant.agent(agent);
      const [performance, recommended] = await Promise.all([
        memory.performance({ feedback: 0 }),
        memory.recommend(),
      ]);
      return { agent, performance, recommended };
    }),
  );
}
