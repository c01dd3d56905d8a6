import {
  type EventLog,
  isEvent,
  type Message,
  type ReadOptions,
  type ReadResult,
  readPages,
  type SeqRange,
  type SessionAddress,
  type StoredEvent,
  type ViewSource,
} from "@relevo/core";
import { historyLost, normalizeRanges } from "@relevo/core/input";
import { subtractRanges } from "./subtract-ranges.ts";

/** A message of the log with its `seq`. */
export interface ContextEntry {
  readonly seq: number;
  readonly message: Message;
}

/**
 * The session as of one version. Everything read through it belongs to that version, whatever others append or retract
 * in between. It remembers what it has read, so that finding out what was dropped reads nothing twice.
 */
export interface LogSnapshot {
  readonly version: number;
  readonly revision: number;
  /** The removal revision of the log before anything was read through this snapshot. */
  readonly removalRevision: number;
  readonly incarnation: string | undefined;
  /** The newest messages, summaries and handoffs, newest first: one page, for the loop guard. */
  readonly tail: readonly StoredEvent[];
  /**
   * For view strategies. It has no `append`: choosing a context writes nothing. The page that opened the snapshot and
   * the pinned messages below it need no further read.
   */
  readonly view: ViewSource;
  /** The newest `count` effective messages, oldest first. The cost grows with `count`. */
  recent(count: number): Promise<readonly ContextEntry[]>;
  /** The message at `seq`, when it has been read already. */
  known(seq: number): Message | undefined;
  /** Ranges that contain every effective message that is not in `passed`. */
  rest(passed: readonly SeqRange[]): Promise<readonly SeqRange[]>;
}

/** How a snapshot reads: bounded in time, and with the caller's signal. */
export type ReadLog = (options: ReadOptions) => Promise<ReadResult>;

const pageSize = 100;

/** Opens a snapshot at the current version, with one read. */
export async function openSnapshot(readLog: ReadLog): Promise<LogSnapshot> {
  const first = await readLog({
    types: ["message", "summary", "handoff"],
    direction: "backward",
    limit: pageSize,
    below: ["pinned"],
  });
  const { version, revision, removalRevision, incarnation } = first;
  const known = new Map<number, Message>();
  const buffer: ContextEntry[] = [];
  let covered: readonly SeqRange[] = [];
  let position = first.next;

  async function readAt(options: ReadOptions): Promise<ReadResult> {
    const page = await readLog({ ...options, atVersion: version });
    if (page.incarnation !== incarnation) throw historyLost("ended");
    return page;
  }

  function take(events: readonly StoredEvent[]): ContextEntry[] {
    const entries: ContextEntry[] = [];
    for (const event of events) {
      if (!isEvent(event, "message")) continue;
      known.set(event.seq, event.body);
      entries.push({ seq: event.seq, message: event.body });
    }
    return entries;
  }

  /** Notes that every message from `from` up to, but not including, `before` has been read. */
  function cover(from: number, before: number): void {
    if (from < before) covered = normalizeRanges([...covered, { from, to: before - 1 }]);
  }

  buffer.push(...take(first.events));
  cover(position ?? 1, version + 1);

  /** What views may show of the first page, newest first. */
  const newest: readonly StoredEvent[] = first.events.filter(
    (event) => event.type !== "handoff" && event.erasedAt === undefined,
  );
  const pinnedBelow = first.below?.pinned ?? [];
  take(pinnedBelow);

  async function readBackward(options: Parameters<ViewSource["readBackward"]>[0]): Promise<StoredEvent[]> {
    const start = newest.findIndex(({ seq }) => seq < (options.before ?? version + 1));
    const found = start === -1 ? [] : newest.slice(start, start + options.limit);
    // A session that did not exist has no further page: one that is created later is not part of this snapshot.
    if (found.length === options.limit || first.next === undefined) return found;
    let before: number | undefined = Math.min(options.before ?? first.next, first.next);
    const end = before;
    while (before !== undefined && found.length < options.limit) {
      const limit = Math.min(options.limit - found.length, 1000);
      const page = await readAt({ types: ["message", "summary"], direction: "backward", before, limit });
      take(page.events);
      found.push(...page.events.filter((event) => event.erasedAt === undefined));
      before = page.next;
    }
    cover(before ?? 1, end);
    return found;
  }

  async function pinned(): Promise<StoredEvent[]> {
    const known = [
      ...pinnedBelow,
      ...newest.filter((event) => event.type === "message" && event.pinned === true).toReversed(),
    ];
    const oldest = pinnedBelow[0];
    if (first.below?.morePinned === undefined || oldest === undefined) return known;
    const older: StoredEvent[] = [];
    const query = { types: ["message"], pinned: true, before: oldest.seq, limit: 1000 } as const;
    for await (const { events } of readPages(readAt, query)) {
      take(events);
      older.push(...events.filter((event) => event.erasedAt === undefined));
    }
    return [...older, ...known];
  }

  /** The first event. Pages before it may be empty, because a store may bound the work of one call. */
  async function firstOf(options: ReadOptions): Promise<StoredEvent | undefined> {
    for await (const { events } of readPages(readAt, options)) {
      if (events[0] !== undefined) return events[0];
    }
    return undefined;
  }

  /** The smallest range that contains every message of this one; `undefined` when there is none. */
  async function tighten(range: SeqRange): Promise<SeqRange | undefined> {
    const within = { types: ["message"], after: range.from - 1, before: range.to + 1, limit: 1 } as const;
    const oldest = await firstOf(within);
    if (oldest === undefined) return undefined;
    const newest = await firstOf({ ...within, direction: "backward" });
    return { from: oldest.seq, to: newest?.seq ?? oldest.seq };
  }

  return {
    version,
    revision,
    removalRevision,
    incarnation,
    tail: first.events,
    view: {
      ...(incarnation === undefined ? {} : { incarnation }),
      version,
      revision,
      removalRevision,
      readBackward,
      pinned,
    },
    async recent(count) {
      while (buffer.length < count && position !== undefined) {
        const before: number = position;
        const limit = Math.min(Math.max(count - buffer.length, 1), 1000);
        const page = await readAt({ types: ["message"], direction: "backward", before, limit });
        buffer.push(...take(page.events));
        position = page.next;
        cover(position ?? 1, before);
      }
      return buffer.slice(0, count).reverse();
    },
    known: (seq) => known.get(seq),
    async rest(passed) {
      const seen = [...known.keys()].map((seq) => ({ from: seq, to: seq }));
      const ranges: SeqRange[] = [...subtractRanges(seen, passed)];
      for (const gap of subtractRanges([{ from: 1, to: version }], covered)) {
        const tight = await tighten(gap);
        if (tight !== undefined) for (const range of subtractRanges([tight], passed)) ranges.push(range);
      }
      return normalizeRanges(ranges);
    },
  };
}

/** Reads a log as a snapshot does, with each call bounded by `within`. */
export function boundRead(
  log: EventLog,
  address: SessionAddress,
  within: <Result>(call: (signal: AbortSignal) => Promise<Result>) => Promise<Result>,
): ReadLog {
  return (options) => within((signal) => log.read(address, { ...options, signal }));
}
