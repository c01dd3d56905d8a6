import { type CallOptions, isEvent, type Provider, type StoredEvent, type ViewSource } from "@relevo/core";
import {
  createRangeSet,
  type LiveSummary,
  liveSummaryOf,
  sortedInclude,
  sortedTouch,
  throwIfAborted,
} from "@relevo/core/input";
import { type Entry, type Group, type Grouping, groupEntries } from "@relevo/messages";

/** The least that a page after the first has. */
const leastPage = 64;
const largestPage = 1000;
const lookGrowth = 1.5;

export interface HistoryOptions extends CallOptions {
  /** Whether every summary stands for what it covers, or only those whose messages were removed. */
  readonly readsSummaries: boolean;
  readonly for: Provider | undefined;
  /** How many events the first page has. */
  readonly firstPage: number;
}

/**
 * The newest part of a log, read backward as far as a strategy needs it. What summaries in force cover is not read.
 * Pinned messages are always included, however old they are.
 */
export class History {
  readonly source: ViewSource;
  readonly #options: HistoryOptions;
  readonly #signal: CallOptions;
  readonly #readsSummaries: boolean;
  readonly #for: Provider | undefined;
  /** Newest first, in the order of reading. */
  #read: Entry[] = [];
  readonly #erased: number[] = [];
  #pinned: readonly Entry[] | undefined;
  /** System messages that are not pinned in this view. */
  #released: ReadonlySet<number> = new Set();
  #kept: readonly Entry[] = [];
  /** Newest first, in the order of reading. */
  #newestSummaries: LiveSummary[] = [];
  #summaries: readonly LiveSummary[] | undefined;
  readonly #coverage = createRangeSet();
  #from: number;
  #floor = 1;
  #complete = false;
  #pageSize: number;
  /** The condition is not evaluated again before this many entries were read. */
  #nextLook = 0;
  #entries: readonly Entry[] | undefined;
  #grouping: Grouping | undefined;

  constructor(source: ViewSource, options: HistoryOptions) {
    this.source = source;
    this.#options = options;
    this.#pageSize = options.firstPage;
    this.#for = options.for;
    this.#readsSummaries = options.readsSummaries;
    this.#signal = { signal: options.signal };
    this.#from = source.version + 1;
  }

  /** Another source, such as a later state of this log, read in the same way. */
  over(source: ViewSource): History {
    return new History(source, this.#options);
  }

  /** Every effective message from this `seq` on is known; older ones are not, unless pinned. */
  get from(): number {
    return this.#from;
  }

  /** Nothing is left to read: the start of the log was reached, or everything below is covered by a summary. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Summaries in force, oldest coverage first. */
  get summaries(): readonly LiveSummary[] {
    this.#summaries ??= this.#newestSummaries.toReversed();
    return this.#summaries;
  }

  /** The erased messages among those that were read. */
  get erased(): readonly number[] {
    return this.#erased;
  }

  /** The known messages in groups. Before the first user message that was read, part of a turn may be missing. */
  get grouping(): Grouping {
    this.#grouping ??= groupEntries(this.entries(), { for: this.#for });
    return this.#grouping;
  }

  get groups(): readonly Group[] {
    return this.grouping.groups;
  }

  /** Every known message that is not covered, in the order of the log. */
  entries(): readonly Entry[] {
    this.#entries ??= this.#known();
    return this.#entries;
  }

  #known(): readonly Entry[] {
    const released = this.#released;
    const entries = this.#below();
    for (let index = this.#read.length - 1; index >= 0; index--) {
      const entry = this.#read[index] as Entry;
      entries.push(released.size > 0 && released.has(entry.seq) ? { ...entry, pinned: false } : entry);
    }
    return this.#complete ? withoutLostReasoning(entries, this.summaries) : entries;
  }

