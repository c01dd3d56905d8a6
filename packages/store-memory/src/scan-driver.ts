import type { ScannedEvent } from "@relevo/core";
import { compareUtf8 } from "@relevo/core/input";
import {
  type AdmittedScan,
  type DriverPage,
  type EventFilter,
  matchesFilter,
  type ScanDriver,
  type ScanPosition,
} from "@relevo/core/store";
import { candidateLists, openWalk } from "./read-events.ts";
import type { Session } from "./session.ts";
import type { StoreState } from "./store-state.ts";

/** How many events one call looks at beyond those it returns. */
const lookBudget = 10_000;

/** Where a session's next event stands in the order of the scan. */
interface Lane {
  readonly session: Session;
  readonly next: () => number | undefined;
  seq: number;
  recordedAt: number;
}

/** Scans by a merge of the tenant's sessions, each read in order of time through its own indexes. */
export function createScanDriver(state: StoreState): ScanDriver {
  return { scan: (request) => ({ ok: scan(state, request) }) };
}

function scan(state: StoreState, request: AdmittedScan): DriverPage<ScannedEvent, ScanPosition> {
  const { types, agent, until, limit } = request;
  const filter: EventFilter = { types, agent, pinned: undefined, atVersion: undefined, retracted: "exclude" };
  const lanes = openLanes(state, request, filter);
  const items: ScannedEvent[] = [];
  let budget = limit + lookBudget;
  let position: ScanPosition | undefined;
  for (let lane = lanes[0]; lane !== undefined; lane = lanes[0]) {
    if (lane.recordedAt >= until) break;
    if (items.length === limit || budget-- === 0) {
      if (position === undefined) break;
      return { items, next: position };
    }
    const { session, seq } = lane;
    const event = session.log.at(seq);
    position = { recordedAt: lane.recordedAt, session: session.id, seq };
    if (matchesFilter(event, filter)) {
      items.push({ session: session.id, incarnation: session.incarnation, event });
    }
    if (step(lane)) sink(lanes, 0);
    else removeTop(lanes);
  }
  return { items };
}

/** A heap of the sessions that have something at or after the start, by their first event there. */
function openLanes(state: StoreState, request: AdmittedScan, filter: EventFilter): Lane[] {
  const tenant = state.tenants.get(request.tenant);
  const lanes: Lane[] = [];
  const now = state.now();
  for (const session of [...(tenant?.sessions.values() ?? [])]) {
    if (state.endIfExpired(session, now) || session.log.size === 0) continue;
    const lane = session.log.timeOrdered
      ? orderedLane(session, request, filter)
      : sortedLane(session, request);
    if (step(lane)) lanes.push(lane);
  }
  for (let index = (lanes.length >>> 1) - 1; index >= 0; index--) sink(lanes, index);
  return lanes;
}

/** Time grows with `seq` here, so the start is found by bisection and the rest by the indexes of the log. */
function orderedLane(session: Session, request: AdmittedScan, filter: EventFilter): Lane {
  const { log } = session;
  let low = log.firstSeq;
  let high = log.version + 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(session, middle, request)) low = middle + 1;
    else high = middle;
  }
  const next = openWalk(candidateLists(log, filter), low, log.version, false);
  return { session, next, seq: 0, recordedAt: 0 };
}

/** The clock went back in this session: its events are put in order of time for this call. */
function sortedLane(session: Session, request: AdmittedScan): Lane {
  const { log } = session;
  const seqs: number[] = [];
  for (let seq = log.firstSeq; seq <= log.version; seq++) {
    if (!isBefore(session, seq, request)) seqs.push(seq);
  }
  seqs.sort((left, right) => log.at(left).recordedAt - log.at(right).recordedAt || left - right);
  let index = 0;
  return { session, next: () => seqs[index++], seq: 0, recordedAt: 0 };
}

/** Whether the event comes before where this call starts. */
function isBefore(session: Session, seq: number, { since, after }: AdmittedScan): boolean {
  const { recordedAt } = session.log.at(seq);
  if (recordedAt < since) return true;
  if (after === undefined || recordedAt > after.recordedAt) return false;
  if (recordedAt < after.recordedAt) return true;
  const order = compareUtf8(session.id, after.session);
  return order < 0 || (order === 0 && seq <= after.seq);
}

function step(lane: Lane): boolean {
  const seq = lane.next();
  if (seq === undefined) return false;
  lane.seq = seq;
  lane.recordedAt = lane.session.log.at(seq).recordedAt;
  return true;
}

function comesFirst(left: Lane, right: Lane): boolean {
  if (left.recordedAt !== right.recordedAt) return left.recordedAt < right.recordedAt;
  return compareUtf8(left.session.id, right.session.id) < 0;
}

function sink(lanes: Lane[], start: number): void {
  const lane = lanes[start] as Lane;
  let index = start;
  for (;;) {
    let child = index * 2 + 1;
    if (child >= lanes.length) break;
    if (child + 1 < lanes.length && comesFirst(lanes[child + 1] as Lane, lanes[child] as Lane)) child++;
    if (!comesFirst(lanes[child] as Lane, lane)) break;
    lanes[index] = lanes[child] as Lane;
    index = child;
  }
  lanes[index] = lane;
}

function removeTop(lanes: Lane[]): void {
  const last = lanes.pop();
  if (lanes.length === 0 || last === undefined) return;
  lanes[0] = last;
  sink(lanes, 0);
}
