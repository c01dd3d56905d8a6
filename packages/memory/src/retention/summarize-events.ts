import {
  type CallOptions,
  type EventInput,
  fingerprint,
  isConflict,
  type JsonValue,
  readPages,
  type SeqRange,
  type SessionAddress,
  type StoredEvent,
} from "@relevo/core";
import {
  createRangeSet,
  type LiveSummary,
  liveSummaryOf,
  maxPageSize,
  messageOfSummary,
  normalizeRanges,
  rangesOf,
  sortedInclude,
  sortedSubtract,
} from "@relevo/core/input";
import type { Runtime } from "../runtime.ts";
import { hasMessage } from "../session/read-events.ts";
import { mostInOne, summarizeMessages, tokensOf } from "./summarize-messages.ts";

export interface EventsToSummarize {
  readonly incarnation: string;
  /** What is before it is gone, or pinned, which stays. */
  readonly firstSeq: number;
  readonly beforeSeq: number;
  readonly maxTokens: number | undefined;
}

/** Everything below `cut` is in the summary with this `seq`; in none when there is no message. */
export type SummarizedEvents =
  | { readonly cut: number; readonly seq: number | undefined }
  | { readonly failure: string };

const tries = 3;

interface Draft {
  readonly cut: number;
  /** The summary that is there already. */
  readonly seq: number | undefined;
  readonly event?: EventInput;
  /** Of the log when it was read. */
  readonly version: number;
  readonly removalRevision: number;
}

/**
 * Appends a summary of the oldest events, which continues the one before, so that one summary stands for all that is gone.
 * When it is there already, as after a crash, nothing is written. At most as much as ten calls of the summarizer take: `cut`
 * says how far it came.
 *
 * @throws what the store throws, such as `conflict` when others wrote, or removed what it covers, in each try.
 */
export async function summarizeEvents(
  runtime: Runtime,
  address: SessionAddress,
  events: EventsToSummarize,
  options: CallOptions,
): Promise<SummarizedEvents> {
  for (let attempt = 1; ; attempt++) {
    const draft = await draftOf(runtime, address, events, options);
    if ("failure" in draft) return draft;
    if (draft.event === undefined) return { cut: draft.cut, seq: draft.seq };
    try {
      const seq = await append(runtime, address, events.incarnation, draft, options);
      return { cut: draft.cut, seq };
    } catch (error) {
      if (!isConflict(error, "removal") && !isConflict(error, "version")) throw error;
      if (attempt === tries) throw error;
    } finally {
      runtime.cache?.forget(address);
    }
  }
}

/** At a version that has no other summary in the place of what this one covers: there are never two. */
async function append(
  { sessions: { log } }: Runtime,
  address: SessionAddress,
  incarnation: string,
  { event, version, removalRevision, cut }: Draft & { readonly event?: EventInput },
  options: CallOptions,
): Promise<number> {
  if (event === undefined) throw new Error("There is no summary to append.");
  const request = { derivedFrom: event.derivedFrom, cut };
  const operation = {
    id: `retention-${fingerprint({ ...request, incarnation, version })}`,
    fingerprint: fingerprint(request),
  };
  let expectedVersion = version;
  for (let attempt = 1; ; attempt++) {
    try {
      const guard = { incarnation, removalRevision, expectedVersion, ...options };
      return (await log.append(address, [event], { operation, ...guard })).firstSeq;
    } catch (error) {
      if (!isConflict(error, "version") || attempt === tries) throw error;
      // The conversation went on. What others removed of what it covers, the store finds out.
      const since = await log.read(address, {
        after: expectedVersion,
        types: ["summary"],
        limit: 1,
        ...options,
      });
      if (since.events.length > 0 || since.next !== undefined) throw error;
      expectedVersion = since.version;
    }
  }
}

