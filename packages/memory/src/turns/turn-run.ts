import {
  type AppendOptions,
  type AppendResult,
  type CallOptions,
  type EventInput,
  fingerprint,
  isConflict,
  type JsonValue,
  MemoryError,
  type SeqRange,
  type SessionTurn,
  type StoredEvent,
} from "@relevo/core";
import { admitJson, conflict, maxPageSize, normalizeRanges, rangesOf, retry } from "@relevo/core/input";
import { readEvents } from "../session/read-events.ts";
import type { SessionHandle } from "../session/session-handle.ts";
import { signalOf } from "../signal.ts";
import type { HeldLease } from "./lease.ts";
import { type Recording, readRecorded, resultType } from "./recorded-result.ts";

/** In the metadata of an event, the id of the turn that appended it. */
export const turnName = "relevo:turn";

/** In the metadata of an event: it stays when its turn runs again, because it is not of the turn's story. */
const keptName = "relevo:kept";

/** The version at which a turn began, and what had been removed by then. */
export interface TurnStart {
  readonly version: number;
  readonly removalRevision: number;
  /** The first event that was not trimmed. */
  readonly firstSeq: number;
  /** By the store's clock; absent when it is not known. */
  readonly at?: number | undefined;
}

const endAttempts = 20;

/** One turn under way in this process: what its writes carry, and what its result repeats. */
export class TurnRun implements SessionTurn {
  readonly id: string;
  readonly metadata: SessionTurn["metadata"];
  readonly handle: SessionHandle;
  readonly lease: HeldLease;
  readonly recording: Recording | undefined;
  /** The turn around this one, whose result may repeat what this one saw. */
  readonly #outer: TurnRun | undefined;
  readonly #attempt: string;
  readonly #atEnd: EventInput[] = [];
  readonly #retractions: Set<number> = new Set();
  #seen: SeqRange[] = [];
  #written: SeqRange[] = [];
  readonly #begun: TurnStart;
  #start: TurnStart;
  #isOver = false;

  constructor(
    handle: SessionHandle,
    lease: HeldLease,
    turn: {
      readonly id: string;
      readonly recording?: Recording;
      readonly start?: TurnStart;
      readonly outer?: TurnRun;
    },
  ) {
    this.id = turn.id;
    this.metadata = Object.freeze({ [turnName]: turn.id });
    this.handle = handle;
    this.lease = lease;
    this.recording = turn.recording;
    this.#outer = turn.outer;
    this.#start = turn.start ?? { version: 0, removalRevision: 0, firstSeq: 1 };
    this.#begun = this.#start;
    // The closure of an inner turn knows what the outer one saw.
    if (turn.outer !== undefined) this.#seen = [...turn.outer.#seen];
    this.#attempt = turn.recording === undefined ? "" : `${lease.fence}:${handle.runtime.ids.next()}`;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  end(): void {
    this.#isOver = true;
  }

  isOf({ runtime, address }: SessionHandle): boolean {
    const mine = this.handle.address;
    return (
      this.handle.runtime === runtime && mine.tenant === address.tenant && mine.session === address.session
    );
  }

  get after(): number {
    return this.#begun.version;
  }

  /** The events with the id of this turn. */
  mark(events: readonly EventInput[]): readonly EventInput[] {
    return events.map((event) => ({ ...event, metadata: { ...event.metadata, ...this.metadata } }));
  }

  /** With the id of this turn, for what stays when it runs again: a summary that a view has made is of what it covers. */
  markKept(event: EventInput): EventInput {
    return { ...event, metadata: { ...event.metadata, ...this.metadata, [keptName]: true } };
  }

  /**
   * The id under which the log knows an append of this turn. When the turn runs again, its messages were retracted and
   * must be appended again, so the id is good for this run only. What a retraction leaves alone keeps its id.
   */
  operationId(id: string, events: readonly EventInput[]): string {
    if (this.recording === undefined || !events.some(isRetractable)) return id;
    return `relevo:turn:${fingerprint([this.id, this.#attempt, id])}`;
  }

  noteSeen(ranges: readonly SeqRange[]): void {
    if (ranges.length === 0) return;
    this.#outer?.noteSeen(ranges);
    this.#seen = merged(this.#seen, ranges);
  }

  /** Events that were read; a tombstone shows nothing. */
  noteEvents(events: readonly StoredEvent[]): void {
    this.noteSeen(rangesOf(events.flatMap(({ seq, erasedAt }) => (erasedAt === undefined ? [seq] : []))));
  }

