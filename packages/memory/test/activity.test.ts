import type { EventInput } from "@relevo/core";
import { expect, it } from "vitest";
import { createMemory, type SessionActivity, type Tenant } from "../src/index.ts";
import { assistant, oneStore, user } from "./fixture.ts";
import { randomFrom } from "./stats/random.ts";

/** By all events of the log, with the latest state of each handoff, execution and call. */
async function countAll(acme: Tenant, id: string): Promise<object> {
  const { events } = await acme.session(id).events({ limit: 1_000 });
  const handoffs = new Map<string, string>();
  const executions = new Map<string, string>();
  const open = new Set<string>();
  let tokens = 0;
  const byAgent: Record<string, number> = {};
  for (const event of events) {
    if (event.erasedAt !== undefined) continue;
    if (event.type === "handoff") handoffs.set(event.body.handoffId, event.body.status);
    if (event.type === "execution") executions.set(event.body.executionId, event.body.status);
    if (event.type !== "message") continue;
    if (event.agent !== undefined) byAgent[event.agent] = (byAgent[event.agent] ?? 0) + 1;
    const usage = event.body.metadata?.usage as { readonly outputTokens: number } | undefined;
    tokens += usage?.outputTokens ?? 0;
    if (typeof event.body.content === "string") continue;
    for (const part of event.body.content) {
      if (part.type === "tool-call") open.add(part.toolCallId);
      if (part.type === "tool-result") open.delete(part.toolCallId);
    }
  }
  const tally = (statuses: Iterable<string>): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  };
  return {
    events: events.length,
    messages: { byAgent },
    handoffs: { total: handoffs.size, byStatus: tally(handoffs.values()) },
    executions: { total: executions.size, byStatus: tally(executions.values()) },
    openCalls: [...open].map((toolCallId) => ({ toolCallId })),
    usage: { outputTokens: tokens },
  };
}

it("activity of a session under way is that of a count of everything, whichever object wrote and removed", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const { memory, store } = oneStore();
    const acme = memory.tenant("acme");
    const elsewhere = createMemory({ store, cache: false }).tenant("acme");
    const { pick, chance } = randomFrom(seed);
    const watched = acme.session("wf");
    const called: string[] = [];
    const changes: readonly ((session: typeof watched) => Promise<unknown>)[] = [
      (session) => session.append([user("q"), assistant("a")], { agent: pick(["x", "y"]) }),
      (session) => session.append({ ...assistant("a"), metadata: { usage: { outputTokens: 3 } } }),
      (session) => {
        const toolCallId = `call-${called.push("")}`;
        called[called.length - 1] = toolCallId;
        return session.append({
          role: "assistant",
          content: [{ type: "tool-call", toolCallId, toolName: "t", input: {} }],
        });
      },
      async (session) => {
        const toolCallId = called.shift();
        if (toolCallId === undefined) return;
        const content = [{ type: "tool-result", toolCallId, toolName: "t", output: 1 }] as const;
        await session.append({ role: "tool", content });
      },
      (session) =>
        session.append({
          type: "handoff",
          body: {
            handoffId: pick(["1", "2", "3"]),
            status: pick(["started", "completed", "failed"]),
            from: "x",
            to: "y",
            reason: "r",
            priority: "normal",
            depth: 0,
          },
        } as EventInput),
      (session) =>
        session.recordExecution({ executionId: pick(["1", "2"]), status: pick(["running", "completed"]) }),
      (session) => session.popMessage(),
      async (session) => {
        const [message] = await session.messages();
        if (message?.id !== undefined) await session.erase({ ids: [message.id] });
      },
    ];
    for (let step = 0; step < 40; step++) {
      await pick(changes)((chance(0.5) ? acme : elsewhere).session("wf"));
      if (chance(0.5)) continue;
      const expected = await countAll(acme, "wf");
      expect(await watched.activity(), `seed ${seed}, step ${step}`).toMatchObject(expected);
      // As a new object sees it, whole.
      const { turnUntil: _, ...whole } = await acme.session("wf").activity();
      expect(await watched.activity()).toEqual(whole);
    }
  }
});

it("a hundred sessions of thousands of messages can be watched: a look reads what is new, in four calls each", async () => {
  const { memory, store } = oneStore();
  const filler = memory.tenant("acme");
  let calls = 0;
  let events = 0;
  const counting = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get:
        (target, name) =>
        async (...args: unknown[]) => {
          calls++;
          const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
          const result = await method.apply(target, args);
          if (name === "read") events += (result as { readonly events: readonly unknown[] }).events.length;
          return result;
        },
    });
  const { log, documents, leases = expect.unreachable("has leases") } = store;
  const watched = { ...store, log: counting(log), documents: counting(documents), leases: counting(leases) };
  const acme = createMemory({ store: watched, cache: false }).tenant("acme");
  const ids = Array.from({ length: 100 }, (_, index) => `wf-${index}`);
  for (const id of ids) await filler.session(id).append(Array.from({ length: 200 }, () => user("x")));
  const long = filler.session("wf-0");
  for (let part = 0; part < 4; part++) await long.append(Array.from({ length: 980 }, () => user("x")));
  const sessions = ids.map((id) => acme.session(id));
  const look = (): Promise<readonly SessionActivity[]> =>
    Promise.all(sessions.map((session) => session.activity()));
  await look();
  for (const id of ids) await filler.session(id).append(assistant("y"), { agent: "writer" });
  calls = 0;
  events = 0;
  const found = await look();
  expect([calls, events]).toEqual([400, 100]);
  expect(found[0]).toMatchObject({ messages: { total: 4_121 }, complete: true, agents: ["writer"] });
  // Beyond the bound it counts on, and a removal is noticed.
  await long.popMessage();
  expect(await sessions[0]?.activity()).toMatchObject({ messages: { total: 4_120 } });
  expect(await sessions[0]?.activity({ maxEvents: 5 })).toMatchObject({ events: 5, complete: false });
  await long.append(user("z"));
  expect(await sessions[0]?.activity({ maxEvents: 5 })).toMatchObject({ events: 6, complete: false });
  const lease = await long.lease({ ttlMs: 1_000 });
  expect((await sessions[0]?.activity())?.turnUntil).toBe(lease.expiresAt);
  await lease.release();
  expect(await sessions[0]?.activity()).not.toHaveProperty("turnUntil");
});
