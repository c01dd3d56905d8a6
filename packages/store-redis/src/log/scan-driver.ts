import type { ScannedEvent } from "@relevo/core";
import { compareUtf8 } from "@relevo/core/input";
import {
  type AdmittedScan,
  type Answer,
  type DriverPage,
  matchesFilter,
  type ScanDriver,
  type ScanPosition,
} from "@relevo/core/store";
import { replyOf } from "../answers.ts";
import type { StoreContext } from "../context.ts";
import { buckets } from "../keys.ts";
import { placesByTime, readFiltered } from "../scripts/scripts.generated.ts";
import { agentLetter, decodeEvent } from "./event-codec.ts";
import { decodeHead } from "./head-codec.ts";
import { pairsOf } from "./list-places.ts";
import { latestTime, orderByLastWrite } from "./order-by-last-write.ts";
import { cellBudget, kindsOf } from "./read-events.ts";

/** Sessions that are read at the same time. */
const atOnce = 32;
/** Places that are asked of an index at a time. */
const chunk = 1000;

/**
 * Events across sessions, by a merge. Two indexes of each bucket say which sessions can have some: those written since
 * the place, in the order of when they began. Sessions that began behind the last event of the page are not read.
 */
export function createScanDriver(context: StoreContext): ScanDriver {
  return { scan: (request) => scan(context, request) };
}

async function scan(
  context: StoreContext,
  request: AdmittedScan,
): Promise<Answer<DriverPage<ScannedEvent, ScanPosition>>> {
  const { limit } = request;
  const signal = context.connection.scope(request.signal);
  if (!(await orderByLastWrite(context, request.tenant, signal)))
    return { ok: { items: [], next: request.after ?? startOf(request) } };
  const sessions = await candidates(context, request, signal);
  let found: ScannedEvent[] = [];
  for (let from = 0; from < sessions.length; from += atOnce) {
    const some = sessions.slice(from, from + atOnce);
    const last = found[limit]?.event.recordedAt;
    if (last !== undefined && some.every(({ created }) => created > last)) break;
    const lanes = await Promise.all(some.map(({ session }) => readLane(context, request, session, signal)));
    found = [...found, ...lanes.flat()].sort(compareScanned).slice(0, limit + 1);
  }
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { ok: found.length > limit && last !== undefined ? { items, next: positionOf(last) } : { items } };
}

/** A place before all events of the scan. */
function startOf({ since }: AdmittedScan): ScanPosition {
  return { recordedAt: Math.max(since - 1, -latestTime), session: "~", seq: 1 };
}

function positionOf({ session, event }: ScannedEvent): ScanPosition {
  return { recordedAt: event.recordedAt, session, seq: event.seq };
}

function compareScanned(left: ScannedEvent, right: ScannedEvent): number {
  return (
    left.event.recordedAt - right.event.recordedAt ||
    compareUtf8(left.session, right.session) ||
    left.event.seq - right.event.seq
  );
}

interface Candidate {
  readonly session: string;
  readonly created: number;
}

/** Sessions that can have events of the scan behind its place, in the order of when they began. */
async function candidates(
  context: StoreContext,
  { tenant, since, until, after }: AdmittedScan,
  signal: AbortSignal,
): Promise<readonly Candidate[]> {
  const start = Math.max(since, after?.recordedAt ?? since);
  const found = await Promise.all(
    Array.from({ length: buckets }, async (_, bucket) => {
      const { updated, created } = context.keys.bucket(tenant, bucket);
      const written = await timesOf(context, updated, `${start}`, "+inf", signal);
      if (written.size === 0) return [];
      const begun = await timesOf(context, created, "-inf", `(${until}`, signal);
      return [...written.keys()].flatMap((session) => {
        const time = begun.get(session);
        return time === undefined ? [] : [{ session, created: time }];
      });
    }),
  );
  return found.flat().sort((left, right) => left.created - right.created);
}

async function timesOf(
  { connection }: StoreContext,
  index: string,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number>();
  for (let offset = 0; ; offset += chunk) {
    const values = { backward: false, from, to, offset: `${offset}`, limit: `${chunk}` };
    const flat = (await connection.script(placesByTime, { index }, values, { signal })) as readonly string[];
    for (const { session, updatedAt } of pairsOf(flat)) times.set(session, updatedAt);
    if (flat.length < chunk * 2) return times;
  }
}

/** The events of one session, as many as the page and one more can have. */
async function readLane(
  { connection, keys }: StoreContext,
  request: AdmittedScan,
  session: string,
  signal: AbortSignal,
): Promise<readonly ScannedEvent[]> {
  const { tenant, types, agent, since, until, limit, after } = request;
  const isSame = after?.session === session && after.recordedAt > startOf(request).recordedAt;
  const isBehind = after !== undefined && compareUtf8(session, after.session) < 0;
  const place = after === undefined ? since : isBehind ? after.recordedAt + 1 : after.recordedAt;
  const events: ScannedEvent[] = [];
  for (let seq = isSame ? after.seq : 0; ; ) {
    const reply = replyOf(
      await connection.script(
        readFiltered,
        keys.session(tenant, session),
        {
          after: seq,
          before: Number.MAX_SAFE_INTEGER,
          limit: limit + 1 - events.length,
          backward: false,
          kinds: kindsOf(types),
          agent: agent === undefined ? undefined : agentLetter(agent),
          pinned: undefined,
          retracted: "exclude",
          atVersion: undefined,
          since: Math.max(since, place),
          cells: cellBudget,
          unlessToken: undefined,
          maxPinned: 0,
          maxSummaries: 0,
        },
        { signal },
      ),
    );
    // A session that is not there any more has none; what is missing of another is not what a scan tells.
    if (reply[0] !== "ok") return events;
    const [, text, stop, seqs, elements] = reply as unknown as [
      string,
      string,
      number,
      readonly number[],
      readonly string[],
    ];
    const { incarnation } = decodeHead(text);
    for (const [index, element] of elements.entries()) {
      const event = decodeEvent(element, seqs[index] as number);
      if (event.recordedAt >= until) return events;
      const filter = { types, agent, pinned: undefined, atVersion: undefined, retracted: "exclude" } as const;
      if (matchesFilter(event, filter)) events.push({ session, incarnation, event });
    }
    if (stop === 0 || events.length > limit) return events;
    seq = stop;
  }
}
