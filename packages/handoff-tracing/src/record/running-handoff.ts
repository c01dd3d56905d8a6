import {
  type CallOptions,
  defaultLimits,
  type EventInput,
  type HandoffContext,
  type HandoffRecord,
  isConflict,
  type JsonValue,
  MemoryError,
  type SeqRange,
} from "@relevo/core";
import { admitJson } from "@relevo/core/input";
import { isRange } from "../context/is-range.ts";
import { bounded } from "../context/resolve-context.ts";
import { type AnsweredCall, callResultEvent } from "./call-result.ts";
import { recordedError } from "./handoff-errors.ts";
import type { SignOfLife } from "./liveness.ts";
import type { HandoffObservation } from "./observer.ts";

export type HandoffEvent = Extract<EventInput, { readonly type: "handoff" }>;

/** A handoff before it starts: its record without the fields that the recorder adds. */
export interface PlannedHandoff {
  readonly record: Omit<HandoffRecord, "status" | "durationMs" | "outcome" | "error" | "trace">;
  /** What the inline messages repeat. */
  readonly derivedFrom?: readonly SeqRange[];
  /** The incarnation that the context was read from. */
  readonly incarnation?: string | undefined;
  /** The call that the end answers. */
  readonly answers?: AnsweredCall | undefined;
  /** The `removalRevision` at which the context was read. */
  readonly removalRevision?: number;
  /** Messages that are appended before the start, in the same step. */
  readonly cause?: readonly EventInput[];
  /** The version of the log that the cause is appended to, when the context names its messages. */
  readonly expectedVersion?: number;
  /** True when the messages could not be read: the receiver runs without them, and the end records that. */
  readonly degraded?: boolean;
}

export type Ending =
  | { readonly status: "completed"; readonly outcome?: JsonValue | undefined }
  | {
      readonly status: "failed" | "rejected" | "timed-out";
      readonly error: unknown;
      /** The handoff inside this one whose recorded end says the message of the error. */
      readonly causedBy?: string;
    };

/** Where the start of a handoff is in the log. */
export interface StartPlace {
  readonly seq: number;
  readonly incarnation: string;
}

/** A handoff between its start and its end. */
export interface RunningHandoff {
  readonly handoffId: string;
  readonly observation: HandoffObservation;
  /** The start in the log, if there is one. */
  readonly started: StartPlace | undefined;
  readonly degraded: boolean;
  /**
   * Records the end and returns the record. The first ending counts: a further call changes nothing, but tries again to
   * record the first one if that has failed. @throws what the log throws.
   */
  end(ending: Ending, options?: CallOptions): Promise<HandoffRecord>;
  /** Ends it without the log: notifies the observer and returns the record. The first ending counts. */
  abandon(ending: Ending): HandoffRecord;
}

export interface RunningSettings {
  readonly planned: PlannedHandoff;
  readonly observation: HandoffObservation;
  readonly started: StartPlace | undefined;
  readonly sign: SignOfLife;
  /**
   * True when the store was down before the receiver ran. When the start is missing, the end contains everything that
   * the start would have.
   */
  readonly degraded: boolean;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly append: (events: readonly EventInput[], call: CallOptions) => Promise<unknown>;
  /** Told of an observer that throws, and of an outcome that the store refuses. */
  readonly report: (error: unknown, phase: "observer" | "outcome", record: HandoffRecord) => void;
  /** Told once of the end, when it is recorded or given up. */
  readonly ended: (record: HandoffRecord, recorded: boolean) => void;
}

