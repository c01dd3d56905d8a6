import type { EventType } from "../../../events.ts";
import type { ScannedEvent } from "../../../ports/event-scan.ts";
import type { Answer } from "../../answer.ts";
import type { DriverPage } from "../../driver.ts";
import type { AdmittedScan, ScanPosition } from "../../list-calls.ts";
import type { DriverContext } from "../context.ts";
import { generationKeys, tenantKeys } from "../layout.ts";
import { afterKey, afterPrefix } from "../space/encode-key.ts";
import { timeOf } from "../space/failures.ts";
import { readRecords } from "../space/records.ts";
import { liveState, type SessionState } from "../unit/session-slot.ts";
import type { EventRecord } from "./event-entries.ts";
import { slotOf } from "./log-snapshot.ts";
import { withPending } from "./settle-marks.ts";

/** How many events one call looks at beyond those it returns. */
const lookBudget = 10_000;
const batchSize = 250;

/** What an event's entry by time holds, so that filters need not look at the event. */
export type TimeEntry = readonly [
  session: string,
  seq: number,
  generation: string,
  recordedAt: number,
  type: EventType,
  agent: string | null,
];

/** Events of all sessions through the list by time. Each is read together with its session before it is returned. */
export async function scanEvents(
  { space }: DriverContext,
  request: AdmittedScan,
): Promise<Answer<DriverPage<ScannedEvent, ScanPosition>>> {
  const { tenant, types, agent, since, until, limit, after } = request;
  const now = await timeOf(space);
  const items: ScannedEvent[] = [];
  let from = tenantKeys.byTime(tenant, Math.max(since, Number.MIN_SAFE_INTEGER));
  if (after !== undefined) {
    const behind = afterPrefix(tenantKeys.byTime(tenant, after.recordedAt, after.session, after.seq));
    if (Buffer.compare(behind, from) > 0) from = behind;
  }
  const to = tenantKeys.byTime(tenant, until);
  let budget = limit + lookBudget;
  let position: ScanPosition | undefined;
  while (Buffer.compare(from, to) < 0) {
    const size = Math.min(limit - items.length + 1, batchSize);
    const { ranges } = await readRecords(space, [], [{ from, to, limit: size }], request);
    const found = ranges[0] ?? [];
    const entries = found.map(({ value }) => value as unknown as TimeEntry);
    const isWanted = (entry: TimeEntry): boolean =>
      (types?.has(entry[4]) ?? true) && (agent === undefined || entry[5] === agent);
    const events = await readListed(space, request, entries.filter(isWanted), now);
    for (const entry of entries) {
      if ((items.length === limit || budget-- === 0) && position !== undefined)
        return { ok: { items, next: position } };
      const [session, seq, , recordedAt] = entry;
      position = { recordedAt, session, seq };
      const event = events.get(entry);
      if (event !== undefined) items.push(event);
    }
    const last = found.at(-1);
    if (last === undefined || found.length < size) break;
    from = afterKey(last.key);
  }
  return { ok: { items } };
}

/** Those of the listed events that are still effective, in a session that lives. */
async function readListed(
  space: DriverContext["space"],
  { tenant, signal, types, agent }: AdmittedScan,
  entries: readonly TimeEntry[],
  now: number,
): Promise<ReadonlyMap<TimeEntry, ScannedEvent>> {
  const listed = new Map<TimeEntry, ScannedEvent>();
  const sessions = [...new Set(entries.map(([session]) => session))];
  if (sessions.length === 0) return listed;
  const { records } = await readRecords(
    space,
    [
      ...sessions.map((session) => tenantKeys.session(tenant, session)),
      ...entries.map(([, seq, generation]) => generationKeys(tenant, generation).effective(seq)),
    ],
    [],
    { signal },
  );
  const states = new Map<string, SessionState | undefined>();
  for (const [index, session] of sessions.entries())
    states.set(session, liveState(slotOf(records[index]), now));
  for (const [index, entry] of entries.entries()) {
    const [session, , generation] = entry;
    const state = states.get(session);
    const stored = (records[sessions.length + index]?.value as unknown as EventRecord | undefined)?.event;
    if (state?.generation !== generation || stored === undefined) continue;
    const event = withPending(stored, state.pending);
    if (event.retractedBy !== undefined || (types !== undefined && !types.has(event.type))) continue;
    if (agent === undefined || event.agent === agent)
      listed.set(entry, { session, incarnation: state.incarnation, event });
  }
  return listed;
}