  /** What is known of the part that was not read. */
  #below(): Entry[] {
    const pinned = this.#pinned ?? [];
    const below: Entry[] = [];
    if (pinned.length > 0) {
      const left = new Set(this.summaries.flatMap((summary) => summary.left));
      for (const entry of pinned) {
        const { seq } = entry;
        if (seq < this.#from && !left.has(seq) && !this.#released.has(seq)) below.push(entry);
      }
    }
    if (this.#kept.length === 0) return below;
    return [...below, ...this.#kept].sort((left, right) => left.seq - right.seq);
  }

  /** To be called when something else is known. */
  #changed(): void {
    this.#entries = undefined;
    this.#grouping = undefined;
    this.#summaries = undefined;
  }

  /** Unpins system messages, except for the first and the newest of the others: `keep` in all stay pinned. */
  async releaseSystem(keep: number): Promise<void> {
    if (this.#pinned === undefined) await this.#begin();
    const system = (this.#pinned ?? []).filter(({ message }) => message.role === "system");
    const released = system.slice(1, Math.max(1, system.length - keep + 1));
    this.#released = new Set(released.map(({ seq }) => seq));
    this.#changed();
  }

  /** Continues to read until the condition holds or nothing is left. */
  async readUntil(enough: (history: History) => boolean): Promise<void> {
    if (this.#pinned === undefined) await this.#begin();
    this.#nextLook = 0;
    while (!this.#complete) {
      // Evaluating it groups everything that was read; doing so after each page would be quadratic in the log.
      if (this.#read.length >= this.#nextLook) {
        if (!this.#lacksContext() && enough(this)) return;
        this.#nextLook = this.#read.length * lookGrowth;
      }
      await this.#readPage();
    }
  }

  readAll(): Promise<void> {
    return this.readUntil(() => false);
  }

  /**
   * Applies a summary that is not in the log as if it had been read from it: below its cut only kept and pinned
   * messages remain. Everything must have been read.
   */
  cover(summary: LiveSummary): void {
    // Each of their ranges is looked for in those of the new one, which may have as many as all of them together.
    const isApart = ({ covers }: LiveSummary): boolean =>
      !covers.some((range) => sortedTouch(summary.covers, range));
    this.#newestSummaries = [summary, ...this.#newestSummaries.filter(isApart)];
    const kept = new Set(summary.kept);
    const known = [...this.#kept, ...this.#read.toReversed()];
    this.#kept = known.filter(({ seq }) => kept.has(seq));
    this.#from = Math.max(this.#from, summary.cut);
    this.#read = this.#read.filter(({ seq }) => seq >= this.#from && !sortedInclude(summary.covers, seq));
    this.#changed();
  }

  async #begin(): Promise<void> {
    const [pinned] = await Promise.all([this.source.pinned(this.#signal), this.#readPage()]);
    const entries: Entry[] = [];
    for (const event of pinned) {
      const entry = entryOf(event);
      if (entry !== undefined) entries.push(entry.pinned ? entry : { ...entry, pinned: true });
    }
    this.#pinned = entries;
    this.#changed();
  }

  async #readPage(): Promise<void> {
    throwIfAborted(this.#signal.signal);
    const limit = this.#pageSize;
    this.#pageSize = Math.min(Math.max(limit * 2, leastPage), largestPage);
    const { signal } = this.#signal;
    const events = await this.source.readBackward({ before: this.#from, limit, signal });
    this.#changed();
    for (const event of events) {
      if (event.seq < this.#floor) break;
      this.#from = event.seq;
      this.#take(event);
    }
    if (events.length === limit && (events.at(-1)?.seq ?? 0) > this.#floor) return;
    this.#from = this.#floor;
    this.#complete = true;
    await this.#readKept();
  }

  #take(event: StoredEvent): void {
    if (event.type === "message") {
      if (this.#newestSummaries.length > 0 && this.#coverage.includes(event.seq)) return;
      const entry = entryOf(event);
      if (entry === undefined) this.#erased.push(event.seq);
      else this.#read.push(entry);
      return;
    }
    const found = liveSummaryOf(event);
    // What a summary replaces is gone, so every view shows it.
    const summary = this.#readsSummaries || found?.replaces === true ? found : undefined;
    // The newer summary covers everything that the older one does.
    if (summary === undefined || this.#coverage.intersects(summary.covers)) return;
    this.#coverage.add(summary.covers);
    this.#newestSummaries.push(summary);
    this.#floor = Math.max(this.#floor, summary.cut);
  }

  /** Single messages below the floor, such as the user message of a turn whose start was summarized. */
  async #readKept(): Promise<void> {
    if (this.#newestSummaries.length === 0) return;
    const seqs = this.summaries.flatMap(({ kept }) => kept).filter((seq) => seq < this.#floor);
    const entries: Entry[] = [];
    for (const seq of new Set(seqs)) {
      const [event] = await this.source.readBackward({ before: seq + 1, limit: 1, ...this.#signal });
      const entry = event?.seq === seq ? entryOf(event) : undefined;
      if (entry !== undefined && !entry.pinned) entries.push(entry);
    }
    this.#kept = entries;
    this.#changed();
  }

  /**
   * Whether a pinned message belongs to a group that is not fully read: a call and its results, or a message and its
   * reasoning. A system or user message is a group of its own.
   */
  #lacksContext(): boolean {
    const outside = (this.#pinned ?? []).find(({ message }) => {
      return message.role === "assistant" || message.role === "tool";
    });
    if (outside === undefined) return false;
    if (outside.seq < this.#from) return true;
    // The call of a pinned result, and the reasoning before it, may be much older.
    const first = this.groups.find(
      ({ kind, pinned }) => pinned && (kind === "assistant" || kind === "tool-calls"),
    );
    const begin = Math.min(outside.seq, first?.entries[0]?.seq ?? outside.seq);
    const begins = this.groups.some(
      ({ kind, entries }) =>
        kind === "user" && (entries[0]?.seq ?? 0) >= this.#from && (entries[0]?.seq ?? 0) < begin,
    );
    // One message may answer several calls, only some of which were read.
    const { leftovers, parted } = this.grouping;
    const asked = leftovers.some(({ entry, reason }) => entry.pinned && reason === "approval");
    return !begins || asked || parted.some(({ pinned }) => pinned);
  }
}

/** Removes reasoning that, according to a summary, led to a message that is gone. */
function withoutLostReasoning(
  entries: readonly Entry[],
  summaries: readonly LiveSummary[],
): readonly Entry[] {
  const ledTo = new Map(
    summaries.flatMap(({ reasoning }) => reasoning.map(({ seq, to }) => [seq, to] as const)),
  );
  if (ledTo.size === 0) return entries;
  const known = new Set(entries.map(({ seq }) => seq));
  return entries.filter(({ seq }) => {
    const to = ledTo.get(seq);
    return to === undefined || known.has(to);
  });
}

function entryOf(event: StoredEvent): Entry | undefined {
  if (!isEvent(event, "message")) return undefined;
  const { seq, body: message, tokens } = event;
  const pinned = event.pinned === true;
  return tokens === undefined ? { seq, message, pinned } : { seq, message, pinned, tokens };
}
