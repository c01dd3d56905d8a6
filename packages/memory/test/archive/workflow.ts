import type { MemoryStore, Tenant } from "../../src/index.ts";
import { assistant, user } from "../fixture.ts";
import { canary, plantCase, textOf } from "./interrupted.ts";

/** The sessions of a workflow: what it began with, a fork, and a fork of that. */
export const workflow = ["case", "fork", "fork of fork"] as const;

/** A workflow with some of everything; returns its export. */
export async function plantWorkflow(acme: Tenant, { log }: MemoryStore, tenant: string): Promise<string> {
  await plantCase(acme);
  const session = acme.session("case");
  const handoff = { handoffId: "h-1", from: "planner", to: "writer", reason: "draft", depth: 1 } as const;
  const { incarnation = "", removalRevision = 0 } = (await session.head()) ?? {};
  await log.append({ tenant, session: "case" }, [
    { type: "handoff", agent: "planner", body: { ...handoff, status: "started", priority: "normal" } },
    { type: "message", agent: "writer", body: assistant("a draft") },
    {
      type: "handoff",
      agent: "planner",
      body: { ...handoff, status: "completed", priority: "normal", durationMs: 7, outcome: { text: canary } },
    },
  ]);
  const facts = { sourceHash: "x", strategy: "test", tokensBefore: 9, tokensAfter: 2 };
  await log.append(
    { tenant, session: "case" },
    [{ type: "summary", body: { ...facts, text: canary }, derivedFrom: [{ from: 1, to: 2 }] }],
    { incarnation, removalRevision },
  );
  const fork = await session.fork({ id: "fork" });
  await fork.append(user("another way"), { operationId: "in the fork" });
  await fork.working.remember("step", "of the fork");
  await fork.working.update("step", (value) => `${value}, again`);
  const second = await fork.fork({ id: "fork of fork" });
  await second.append(user("a third way"));
  return textOf(acme, { session: "case" });
}

/** The ways in which a whole workflow is moved. */
export type Move = "archive" | "restore" | "idle" | "policy";

export async function moveBy(acme: Tenant, move: Move): Promise<void> {
  switch (move) {
    case "archive":
    case "restore":
      await acme[move]("case", { forks: true });
      return;
    case "idle":
      await acme.archiveIdle({ idleMs: 0 });
      return;
    case "policy":
      await acme.retention([{ sessions: { idleMs: 1 }, action: "archive" }]).apply();
  }
}
