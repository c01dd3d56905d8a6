import {
  type CallOptions,
  type ChangedUnit,
  type ChangesPage,
  type DocumentWrite,
  MemoryError,
} from "@relevo/core";
import { throwIfAborted } from "@relevo/core/input";
import type { MemoryStore, Runtime } from "../runtime.ts";
import { countOwner, kindOfOwner } from "./count-owner.ts";
import { type Budget, countSession } from "./count-session.ts";
import { Counting } from "./counters.ts";
import { placesOf, type StatsPlace } from "./stats-place.ts";
import { StatsRecord, type StatsState } from "./stats-record.ts";
import { countersOf, isEmpty, toJson, type UnitCount } from "./unit-count.ts";

export interface FollowOptions extends CallOptions {
  readonly maxUnits: number;
  readonly maxEvents: number;
}

/** Units of one page, whose counts are written in one step with the totals. */
const unitsAtOnce = 100;
/** How long the count of what has ended is kept: the write that empties it cannot delete it too. */
const emptyTtlMs = 60_000;

/**
 * Counts what was written since the last call of any process, at most about so many units and events, and answers the
 * totals. What each unit adds is kept, so that a change replaces it. A page of units, the totals and the cursor are
 * written in one step, under the condition that nobody wrote the totals meanwhile: after a crash a page is counted again,
 * and of two processes one continues where the other has stopped.
 *
 * @throws `unsupported` without a change feed.
 */
export async function followChanges(
  runtime: Runtime,
  tenant: string,
  { maxUnits, maxEvents, signal }: FollowOptions,
): Promise<{ readonly state: StatsState; readonly complete: boolean }> {
  const call = { signal };
  const places = placesOf(runtime);
  const record = new StatsRecord(runtime, tenant, places, call);
  const startedAt = runtime.clock.now();
  const left: Left = { units: maxUnits, events: maxEvents };
  await record.read();
  let complete = true;
  for (const place of places) {
    const asOf = complete && place === places.at(-1) ? startedAt : undefined;
    const end = await followPlace(record, place, left, { asOf, ...call });
    if (end === "lost") {
      await record.startAgain();
      return followChanges(runtime, tenant, { maxUnits: left.units, maxEvents: left.events, signal });
    }
    complete &&= end === "complete";
  }
  if (complete) await record.removeOld();
  return { state: complete ? { ...record.state, asOf: startedAt } : record.state, complete };
}

/** What a call may still look at. */
interface Left extends Budget {
  units: number;
}

/** `lost` when the store no longer reaches back to where the record ended. */
async function followPlace(
  record: StatsRecord,
  place: StatsPlace,
  left: Left,
  { asOf: caughtUpAt, signal }: CallOptions & { readonly asOf: number | undefined },
): Promise<"complete" | "more" | "lost"> {
  const call = { signal };
  let cursor = record.state.cursors[place.name];
  let passed = 0;
  for (;;) {
    throwIfAborted(signal);
    if (left.units <= 0 || left.events <= 0) return "more";
    const limit = Math.min(left.units, unitsAtOnce, record.unitsInWrite);
    const page = await changesAfter(place.store, record.tenant, cursor, limit, call);
    if (page === undefined) return "lost";
    const units = page.units.filter((unit) => isCounted(unit, place));
    left.units -= units.length;
    passed += page.units.length;
    const isEnd = !page.more;
    // The record itself is among what was written, so that a write for nothing else would never end.
    const isDue = units.length > 0 || (isEnd && passed > unitsAtOnce);
    let isWhole = true;
    if (isDue) {
      const { state } = record;
      const counted = await countUnits(record, place, units, left, call);
      ({ isWhole } = counted);
      const next = {
        ...state,
        totals: counted.totals,
        cursors: isWhole ? { ...state.cursors, [place.name]: page.cursor } : state.cursors,
        asOf: isWhole && isEnd ? (caughtUpAt ?? state.asOf) : state.asOf,
      };
      // When another process was faster, this one continues where that one stopped.
      if (!(await record.write(next, counted.counts))) {
        cursor = record.state.cursors[place.name];
        continue;
      }
      passed = 0;
    }
    if (!isWhole) continue;
    if (isEnd) return "complete";
    cursor = page.cursor;
  }
}

async function countUnits(
  record: StatsRecord,
  place: StatsPlace,
  units: readonly ChangedUnit[],
  budget: Budget,
  call: CallOptions,
): Promise<{
  readonly counts: readonly DocumentWrite[];
  readonly totals: StatsState["totals"];
  /** False when the budget ended within a unit. */
  readonly isWhole: boolean;
}> {
  const addresses = units.map((unit) => record.addressOf(unit, place));
  const known = await record.counts(addresses);
  const found = await Promise.all(
    units.map((unit, index) => countUnit(record, place, { unit, before: known[index] }, budget, call)),
  );
  const totals = new Counting(record.state.totals);
  const counts: DocumentWrite[] = [];
  for (const [index, { count }] of found.entries()) {
    const [unit, before, address] = [units[index], known[index], addresses[index]];
    if (unit === undefined || address === undefined || (before === undefined && isEmpty(count))) continue;
    totals.addAll(countersOf(unit, place, before), -1);
    totals.addAll(countersOf(unit, place, count));
    counts.push({ address, value: toJson(count), ...(isEmpty(count) ? { ttlMs: emptyTtlMs } : {}) });
  }
  const counters = totals.counters();
  return {
    counts,
    totals: units.some(namesAgents) ? { ...counters, agents: await record.countAgents() } : counters,
    isWhole: !found.some(({ more }) => more),
  };
}

/** An agent may be in both tiers and have outcomes: agents are listed, which are few, when one may have come or gone. */
function namesAgents(unit: ChangedUnit): boolean {
  if (unit.kind === "session") return false;
  const kind = kindOfOwner(unit.namespace);
  return kind === "agents" || kind === "outcomes";
}

async function countUnit(
  { tenant }: StatsRecord,
  { store, documents }: StatsPlace,
  { unit, before }: { readonly unit: ChangedUnit; readonly before: UnitCount | undefined },
  budget: Budget,
  call: CallOptions,
): Promise<{ readonly count: UnitCount; readonly more: boolean }> {
  if (unit.kind === "session") {
    const address = { tenant, session: unit.session };
    const counted = before?.kind === "session" ? before.session : undefined;
    const { count: session, more } = await countSession(store, address, counted, budget, call);
    return { count: { kind: "session", session }, more };
  }
  const tier = documents ?? "durable";
  const counters = await countOwner(store, tenant, unit.namespace, tier, call);
  const parts = before?.kind === "owner" ? before : {};
  return { count: { ...parts, kind: "owner", [tier]: counters }, more: false };
}

function isCounted(unit: ChangedUnit, { sessions, documents }: StatsPlace): boolean {
  if (unit.kind === "session") return sessions !== undefined;
  return documents !== undefined && kindOfOwner(unit.namespace) !== undefined;
}

/** `undefined` when the store no longer reaches back to the cursor. */
async function changesAfter(
  { feed }: MemoryStore,
  tenant: string,
  cursor: string | undefined,
  limit: number,
  call: CallOptions,
): Promise<ChangesPage | undefined> {
  if (feed === undefined)
    throw new MemoryError(
      "unsupported",
      "Statistics follow the change feed of a store, which this one has not.",
    );
  try {
    return await feed.changes(tenant, { ...(cursor === undefined ? {} : { cursor }), limit, ...call });
  } catch (error) {
    if (cursor !== undefined && MemoryError.isInstance(error, "history-lost")) return undefined;
    throw error;
  }
}
