import type { BelowPage, EventType, StoredEvent } from "@relevo/core";
import {
  type AdmittedBelow,
  type AdmittedRead,
  asOfVersion,
  type EventFilter,
  matchesFilter,
  maxPinnedBelow,
  maxSummariesLookedAt,
  summariesInForce,
} from "@relevo/core/store";
import { countBelow } from "./seq-list.ts";
import type { SessionLog } from "./session-log.ts";

/**
 * How many events one call looks at beyond those it returns, when no index answers the whole question. Past it the
 * call returns what it has, and where to go on.
 */
const lookBudget = 2000;

/** Some events of the log, in the order asked. */
export interface EventPage {
  readonly events: readonly StoredEvent[];
  readonly next: number | undefined;
}

/** Reads one page. Cost follows what is returned, and is bounded where filters meet that no one index joins. */
export function readEvents(log: SessionLog, options: AdmittedRead): EventPage {
  const first = Math.max(options.after + 1, log.firstSeq);
  const last = Math.min(options.before - 1, options.atVersion ?? log.version, log.version);
  const events: StoredEvent[] = [];
  if (first > last) return { events, next: undefined };
  const backward = options.direction === "backward";
  const walk = openWalk(candidateLists(log, options), first, last, backward);
  let budget = options.limit + lookBudget;
  let position = 0;
  for (let seq = walk(); seq !== undefined; seq = walk()) {
    if (events.length === options.limit || budget-- === 0) return { events, next: position };
    position = seq;
    const event = log.at(seq);
    if (matchesFilter(event, options)) events.push(asOfVersion(event, options.atVersion));
  }
  return { events, next: undefined };
}

/** What stands below a newest page. */
export function readBelow(log: SessionLog, wanted: AdmittedBelow, page: readonly StoredEvent[]): BelowPage {
  const from = page.at(-1)?.seq ?? log.version + 1;
  return {
    ...(wanted.pinned ? pinnedBelow(log, from) : {}),
    ...(wanted.summaries ? summariesBelow(log, from) : {}),
  };
}

function pinnedBelow(log: SessionLog, from: number): BelowPage {
  const newestFirst: StoredEvent[] = [];
  for (let index = countBelow(log.pinned, from) - 1; index >= 0; index--) {
    const event = log.at(log.pinned[index] as number);
    if (event.type !== "message") continue;
    if (newestFirst.length === maxPinnedBelow) return { pinned: newestFirst.reverse(), morePinned: true };
    newestFirst.push(event);
  }
  return { pinned: newestFirst.reverse() };
}

function summariesBelow(log: SessionLog, from: number): BelowPage {
  const newestFirst: StoredEvent[] = [];
  const seqs = log.byType.get("summary") ?? [];
  for (let index = seqs.length - 1; index >= 0 && newestFirst.length <= maxSummariesLookedAt; index--) {
    const event = log.at(seqs[index] as number);
    if (event.erasedAt === undefined) newestFirst.push(event);
  }
  const inForce = summariesInForce(newestFirst.slice(0, maxSummariesLookedAt));
  const summaries = inForce.filter(({ seq }) => seq < from).reverse();
  return newestFirst.length > maxSummariesLookedAt ? { summaries, moreSummaries: true } : { summaries };
}

/** Ascending lists that together hold every event the filter can want, each once; `undefined` for the whole log. */
export function candidateLists(log: SessionLog, filter: EventFilter): readonly number[][] | undefined {
  if (filter.retracted === "only") return [log.retracted];
  const lists = effectiveLists(log, filter);
  // Without retractions after the version that is read, what is effective now was effective then.
  const wantsRetracted =
    filter.retracted === "include" ||
    (filter.atVersion !== undefined && filter.atVersion < log.lastRetraction);
  if (!wantsRetracted || log.retracted.length === 0) return lists;
  if (lists === undefined || lists[0] === log.effective) return undefined;
  return [...lists, log.retracted];
}

/** The shortest of the indexes that the filter names. */
function effectiveLists(log: SessionLog, filter: EventFilter): readonly number[][] | undefined {
  let best: readonly number[][] | undefined = log.effective === undefined ? undefined : [log.effective];
  let length = log.effective?.length ?? log.size;
  const offer = (lists: readonly number[][]): void => {
    const offered = lists.reduce((sum, list) => sum + list.length, 0);
    if (best !== undefined && offered > length) return;
    best = lists;
    length = offered;
  };
  if (filter.types !== undefined) offer(listsOf(log, filter.types));
  if (filter.agent !== undefined) offer([log.byAgent.get(filter.agent) ?? []]);
  if (filter.pinned === true) offer([log.pinned]);
  return best;
}

function listsOf(log: SessionLog, types: ReadonlySet<EventType>): readonly number[][] {
  const lists: number[][] = [];
  for (const type of types) {
    const list = log.byType.get(type);
    if (list !== undefined) lists.push(list);
  }
  return lists;
}

/** A function that gives the next `seq` within the bounds, in order; `undefined` at the end. */
export function openWalk(
  lists: readonly number[][] | undefined,
  first: number,
  last: number,
  backward: boolean,
): () => number | undefined {
  if (lists === undefined) {
    let seq = backward ? last : first;
    return backward ? () => (seq < first ? undefined : seq--) : () => (seq > last ? undefined : seq++);
  }
  const [only] = lists;
  if (only !== undefined && lists.length === 1) return openListWalk(only, first, last, backward);
  const heads = lists.map((list) => (backward ? countBelow(list, last + 1) - 1 : countBelow(list, first)));
  return () => {
    let best: number | undefined;
    let bestList = -1;
    for (let index = 0; index < heads.length; index++) {
      const seq = lists[index]?.[heads[index] as number];
      if (seq === undefined || seq < first || seq > last) continue;
      if (best === undefined || (backward ? seq > best : seq < best)) {
        best = seq;
        bestList = index;
      }
    }
    if (best !== undefined) heads[bestList] = (heads[bestList] as number) + (backward ? -1 : 1);
    return best;
  };
}

/** The walk that most reads need. */
function openListWalk(
  list: readonly number[],
  first: number,
  last: number,
  backward: boolean,
): () => number | undefined {
  const low = countBelow(list, first);
  const high = countBelow(list, last + 1) - 1;
  let index = backward ? high : low;
  return backward
    ? () => (index < low ? undefined : list[index--])
    : () => (index > high ? undefined : list[index++]);
}