export function createRunning(settings: RunningSettings): RunningHandoff {
  const { planned, observation, started } = settings;
  const startedAt = settings.monotonic();
  let end: HandoffRecord | undefined;
  let endedAt = 0;
  let isError = false;
  let thrown: unknown;
  /** The event that answers the call that asked for the handoff. */
  let result: EventInput | undefined;
  let recording: Promise<void> | undefined;

  function decide(ending: Ending): HandoffRecord {
    if (end !== undefined) return end;
    const durationMs = Math.max(0, Math.round((settings.monotonic() - startedAt) * 1000) / 1000);
    end = endRecord(settings, ending, durationMs);
    endedAt = settings.now();
    isError = ending.status !== "completed";
    thrown = "error" in ending ? ending.error : undefined;
    settings.sign.end();
    result = resultOf(end);
    return end;
  }

  let isObserved = false;
  function observed(record: HandoffRecord, recorded: boolean, cause?: unknown): void {
    if (isObserved) return;
    isObserved = true;
    try {
      observation.onEnd?.({ record, error: thrown, recorded, cause });
    } catch (error) {
      settings.report(error, "observer", record);
    }
  }

  /** Made once, so that a retry appends the same. A failing function does not prevent the end from being recorded. */
  function resultOf(record: HandoffRecord): EventInput | undefined {
    const { answers } = planned;
    if (answers === undefined) return undefined;
    try {
      return callResultEvent(answers, eventOf(record, sourcesOf(planned, started)), isError);
    } catch (error) {
      settings.report(error, "outcome", record);
      return plainResult(record, undefined);
    }
  }

  /** The result of the call without what a function may have repeated from the conversation. */
  function plainResult(
    record: HandoffRecord,
    result: Exclude<AnsweredCall["result"], (...args: never[]) => unknown>,
  ): EventInput | undefined {
    const { answers } = planned;
    return answers && callResultEvent({ call: answers.call, result }, eventOf(record, []), isError);
  }

  function eventOf(body: HandoffRecord, derivedFrom: readonly SeqRange[]): HandoffEvent {
    return { type: "handoff", at: endedAt, derivedFrom, body };
  }

  function eventsOf(record: HandoffRecord): readonly EventInput[] {
    const events = endEvents(settings, record, endedAt);
    return result === undefined ? events : [...events, result];
  }

  /**
   * A result may fit a value but not the record, or repeat what was removed while the receiver ran. It is then left out
   * of the record and of the result of the call.
   */
  async function record(decided: HandoffRecord, call: CallOptions): Promise<void> {
    try {
      await settings.append(eventsOf(decided), call);
    } catch (error) {
      const said = planned.answers?.result;
      const isRefused = (decided.outcome !== undefined || said !== undefined) && isRefusedForm(error);
      if (!isRefused && !isConflict(error, "removal")) throw error;
      end = withoutContent(decided, isRefused ? "refused" : "removed");
      result = plainResult(end, isRefused || typeof said === "function" ? undefined : said);
      settings.report(error, "outcome", end);
      await settings.append(eventsOf(end), call);
    }
  }

  let isTold = false;
  function tell(record: HandoffRecord, recorded: boolean): HandoffRecord {
    if (!isTold) settings.ended(record, recorded);
    isTold = true;
    return record;
  }

  return {
    handoffId: planned.record.handoffId,
    observation,
    started,
    degraded: settings.degraded,
    abandon(ending) {
      const decided = decide(ending);
      observed(decided, false, thrown);
      return tell(decided, false);
    },
    async end(ending, call = {}) {
      const decided = decide(ending);
      recording ??= record(decided, call);
      const current = recording;
      try {
        await current;
      } catch (error) {
        // The next call may try again; calls that wait for this try fail with it.
        if (recording === current) recording = undefined;
        observed(decided, false, error);
        throw isConflict(error, "operation") ? markedBefore(planned.record.handoffId, error) : error;
      }
      observed(end ?? decided, true);
      return tell(end ?? decided, true);
    },
  };
}

/** Each caller in this process waits for the same recording, so the end in the log is another process's. */
function markedBefore(handoffId: string, cause: MemoryError): MemoryError {
  const words = `Handoff ${handoffId} was marked as abandoned before its end could be recorded.`;
  return new MemoryError("conflict", words, { details: cause.details, cause });
}

function endRecord(settings: RunningSettings, ending: Ending, durationMs: number): HandoffRecord {
  const { planned, observation, started, degraded } = settings;
  const { derivedFrom = [] } = planned;
  const { context, data, ...facts } = planned.record;
  const kept = started === undefined ? context : contextAfterStart(context, derivedFrom.length > 0);
  return {
    ...facts,
    // The data is stored in the start only, where it can be erased.
    ...(started === undefined && data !== undefined ? { data } : {}),
    status: degraded ? "degraded" : ending.status,
    ...(kept === undefined ? {} : { context: kept }),
    ...(observation.trace === undefined ? {} : { trace: observation.trace }),
    durationMs,
    ...("error" in ending ? errorFields(ending) : outcomeField(ending.outcome)),
  };
}

