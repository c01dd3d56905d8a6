import { allPages, type CallOptions, defaultLimits, type EventLog, isEvent } from "@relevo/core";
import {
  admitOptions,
  admitTenant,
  admitTime,
  callKinds,
  type FieldTable,
  fieldTable,
  throwIfAborted,
} from "@relevo/core/input";
import { type GraphEntry, graphOfSessions, type HandoffGraph } from "./graph.ts";

export interface GraphOptions extends CallOptions {
  /** Only what was recorded at or after this time, in milliseconds since the epoch. */
  readonly since?: number;
  /** Only what was recorded before this time. */
  readonly until?: number;
}

const fields: FieldTable = fieldTable<GraphOptions>({ ...callKinds, since: "selects", until: "selects" });

/**
 * The handoffs of all sessions of a tenant, by a scan of what was recorded in a time. A handoff that ended in it counts
 * with its end, also when it started before; one that started in it and did not end in it counts as `running`. Reads
 * every handoff event of that time; memory grows with the handoffs.
 */
export async function readGraph(
  log: EventLog,
  tenantId: string,
  given: GraphOptions | undefined,
): Promise<HandoffGraph> {
  const options = admitOptions(given, fields);
  throwIfAborted(options.signal);
  const tenant = admitTenant(tenantId, defaultLimits);
  const { signal, since, until } = options;
  admitTime(since, "since");
  admitTime(until, "until");
  const query = {
    types: ["handoff"],
    limit: 1000,
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  } as const;
  const sessions = new Map<string, Map<string, GraphEntry>>();
  for await (const { session, incarnation, event } of allPages((cursor) =>
    log.scan(tenant, { ...query, ...cursor, signal }),
  )) {
    if (!isEvent(event, "handoff")) continue;
    const key = JSON.stringify([session, incarnation]);
    const entries = sessions.get(key) ?? new Map<string, GraphEntry>();
    sessions.set(key, entries);
    const { handoffId, from, to, parentId, mode, status, durationMs } = event.body;
    const known = entries.get(handoffId);
    // The first ending counts, and keeps the place of the start.
    if (known !== undefined && (status === "started" || known.status !== "running")) continue;
    entries.set(handoffId, {
      handoffId,
      from,
      to,
      ...(parentId === undefined ? {} : { parentId }),
      ...(mode === undefined ? {} : { mode }),
      status: status === "started" ? "running" : status,
      ...(durationMs === undefined ? {} : { durationMs }),
    });
  }
  return graphOfSessions(Array.from(sessions.values(), (entries) => [...entries.values()]));
}