  noteWritten({ firstSeq, version }: Pick<AppendResult, "firstSeq" | "version">, count: number): void {
    if (version > this.#start.version) this.#start = { ...this.#start, version };
    if (count === 0) return;
    const range = { from: firstSeq, to: firstSeq + count - 1 };
    this.#written = merged(this.#written, [range]);
    this.noteSeen([range]);
  }

  /**
   * After a retraction by this turn: what the turn saw may be among what it took out, on purpose. A removal by anybody
   * else is a conflict.
   */
  async noteRetracted(retraction: number, options: CallOptions): Promise<void> {
    await this.#outer?.noteRetracted(retraction, options);
    this.#retractions.add(retraction);
    const first = this.#seen[0];
    const last = this.#seen.at(-1);
    if (this.recording === undefined || first === undefined || last === undefined) return;
    const state = await this.handle.read({ limit: 1, ...signalOf(options) });
    const { events } = await readEvents(this.handle, {
      after: first.from - 1,
      before: last.to + 1,
      retracted: "include",
      ...signalOf(options),
    });
    const intact = new Set<number>();
    for (const event of events) if (this.#isIntact(event)) intact.add(event.seq);
    const { removalRevision } = state;
    for (const { from, to } of this.#seen)
      for (let seq = from; seq <= to; seq++)
        if (seq >= this.#begun.firstSeq && !intact.has(seq)) throw conflict("removal", { removalRevision });
    this.#start = { ...this.#start, removalRevision };
  }

  /** Nobody but this turn has removed it since the turn began: what a summary covers may be gone for long. */
  #isIntact({ erasedAt, retractedBy }: StoredEvent): boolean {
    const { version, at = Number.NEGATIVE_INFINITY } = this.#begun;
    if (erasedAt !== undefined && erasedAt >= at) return false;
    return retractedBy === undefined || retractedBy <= version || this.#retractions.has(retractedBy);
  }

  /** Keeps events for the append that ends the turn. */
  appendAtEnd(events: readonly EventInput[]): void {
    for (const event of this.mark(events)) this.#atEnd.push(event);
  }

  /** Appends what was kept for the end, with the result when it is recorded, in one step. */
  async finish<Result>(result: Result, options: CallOptions): Promise<Result> {
    const { recording, handle } = this;
    if (recording === undefined) {
      if (this.#atEnd.length > 0) await this.#append(this.#atEnd, options);
      return result;
    }
    // In the event that records it, it is two levels deeper.
    const limits = { ...handle.runtime.limits, depth: handle.runtime.limits.depth - 2 };
    const value =
      result === undefined
        ? undefined
        : admitJson(result, "result", limits, recording.maxResultBytes, "maxResultBytes").value;
    const { replayed } = await retry(() => this.#finishOnce(recording, value, options), {
      name: "turn",
      attempts: endAttempts,
      delayMs: 5,
      random: handle.runtime.random,
      when: (error) => isConflict(error, "version") && this.#learnVersion(error),
      ...signalOf(options),
    });
    if (!replayed) return value as Result;
    // Another process took the turn over and has ended it: its result is the one that stands.
    const recorded = await readRecorded(handle, this.id, recording, options);
    return (recorded === undefined ? value : recorded.result) as Result;
  }

  async #finishOnce(
    recording: Recording,
    value: JsonValue | undefined,
    options: CallOptions,
  ): Promise<AppendResult> {
    const { version, removalRevision } = this.#start;
    const own = this.#atEnd.length;
    // The result may repeat the events that are appended with it, so their places in the log must be known.
    const derivedFrom =
      own === 0 ? this.#seen : merged(this.#seen, [{ from: version + 1, to: version + own }]);
    const event: EventInput = {
      type: resultType,
      body: { turn: this.id, ...(value === undefined ? {} : { result: value }) },
      at: this.handle.runtime.clock.now(),
      ...(derivedFrom.length === 0 ? {} : { derivedFrom: bounded(derivedFrom) }),
    };
    return this.#append([...this.#atEnd, ...this.mark([event])], {
      operation: { id: recording.end, fingerprint: recording.fingerprint },
      ...(derivedFrom.length === 0 ? {} : { removalRevision }),
      ...(own === 0 ? {} : { expectedVersion: version }),
      ...signalOf(options),
    });
  }

  #append(events: readonly EventInput[], options: AppendOptions): Promise<AppendResult> {
    const { ttlMs } = this.handle;
    return this.handle.append(events, { ...options, fence: this.lease.fence, ttlMs });
  }

  #learnVersion(error: MemoryError): boolean {
    const { version } = error.details;
    if (typeof version === "number") this.#start = { ...this.#start, version };
    return typeof version === "number";
  }

  /** Takes what this turn has appended out of what is effective. */
  async retractWritten(options: CallOptions): Promise<void> {
    await retractTurn(this.handle, this.lease.fence, this.id, this.#written, options);
  }
}

/** Whether a turn that runs again has to take out what an earlier run of it has appended. */
export function isOfRun({ metadata }: StoredEvent, turn: string): boolean {
  return metadata?.[turnName] === turn && metadata[keptName] !== true;
}

/** A retraction of these ranges in the name of a turn. */
export async function retractTurn(
  handle: SessionHandle,
  fence: number,
  turn: string,
  ranges: readonly SeqRange[],
  options: CallOptions,
): Promise<void> {
  if (ranges.length === 0) return;
  const at = handle.runtime.clock.now();
  const events: EventInput[] = [];
  for (let start = 0; start < ranges.length; start += maxPageSize)
    events.push({
      type: "retraction",
      body: { ranges: ranges.slice(start, start + maxPageSize), reason: "turn did not end" },
      at,
      metadata: { [turnName]: turn },
    });
  await handle.remove(() => handle.append(events, { fence, ttlMs: handle.ttlMs, ...signalOf(options) }));
}

/** Only messages and summaries can be retracted. */
function isRetractable({ type }: EventInput): boolean {
  return type === "message" || type === "summary";
}

function merged(ranges: readonly SeqRange[], added: readonly SeqRange[]): SeqRange[] {
  return normalizeRanges([...ranges, ...added]);
}

/** As many ranges as an event may name; of more, one that spans them. */
function bounded(ranges: readonly SeqRange[]): readonly SeqRange[] {
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (ranges.length <= maxPageSize || first === undefined || last === undefined) return ranges;
  return [{ from: first.from, to: last.to }];
}

/** @throws `conflict` for a write through the session of a turn that has ended. */
export function turnIsOver(): MemoryError {
  return new MemoryError(
    "conflict",
    "The turn has ended. Write through the session, or begin another turn.",
    {
      details: { conflict: "lease" },
    },
  );
}
