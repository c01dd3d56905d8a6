import type { StoredEvent } from "../../../events.ts";
import { MemoryError } from "../../../memory-error.ts";
import { asOfVersion, type EventFilter, matchesFilter } from "../../event-filter.ts";
import type { AdmittedRead } from "../../log-calls.ts";
import type { GenerationKeys } from "../layout.ts";
import { afterKey, lastNumber } from "../space/encode-key.ts";
import type { SessionState } from "../unit/session-slot.ts";
import type { EventRecord } from "./event-entries.ts";
import type { LogSnapshot } from "./log-snapshot.ts";
import { withPending } from "./settle-marks.ts";

/** How many events one call looks at beyond those it returns, when no list answers the whole question. */
const lookBudget = 2000;
/** How many events one read of the space asks for. */
const batchSize = 250;

/** A list of the log, in the order of `seq`: the events themselves, or what leads to effective ones. */
interface EventList {
  readonly key: (seq: number) => Uint8Array;
  readonly holdsEvents: boolean;
}

/** What of a log a page is to hold. */
export type PageRequest = EventFilter & Pick<AdmittedRead, "after" | "before" | "limit" | "direction">;

/** One page, and where to go on. */
export async function readPage(
  log: LogSnapshot,
  request: PageRequest,
): Promise<{ readonly events: readonly StoredEvent[]; readonly next?: number }> {
  const { state } = log;
  const { limit, atVersion, direction } = request;
  const backward = direction === "backward";
  let first = Math.max(request.after + 1, state.firstSeq);
  let last = Math.min(request.before - 1, atVersion ?? state.version, state.version);
  const lists = listsFor(log.keys, state, request);
  const events: StoredEvent[] = [];
  let position = 0;
  let budget = limit + lookBudget;
  while (first <= last) {
    const size = Math.min(limit - events.length + 1, batchSize);
    const candidates = await readCandidates(log, lists, first, last, size, backward);
    for (const stored of candidates) {
      if (events.length === limit || budget-- === 0) return { events, next: position };
      position = stored.seq;
      const event = withPending(stored, state.pending);
      if (matchesFilter(event, request)) events.push(asOfVersion(event, atVersion));
    }
    if (candidates.length < size) break;
    if (backward) last = position - 1;
    else first = position + 1;
  }
  return { events };
}

/** The lists that together hold every event that can be asked for, each once. */
function listsFor(keys: GenerationKeys, state: SessionState, request: PageRequest): readonly EventList[] {
  const { types, agent, pinned, retracted, atVersion } = request;
  const effective: EventList = { key: keys.effective, holdsEvents: true };
  const gone: EventList = { key: keys.retracted, holdsEvents: true };
  // What is pending stands in no list yet.
  if (state.pending.length > 0) return [effective, gone];
  if (retracted === "only") return [gone];
  const leads = (key: EventList["key"]): EventList => ({ key, holdsEvents: false });
  let lists: EventList[] = [effective];
  if (pinned === true) lists = [leads(keys.pinned)];
  else if (agent !== undefined) lists = [leads((seq) => keys.byAgent(agent, seq))];
  else if (types !== undefined) lists = [...types].map((type) => leads((seq) => keys.byType(type, seq)));
  // Without retractions after the version that is read, what is effective now was effective then.
  const wantsRetracted =
    retracted === "include" || (atVersion !== undefined && atVersion < state.lastRetraction);
  return wantsRetracted && state.lastRetraction > 0 ? [...lists, gone] : lists;
}

/** The next events of the lists, in order; fewer than `size` only at the end. */
async function readCandidates(
  log: LogSnapshot,
  lists: readonly EventList[],
  first: number,
  last: number,
  size: number,
  backward: boolean,
): Promise<readonly StoredEvent[]> {
  const ranges = lists.map(({ key }) => ({
    from: key(first),
    to: afterKey(key(last)),
    limit: size,
    reverse: backward,
  }));
  const found = await log.read([], ranges);
  const candidates: { readonly seq: number; readonly event: StoredEvent | undefined }[] = [];
  for (const [index, records] of found.ranges.entries()) {
    const holdsEvents = lists[index]?.holdsEvents === true;
    for (const { key, value } of records) {
      const event = holdsEvents ? (value as unknown as EventRecord).event : undefined;
      candidates.push({ seq: lastNumber(key), event });
    }
  }
  candidates.sort((left, right) => (backward ? right.seq - left.seq : left.seq - right.seq));
  const chosen = candidates.slice(0, size);
  const missing = chosen.filter(({ event }) => event === undefined);
  if (missing.length === 0) return chosen.flatMap(({ event }) => event ?? []);
  const events = await readEffective(
    log,
    missing.map(({ seq }) => seq),
  );
  return chosen.map(({ seq, event }) => event ?? requireEvent(events.get(seq)));
}

async function readEffective(
  log: LogSnapshot,
  seqs: readonly number[],
): Promise<ReadonlyMap<number, StoredEvent>> {
  const { records } = await log.read(
    seqs.map((seq) => log.keys.effective(seq)),
    [],
  );
  const events = new Map<number, StoredEvent>();
  for (const record of records) {
    const event = (record?.value as unknown as EventRecord | undefined)?.event;
    if (event !== undefined) events.set(event.seq, event);
  }
  return events;
}

function requireEvent(event: StoredEvent | undefined): StoredEvent {
  if (event === undefined) throw new MemoryError("corrupt", "An event that the log lists is missing.");
  return event;
}