/**
 * The end, followed by a separate event with the content of the result, which may repeat what the receiver was shown:
 * an erasure removes that content, and the log still says how the handoff ended. An end that replaces a missing start
 * is one event, derived from all of it.
 */
function endEvents(
  { planned, started }: RunningSettings,
  record: HandoffRecord,
  at: number,
): readonly EventInput[] {
  const end: HandoffEvent = { type: "handoff", agent: record.to, at, body: record };
  const derivedFrom = sourcesOf(planned, started);
  const { outcome, error, ...plain } = record;
  const words = {
    ...(outcome === undefined ? {} : { outcome }),
    ...(error === undefined || error.message === "" ? {} : { message: error.message }),
  };
  // Without a start they are in the log only if they come with the end.
  const cause = started === undefined ? (planned.cause ?? []) : [];
  if (derivedFrom.length === 0 || record.omitted === "removed") return [...cause, end];
  if (record.context?.inline !== undefined) return [...cause, { ...end, derivedFrom }];
  if (Object.keys(words).length === 0) return [...cause, end];
  const body = { ...plain, ...(error === undefined ? {} : { error: { ...error, message: "" } }) };
  return [
    ...cause,
    { ...end, body },
    { type: resultType, agent: record.to, at, derivedFrom, body: { handoffId: record.handoffId, ...words } },
  ];
}

/** The type of the events with the content of a result or an error. */
export const resultType = "x-handoff-result";

/** What the receiver is shown of the log: passed messages, and what made ones repeat. */
export function shownOf({ record: { context }, derivedFrom = [] }: PlannedHandoff): SeqRange[] {
  // Ranges from a framework may be invalid; those are left out.
  const passed = Array.isArray(context?.passed) ? context.passed.filter(isRange) : [];
  return [...passed, ...derivedFrom];
}

/** With the content of the start. */
function sourcesOf(planned: PlannedHandoff, started: StartPlace | undefined): readonly SeqRange[] {
  const { context, data } = planned.record;
  const shown = shownOf(planned);
  if (started === undefined) return bounded(shown);
  const { seq } = started;
  const isSaid = data !== undefined || context?.inline !== undefined;
  if (isSaid) shown.push({ from: seq, to: seq });
  return bounded(shown.map(({ from, to }) => ({ from, to: Math.min(to, seq) })));
}

/** The record without anything that the receiver may have repeated. */
function withoutContent(
  { outcome: _, error, context, ...rest }: HandoffRecord,
  omitted: NonNullable<HandoffRecord["omitted"]>,
): HandoffRecord {
  const { inline: _inline, ...places } = context ?? { policy: "none", passed: [], dropped: [] };
  return {
    ...rest,
    ...(context === undefined ? {} : { context: omitted === "removed" ? places : context }),
    ...(error === undefined ? {} : { error: omitted === "removed" ? { ...error, message: "" } : error }),
    omitted,
  };
}

/**
 * What the end repeats of the context: nothing, unless the start contains inline messages that may be erased. Then it
 * repeats the ranges, so that the rest can still be rebuilt.
 */
function contextAfterStart(
  context: HandoffContext | undefined,
  mayBeBlanked: boolean,
): HandoffContext | undefined {
  if (context === undefined || !mayBeBlanked) return undefined;
  const { inline: _inline, ...places } = context;
  return places;
}

/** The message is recorded once, where the error came from. */
function errorFields({
  error,
  causedBy,
}: Extract<Ending, { readonly error: unknown }>): Pick<HandoffRecord, "error" | "causedBy"> {
  const recorded = recordedError(error);
  return causedBy === undefined ? { error: recorded } : { error: { ...recorded, message: "" }, causedBy };
}

function outcomeField(outcome: JsonValue | undefined): { readonly outcome?: JsonValue } {
  return outcome === undefined ? {} : { outcome: admitJson(outcome, "outcome", defaultLimits).value };
}

/** Refused because of its form, before anything was written. */
function isRefusedForm(error: unknown): boolean {
  if (!MemoryError.isInstance(error) || error.outcome !== "not-applied") return false;
  return error.code === "too-large" || error.code === "invalid-input";
}
