import { allPages, isEvent, readAll, type StoredEvent } from "@relevo/core";
import type { Memory, MemoryOptions, MemoryStore, SessionStats, TenantStats } from "../../src/index.ts";

type Counted = Omit<TenantStats, "asOf" | "complete" | "active" | "newestAt">;

interface Parts {
  readonly store?: MemoryStore;
  readonly volatile?: MemoryStore;
  readonly durable?: MemoryStore;
  readonly sessions?: "volatile" | "durable";
  readonly archive?: MemoryStore;
}

/** The statistics of a tenant by reading all that there is. */
export async function countEverything(
  memory: Memory,
  options: MemoryOptions,
  tenant: string,
): Promise<Counted> {
  const parts = options as Parts;
  const durable = (parts.store ?? parts.durable) as MemoryStore;
  const volatile = (parts.store ?? parts.volatile) as MemoryStore;
  const sessions = parts.sessions === "volatile" ? volatile : durable;
  const archive = parts.archive ?? (sessions === durable ? undefined : durable);
  const found = await countSessions(sessions, tenant);
  const byKind: Record<string, number> = {};
  const byTier: Record<string, number> = {};
  const add = (kind: string, tier: string): void => {
    byKind[kind] = (byKind[kind] ?? 0) + 1;
    byTier[tier] = (byTier[tier] ?? 0) + 1;
  };
  for (let index = 0; index < found.documents; index++) add("sessions", "session");
  const tiers = new Map<MemoryStore, string>([
    [volatile, "volatile"],
    [durable, "durable"],
  ]);
  for (const [store, tier] of tiers) {
    for await (const { namespace } of allPages((page) => store.documents.find({ tenant }, page))) {
      const [first, second, third, fourth] = namespace;
      if (first === "relevo" && second === "agents") {
        if (third === "durable" || third === "volatile") add("agents", third);
      } else if (first === "relevo:user" && (third === "memory" || third === "agents"))
        add("people", fourth ?? "");
      else if (first === "relevo:workspace" && third === "entries") add("workspaces", fourth ?? "");
      else if (first === "relevo:knowledge") add("knowledge", tier);
      else if (!first?.startsWith("relevo")) add("application", tier);
    }
  }
  const of = memory.tenant(tenant);
  const names = async (list: typeof of.users): Promise<number> =>
    (await collect(allPages((page) => list(page)))).length;
  return {
    ...found.stats,
    documents: { total: Object.values(byKind).reduce((total, count) => total + count, 0), byKind, byTier },
    people: await names(of.users),
    workspaces: await names(of.workspaces),
    agents: await names(of.agents),
    ...(archive === undefined ? {} : { archive: (await countSessions(archive, tenant)).stats }),
  };
}

async function countSessions(
  store: MemoryStore,
  tenant: string,
): Promise<{ readonly stats: SessionStats; readonly documents: number }> {
  const heads = await collect(allPages((page) => store.log.list(tenant, page)));
  const events: StoredEvent[] = [];
  let documents = 0;
  for (const { session } of heads) {
    for await (const page of readAll(store.log, { tenant, session })) events.push(...page);
    for await (const _ of allPages((page) => store.documents.find({ tenant, session }, page))) documents++;
  }
  const tally = (names: readonly string[]): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  };
  const messages = events.filter((event) => isEvent(event, "message"));
  const usages = messages.filter(
    ({ body }) => body.role === "assistant" && body.metadata?.usage !== undefined,
  );
  return {
    documents,
    stats: {
      sessions: heads.length,
      events: heads.reduce((total, head) => total + head.events, 0),
      bytes: heads.reduce((total, head) => total + head.bytes, 0),
      messages: { total: messages.length, byRole: tally(messages.map(({ body }) => body.role)) },
      summaries: events.filter((event) => isEvent(event, "summary")).length,
      handoffs: tally(events.filter((event) => isEvent(event, "handoff")).map(({ body }) => body.status)),
      executions: tally(events.filter((event) => isEvent(event, "execution")).map(({ body }) => body.status)),
      usage: {
        messages: usages.length,
        inputTokens: 7 * usages.length,
        outputTokens: 2 * usages.length,
        cachedInputTokens: 0,
        cost: Math.round(0.1 * usages.length * 1e9) / 1e9,
      },
    },
  };
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}
