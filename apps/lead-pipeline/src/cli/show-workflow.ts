import { isEvent, type JsonValue } from "@relevo/core";
import { agentNames } from "../agents/agent-names.ts";
import { describeMessage } from "../agents/messages.ts";
import { type DrawnWorkflow, drawChain } from "../output/handoff-chain.ts";
import { printableJson } from "../output/json-report.ts";
import { counted } from "../output/lead-table.ts";
import { createScreen, type Screen } from "../output/screen.ts";
import { oneLine, wrap } from "../output/terminal-text.ts";
import type { MemoryKit } from "../workflow/memory-kit.ts";
import { type Outcome, outcomes } from "../workflow/outcome.ts";
import type { CliProcess } from "./cli-process.ts";
import type { CliOptions } from "./options.ts";

/** A finished workflow, as the archive has it. */
interface ArchivedWorkflow extends DrawnWorkflow {
  readonly summary: string;
  readonly events: number;
  /** ISO 8601, UTC. */
  readonly finishedAt: string;
  readonly story: readonly { readonly agent: string; readonly text: string }[];
}

/** Shows a finished workflow from the archive, which stays as it is, and returns the exit code. */
export async function showWorkflow(
  id: string,
  kit: MemoryKit,
  { tenant, json }: CliOptions,
  io: CliProcess,
  complain: (text: string) => void,
): Promise<number> {
  const workflow = await readWorkflow(id, kit, tenant.tenantId);
  if (workflow === undefined) {
    complain(`The tenant ${tenant.tenantId} has no finished workflow ${id} in this memory.`);
    return 2;
  }
  io.stdout.write(
    `${json ? printableJson(workflow) : drawWorkflow(workflow, createScreen(io.stdout, io.env))}\n`,
  );
  return 0;
}

async function readWorkflow(
  id: string,
  { archive }: MemoryKit,
  tenant: string,
): Promise<ArchivedWorkflow | undefined> {
  const session = archive.memory.tenant(tenant).session(id);
  const head = await session.head();
  if (head === undefined) return undefined;
  const { metadata, version, updatedAt } = head;
  const [messages, { entries }, { events }] = await Promise.all([
    session.messages(),
    archive.handoffs.chain(session),
    session.events({ types: ["execution"], direction: "backward", limit: 1 }),
  ]);
  const [last] = events;
  const { outcome, summary } = endOf(last && isEvent(last, "execution") ? last.body?.output : undefined);
  const spoke = new Set(messages.map(({ agent }) => agent));
  return {
    workflowId: id,
    lead: {
      id: String(metadata.leadId ?? "unknown"),
      ...(typeof metadata.company === "string" ? { company: metadata.company } : {}),
    },
    outcome,
    summary,
    agentsVisited: agentNames.filter((name) => spoke.has(name)),
    handoffs: entries,
    events: version,
    finishedAt: new Date(updatedAt).toISOString(),
    story: messages.flatMap((message) =>
      message.role === "user" && typeof message.content === "string"
        ? [{ agent: "lead", text: message.content }]
        : (describeMessage(message) ?? []),
    ),
  };
}

function endOf(output: JsonValue | undefined): { readonly outcome: Outcome; readonly summary: string } {
  const { outcome, summary } = (typeof output === "object" && output !== null ? output : {}) as {
    readonly outcome?: JsonValue;
    readonly summary?: JsonValue;
  };
  return { outcome: outcomes.find((one) => one === outcome) ?? "failed", summary: String(summary ?? "") };
}

function drawWorkflow(workflow: ArchivedWorkflow, screen: Screen): string {
  const { paint, columns } = screen;
  const { summary, events, finishedAt, story } = workflow;
  const lines = story.map(({ agent, text }) => wrap(`  ${agent}: ${oneLine(text)}`, columns, "    ", 3));
  const facts = `  ${counted(events, "event")}, finished on ${finishedAt.slice(0, 16).replace("T", " at ")} UTC`;
  return [
    drawChain(workflow, screen),
    "",
    paint("bold", "What was said and done"),
    ...lines,
    "",
    paint("bold", "In the archive"),
    wrap(`  ${oneLine(summary)}`, columns, "  ", 3),
    wrap(facts, columns, "  ", 3),
  ].join("\n");
}
