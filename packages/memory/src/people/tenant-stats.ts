import type { CallOptions } from "@relevo/core";
import { admitInteger, admitOptions, type FieldTable, fieldTable, maxPageSize } from "@relevo/core/input";
import type { MemoryStore, Runtime } from "../runtime.ts";

export interface StatsOptions extends CallOptions {
  /** The most sessions of each place to count, newest first, which bounds the cost; 10,000 when left out. */
  readonly maxSessions?: number | undefined;
  /** A session counts as active when it was written so short a time ago; 3,600,000 (an hour) when left out. */
  readonly activeMs?: number | undefined;
}

/** How much there is, by the heads of sessions. */
export interface SessionStats {
  readonly sessions: number;
  readonly events: number;
  /** As appended, in JSON; what a store needs beside it is not in it. */
  readonly bytes: number;
  /** False when there are older sessions than were counted. */
  readonly complete: boolean;
}

export interface TenantStats extends SessionStats {
  /** Sessions that were written lately: conversations and workflows under way. */
  readonly active: number;
  /** People with sessions among those that were counted. */
  readonly people: number;
  /** When the newest was written, in milliseconds since the epoch, by the store's clock. */
  readonly newestAt?: number;
  /** What is in the archive, where there is one. */
  readonly archive?: SessionStats;
}

const fields: FieldTable = fieldTable<StatsOptions>({
  signal: "refines",
  maxSessions: "refines",
  activeMs: "refines",
});

/** Counts by heads alone, which stores list by an index: no event and no document is read. */
export async function tenantStats(
  runtime: Runtime,
  tenant: string,
  given: StatsOptions | undefined,
): Promise<TenantStats> {
  const { maxSessions = 10_000, activeMs = 3_600_000, signal } = admitOptions(given, fields);
  admitInteger(maxSessions, "options.maxSessions", 1);
  const since = runtime.clock.now() - admitInteger(activeMs, "options.activeMs", 1);
  runtime.requireOpen();
  const { people, active, newestAt, ...counts } = await count(runtime.sessions, tenant, maxSessions, since, {
    signal,
  });
  const archived = runtime.archive && (await count(runtime.archive, tenant, maxSessions, since, { signal }));
  return {
    ...counts,
    active,
    people,
    ...(newestAt === undefined ? {} : { newestAt }),
    ...(archived === undefined
      ? {}
      : {
          archive: {
            sessions: archived.sessions,
            events: archived.events,
            bytes: archived.bytes,
            complete: archived.complete,
          },
        }),
  };
}

async function count(
  { log }: MemoryStore,
  tenant: string,
  maxSessions: number,
  since: number,
  { signal }: CallOptions,
): Promise<
  SessionStats & { readonly active: number; readonly people: number; readonly newestAt: number | undefined }
> {
  const people = new Set<string>();
  const total = { sessions: 0, events: 0, bytes: 0, active: 0 };
  let newestAt: number | undefined;
  let cursor: string | undefined;
  do {
    const limit = Math.min(maxPageSize, maxSessions - total.sessions);
    const page = await log.list(tenant, { order: "updated", direction: "backward", limit, cursor, signal });
    for (const { events, bytes, subject, updatedAt } of page.items) {
      total.sessions++;
      total.events += events;
      total.bytes += bytes;
      if (updatedAt > since) total.active++;
      if (subject !== undefined) people.add(subject);
      newestAt ??= updatedAt;
    }
    cursor = page.cursor;
  } while (cursor !== undefined && total.sessions < maxSessions);
  return { ...total, people: people.size, newestAt, complete: cursor === undefined };
}