async function draftOf(
  runtime: Runtime,
  address: SessionAddress,
  { firstSeq, beforeSeq, maxTokens }: EventsToSummarize,
  options: CallOptions,
): Promise<Draft | { readonly failure: string }> {
  const { clock, summarizer } = runtime;
  const { version, removalRevision, summaries } = await readSummaries(runtime, address, firstSeq, options);
  const known = normalizeRanges(summaries.flatMap(({ covers }) => covers));
  const at = { version, firstSeq, beforeSeq, ...options };
  const read = await readMessages(runtime, address, known, at);
  const pinned = await readPinned(runtime, address, at);
  const entries = read.events.filter(hasMessage);
  const [newest] = summaries.slice(-1);
  // They stand already, where they stay.
  const stands = summaries.length === 1 && newest?.replaces === true && (newest.seq ?? 0) >= beforeSeq;
  if (entries.length === 0 && (summaries.length === 0 || stands))
    return { cut: read.end, seq: newest?.seq, version, removalRevision };
  const messages = entries.map(({ body }) => body);
  const previous = summaries.map(({ text }) => text).join("\n\n");
  const made =
    messages.length === 0
      ? { text: previous, done: 0 }
      : await summarizeMessages(runtime, { previous, messages, maxTokens }, options);
  if ("failure" in made) return made;
  const { text, done } = made;
  const cut = entries[done]?.seq ?? read.end;
  const gone = sortedSubtract([{ from: firstSeq, to: cut - 1 }], rangesOf(pinned));
  const before = summaries.flatMap(({ covers }) => covers);
  const covers = normalizeRanges([...below(before, cut), ...gone]);
  const own = summaries.flatMap(({ seq }) => (seq === undefined ? [] : [{ from: seq, to: seq }]));
  const message = messageOfSummary(text);
  const body = {
    text,
    sourceHash: fingerprint([summaries.map(({ sourceHash }) => sourceHash), messages.slice(0, done)]),
    strategy: `retention(${summarizer?.name ?? ""})`,
    ...(summarizer?.model === undefined ? {} : { model: summarizer.model }),
    tokensBefore:
      summaries.reduce((sum, { tokensBefore }) => sum + tokensBefore, 0) +
      messages.slice(0, done).reduce((sum, one) => sum + tokensOf(runtime, one), 0),
    tokensAfter: tokensOf(runtime, message),
    metadata: { covers: covers as unknown as JsonValue, cut, kept: [], left: [], replaces: true },
  };
  const derivedFrom = normalizeRanges([...before, ...gone, ...own]);
  return {
    cut,
    seq: undefined,
    version,
    removalRevision,
    event: { type: "summary", body, derivedFrom, at: clock.now() },
  };
}

function below(ranges: readonly SeqRange[], cut: number): SeqRange[] {
  return ranges.flatMap(({ from, to }) => (from < cut ? [{ from, to: Math.min(to, cut - 1) }] : []));
}

/** The summaries in force of what was removed, oldest first. Others are of what is there, and say it shorter. */
async function readSummaries(
  { sessions: { log } }: Runtime,
  address: SessionAddress,
  firstSeq: number,
  options: CallOptions,
): Promise<{
  readonly version: number;
  readonly removalRevision: number;
  readonly summaries: readonly LiveSummary[];
}> {
  const newestFirst: LiveSummary[] = [];
  const covered = createRangeSet();
  const found = () => ofRemoved(newestFirst.reverse(), firstSeq);
  let state: { readonly version: number; readonly removalRevision: number } | undefined;
  const query = { types: ["summary" as const], direction: "backward" as const, ...options };
  for await (const { version, removalRevision, events } of readPages(
    (page) => log.read(address, page),
    query,
  )) {
    state ??= { version, removalRevision };
    for (const event of events) {
      const summary = liveSummaryOf(event);
      if (summary === undefined) continue;
      if (!covered.intersects(summary.covers)) {
        covered.add(summary.covers);
        newestFirst.push(summary);
      }
      // It continues all that were before it.
      if (summary.replaces) return { ...state, summaries: found() };
    }
  }
  return { version: 0, removalRevision: 0, ...state, summaries: found() };
}

function ofRemoved(summaries: readonly LiveSummary[], firstSeq: number): readonly LiveSummary[] {
  return summaries.filter(({ replaces, covers }) => replaces || (covers[0]?.from ?? firstSeq) < firstSeq);
}

interface PartOfLog extends CallOptions {
  readonly version: number;
  readonly firstSeq: number;
  readonly beforeSeq: number;
}

/** The effective messages that may go and no summary covers, as many as one summary takes, and the first `seq` after them. */
async function readMessages(
  { sessions: { log } }: Runtime,
  address: SessionAddress,
  known: readonly SeqRange[],
  { version, firstSeq, beforeSeq, ...options }: PartOfLog,
): Promise<{ readonly events: readonly StoredEvent[]; readonly end: number }> {
  const events: StoredEvent[] = [];
  const places = { after: firstSeq - 1, before: beforeSeq, atVersion: version };
  const query = { types: ["message" as const], limit: maxPageSize, ...places };
  const pages = readPages((page) => log.read(address, page), { ...query, ...options });
  for await (const page of pages)
    for (const event of page.events) {
      if (!hasMessage(event) || event.pinned === true || sortedInclude(known, event.seq)) continue;
      if (events.length === mostInOne) return { events, end: event.seq };
      events.push(event);
    }
  return { events, end: beforeSeq };
}

/** The events that stay between those that go. */
async function readPinned(
  { sessions: { log } }: Runtime,
  address: SessionAddress,
  { version, firstSeq, beforeSeq, ...options }: PartOfLog,
): Promise<readonly number[]> {
  const seqs: number[] = [];
  const places = { after: firstSeq - 1, before: beforeSeq, atVersion: version };
  const query = { pinned: true, retracted: "include" as const, limit: maxPageSize, ...places };
  for await (const { events } of readPages((page) => log.read(address, page), { ...query, ...options }))
    for (const { seq } of events) seqs.push(seq);
  return seqs;
}
