import type { CallOptions } from "@relevo/core";
import { admitInteger, admitOptions, type FieldTable, fieldTable, maxPageSize } from "@relevo/core/input";
import type { Runtime } from "../runtime.ts";
import { noUsage, type SessionUsage } from "../session/usage.ts";
import { below, type Counters, sum } from "./counters.ts";
import { followChanges } from "./follow-changes.ts";

export interface StatsOptions extends CallOptions {
  /**
   * The most changed sessions and owners of documents to count first; 1,000 when left out. 0 answers what has been
   * counted so far.
   */
  readonly maxUnits?: number | undefined;
  /** About the most events to read for it; 100,000 when left out. */
  readonly maxEvents?: number | undefined;
  /** A session counts as active when it was written so short a time ago; 3,600,000 (an hour) when left out. */
  readonly activeMs?: number | undefined;
  /** The most active sessions to count; 10,000 when left out. */
  readonly maxActive?: number | undefined;
}

/** What sessions hold. */
export interface SessionStats {
  readonly sessions: number;
  /** In their logs, tombstones and retracted ones included. */
  readonly events: number;
  /** As appended, in JSON; what a store needs beside it is not in it. */
  readonly bytes: number;
  /** Neither retracted nor erased; so are the others below. */
  readonly messages: { readonly total: number; readonly byRole: Counters };
  readonly summaries: number;
  /** Records by their status. A handoff has two: that it was started, and how it ended. */
  readonly handoffs: Counters;
  /** Records by their status. An execution that was recorded twice, as running and as completed, is in both. */
  readonly executions: Counters;
  /** Of assistant messages, as in `activity()`. */
  readonly usage: SessionUsage;
}

export interface TenantStats extends SessionStats {
  /**
   * Documents that this package shows: of `sessions` (working memory, notes, what was shown), in memories of `agents` and
   * `people`, entries of `workspaces`, `knowledge`, and the `application`'s own. By the tier in which they are; those of
   * sessions are in the tier `session`. A memory in both tiers counts in each.
   */
  readonly documents: { readonly total: number; readonly byKind: Counters; readonly byTier: Counters };
  /** People of whom something is kept, as `users()` lists them. */
  readonly people: number;
  readonly workspaces: number;
  /** As `agents()` lists them; at most 1,000 are counted. */
  readonly agents: number;
  /** Sessions that were written lately, as of now: conversations and workflows under way. */
  readonly active: number;
  /** When the newest was written, in milliseconds since the epoch, by the store's clock. */
  readonly newestAt?: number;
  /** What is in the archive, where there is one. */
  readonly archive?: SessionStats;
  /** True when everything that was written before the call is counted. Otherwise another call goes on. */
  readonly complete: boolean;
  /** Everything that was written before is counted, by the clock of this memory; absent before it was so once. */
  readonly asOf?: number;
}

const fields: FieldTable = fieldTable<StatsOptions>({
  signal: "refines",
  maxUnits: "refines",
  maxEvents: "refines",
  activeMs: "refines",
  maxActive: "refines",
});

/** What `tenant.stats` promises. */
export async function tenantStats(
  runtime: Runtime,
  tenant: string,
  given: StatsOptions | undefined,
): Promise<TenantStats> {
  const options = admitOptions(given, fields);
  const { maxUnits = 1_000, maxEvents = 100_000, activeMs = 3_600_000, maxActive = 10_000, signal } = options;
  admitInteger(maxUnits, "options.maxUnits", 0);
  admitInteger(maxEvents, "options.maxEvents", 1);
  admitInteger(activeMs, "options.activeMs", 1);
  admitInteger(maxActive, "options.maxActive", 1);
  runtime.requireOpen();
  const { state, complete } = await followChanges(runtime, tenant, { maxUnits, maxEvents, signal });
  const { totals, asOf } = state;
  const documents = { ...below(totals, "documents"), ...below(totals, "sessions/documents") };
  return {
    ...sessionStats(below(totals, "sessions")),
    documents: { total: sum(documents), byKind: grouped(documents, 0), byTier: grouped(documents, 1) },
    people: totals.people ?? 0,
    workspaces: totals.workspaces ?? 0,
    agents: totals.agents ?? 0,
    ...(await countActive(runtime, tenant, runtime.clock.now() - activeMs, maxActive, signal)),
    ...(runtime.archive === undefined ? {} : { archive: sessionStats(below(totals, "archive")) }),
    complete,
    ...(asOf === undefined ? {} : { asOf }),
  };
}

function sessionStats(counters: Counters): SessionStats {
  const byRole = below(counters, "messages");
  const usage = noUsage();
  // Differences of costs leave traces far behind the point.
  for (const name of Object.keys(usage) as (keyof SessionUsage)[])
    usage[name] = Math.round((counters[`usage/${name}`] ?? 0) * 1e9) / 1e9;
  return {
    sessions: counters.sessions ?? 0,
    events: counters.events ?? 0,
    bytes: counters.bytes ?? 0,
    messages: { total: sum(byRole), byRole },
    summaries: counters.summaries ?? 0,
    handoffs: below(counters, "handoffs"),
    executions: below(counters, "executions"),
    usage,
  };
}

/** Sums of counters named `a/b`, by the first or the second part. */
function grouped(counters: Counters, part: 0 | 1): Counters {
  const sums: Record<string, number> = {};
  for (const [name, count] of Object.entries(counters)) {
    const group = name.split("/")[part] ?? "";
    sums[group] = (sums[group] ?? 0) + count;
  }
  return sums;
}

/** Goes through the newest sessions until one is older. */
async function countActive(
  { sessions }: Runtime,
  tenant: string,
  since: number,
  maxActive: number,
  signal: AbortSignal | undefined,
): Promise<Pick<TenantStats, "active" | "newestAt">> {
  let active = 0;
  let newestAt: number | undefined;
  let cursor: string | undefined;
  do {
    const limit = Math.min(maxPageSize, maxActive - active);
    const page = await sessions.log.list(tenant, {
      order: "updated",
      direction: "backward",
      limit,
      cursor,
      signal,
    });
    newestAt ??= page.items[0]?.updatedAt;
    const old = page.items.findIndex(({ updatedAt }) => updatedAt <= since);
    active += old < 0 ? page.items.length : old;
    cursor = old < 0 ? page.cursor : undefined;
  } while (cursor !== undefined && active < maxActive);
  return newestAt === undefined ? { active } : { active, newestAt };
}
