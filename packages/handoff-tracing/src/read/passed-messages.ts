import {
  type CallOptions,
  type EventLog,
  isEvent,
  type Message,
  type ReadResult,
  type SeqRange,
  type SessionAddress,
} from "@relevo/core";
import { type AdmittedSession, historyLost, normalizeRanges, rangesOf } from "@relevo/core/input";

/** A message that was passed by its `seq`, or a placeholder when it is gone. */
export type PassedMessage =
  | { readonly source: "log"; readonly seq: number; readonly message: Message }
  | { readonly source: "log"; readonly seq: number; readonly missing: "erased" }
  /** The events from `seq` to `to`, which are no longer in the log. */
  | { readonly source: "log"; readonly seq: number; readonly to: number; readonly missing: "trimmed" };

const smallestPage = 16;
const largestPage = 1000;

/**
 * The messages in these ranges, in the order of the ranges, with placeholders where content was erased or trimmed.
 * Events that are no messages are left out. Close ranges are read in one page; memory use is bounded by the messages
 * that exist, however large the ranges are.
 *
 * @param before only events below this `seq` count.
 * @throws `history-lost` when the session ends during the read.
 */
export async function passedMessages(
  log: EventLog,
  session: AdmittedSession,
  passed: readonly SeqRange[],
  before: number,
  options: CallOptions,
): Promise<readonly PassedMessage[]> {
  const { address } = session;
  const head = await session.reading(() => log.head(address, options));
  const firstSeq = head?.firstSeq ?? 1;
  const found: PassedMessage[] = [];
  for (const ranges of ascendingRuns(sound(passed, before))) {
    const held: SeqRange[] = [];
    for (const { from, to } of ranges) {
      const gone = Math.min(to, firstSeq - 1);
      if (from <= gone) found.push({ source: "log", seq: from, to: gone, missing: "trimmed" });
      if (to > gone) held.push({ from: Math.max(from, gone + 1), to });
    }
    for await (const one of messagesAt(log, address, held, head?.incarnation, options)) found.push(one);
  }
  const seqs = found.flatMap((one) => ("message" in one ? [one.seq] : []));
  session.currentTurn?.noteSeen(rangesOf(seqs));
  return found;
}

/** Ranges from a framework may be anything, and may repeat each other. */
function sound(passed: readonly SeqRange[], before: number): readonly SeqRange[] {
  const ranges = passed
    .filter(({ from, to }) => Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 1)
    .map(({ from, to }) => ({ from, to: Math.min(to, before - 1) }))
    .filter(({ from, to }) => from <= to);
  const ascending = [...ranges].sort((left, right) => left.from - right.from);
  const overlap = ascending.some(({ from }, index) => from <= (ascending[index - 1]?.to ?? 0));
  return overlap ? normalizeRanges(ranges) : ranges;
}

/** The ranges in their order, split wherever one starts below the one before. */
function ascendingRuns(ranges: readonly SeqRange[]): readonly (readonly SeqRange[])[] {
  const runs: SeqRange[][] = [];
  for (const range of ranges) {
    const run = runs.at(-1);
    if (run !== undefined && (run.at(-1)?.to ?? 0) < range.from) run.push(range);
    else runs.push([range]);
  }
  return runs;
}

async function* messagesAt(
  log: EventLog,
  address: SessionAddress,
  ranges: readonly SeqRange[],
  incarnation: string | undefined,
  options: CallOptions,
): AsyncGenerator<PassedMessage, void, void> {
  const end = (ranges.at(-1)?.to ?? 0) + 1;
  let index = 0;
  let range = ranges[index];
  let after = (range?.from ?? 1) - 1;
  while (range !== undefined) {
    const limit = pageFor(ranges, index, after);
    const window = { after, before: end, limit, types: ["message"], retracted: "include" } as const;
    const page: ReadResult = await log.read(address, { ...options, ...window });
    if (page.incarnation !== incarnation) throw historyLost("ended");
    for (const event of page.events) {
      while (range !== undefined && range.to < event.seq) range = ranges[++index];
      if (range === undefined || event.seq < range.from) continue;
      yield isEvent(event, "message")
        ? { source: "log", seq: event.seq, message: event.body }
        : { source: "log", seq: event.seq, missing: "erased" };
    }
    if (page.next === undefined) return;
    while (range !== undefined && range.to <= page.next) range = ranges[++index];
    after = Math.max(page.next, (range?.from ?? 1) - 1);
  }
}

/** Large enough for the next ranges within reach of one page, and small for a single message. */
function pageFor(ranges: readonly SeqRange[], index: number, after: number): number {
  const reach = after + largestPage;
  let wanted = 0;
  for (let next = index; next < ranges.length && wanted < largestPage; next++) {
    const { from, to } = ranges[next] ?? { from: reach + 1, to: 0 };
    if (from > reach) break;
    wanted += Math.min(to, reach) - Math.max(from, after + 1) + 1;
  }
  return Math.min(Math.max(wanted * 2, smallestPage), largestPage);
}
