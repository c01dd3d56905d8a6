import {
  type AppendResult,
  admitJson,
  type CallOptions,
  defaultLimits,
  type EventInput,
  type HandoffContext,
  type HandoffRecord,
  type JsonValue,
  MemoryError,
  type SeqRange,
} from "@relevo/core";
import { type AnsweredCall, callResultEvent } from "./call-result.ts";
import { describeError } from "./handoff-errors.ts";
import type { HandoffObservation } from "./observer.ts";

export type HandoffEvent = Extract<EventInput, { readonly type: "handoff" }>;

/** What one append records: a start, or an end with what belongs to it. */
export type HandoffEvents = readonly [HandoffEvent, ...EventInput[]];

/** A handoff before it starts: its record without what the recorder adds. */
export interface Beginning {
  readonly record: Omit<HandoffRecord, "status" | "durationMs" | "outcome" | "error" | "trace">;
  readonly derivedFrom?: readonly SeqRange[];
  /** The incarnation that the context was read from. */
  readonly incarnation?: string | undefined;
  /** The call that the end answers. */
  readonly answers?: AnsweredCall | undefined;
  /** True when the messages could not be read: the receiver runs without them, and the end says so. */
  readonly degraded?: boolean;
}

export type Ending =
  | { readonly status: "completed"; readonly outcome?: JsonValue | undefined }
  | { readonly status: "failed" | "rejected"; readonly error: unknown };

/** A handoff between its start and its end. */
export interface RunningHandoff {
  readonly handoffId: string;
  readonly observation: HandoffObservation;
  /** What the start append did; absent when there is no start in the log. */
  readonly started: AppendResult | undefined;
  readonly degraded: boolean;
  /**
   * Records the end and gives the record. The first ending counts: called again, it changes nothing, but tries once
   * more to record that one when it could not be. @throws what the log throws.
   */
  end(ending: Ending, options?: CallOptions): Promise<HandoffRecord>;
  /** Ends it without the log: the observer is told, and the record is returned. The first ending counts. */
  abandon(ending: Ending): HandoffRecord;
}

export interface RunningSettings {
  readonly beginning: Beginning;
  readonly observation: HandoffObservation;
  readonly started: AppendResult | undefined;
  /**
   * True when the memory was down before the receiver ran. When the start is missing for it, the end says all that
   * the start would have.
   */
  readonly degraded: boolean;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly append: (events: HandoffEvents, call: CallOptions) => Promise<unknown>;
  /** Told of an observer that throws, and of an outcome that the store refuses. */
  readonly report: (error: unknown, phase: "observer" | "outcome", record: HandoffRecord) => void;
}

export function createRunning(settings: RunningSettings): RunningHandoff {
  const { beginning, observation, started } = settings;
  const begunAt = settings.monotonic();
  let event: HandoffEvent | undefined;
  let isError = false;
  /** What answers the call that asked for the handoff. */
  let result: EventInput | undefined;
  let recording: Promise<void> | undefined;

  function decide(ending: Ending): HandoffEvent {
    if (event !== undefined) return event;
    const durationMs = Math.max(0, Math.round((settings.monotonic() - begunAt) * 1000) / 1000);
    event = endEvent(settings, ending, durationMs);
    isError = ending.status !== "completed";
    result = resultOf(event);
    try {
      observation.onEnd?.(event.body, "error" in ending ? ending.error : undefined);
    } catch (error) {
      settings.report(error, "observer", event.body);
    }
    return event;
  }

  /** Made once, so that a retry appends the same. A function that fails does not keep the end from being recorded. */
  function resultOf(end: HandoffEvent): EventInput | undefined {
    const { answers } = beginning;
    if (answers === undefined) return undefined;
    try {
      return callResultEvent(answers, end, isError);
    } catch (error) {
      settings.report(error, "outcome", end.body);
      return plainResult(end);
    }
  }

  function plainResult(end: HandoffEvent): EventInput | undefined {
    const { answers } = beginning;
    return answers === undefined
      ? undefined
      : callResultEvent({ call: answers.call, result: undefined }, end, isError);
  }

  function eventsOf(end: HandoffEvent): HandoffEvents {
    return result === undefined ? [end] : [end, result];
  }

  /** A result may be storable by itself and not within the record; then record and call do without. */
  async function record(decided: HandoffEvent, call: CallOptions): Promise<void> {
    try {
      await settings.append(eventsOf(decided), call);
    } catch (error) {
      const { outcome, ...body } = decided.body;
      const hasOwnResult = beginning.answers?.result !== undefined;
      if ((outcome === undefined && !hasOwnResult) || !isRefusedForm(error)) throw error;
      event = { ...decided, body };
      result = plainResult(event);
      settings.report(error, "outcome", body);
      await settings.append(eventsOf(event), call);
    }
  }

  return {
    handoffId: beginning.record.handoffId,
    observation,
    started,
    degraded: settings.degraded,
    abandon: (ending) => decide(ending).body,
    async end(ending, call = {}) {
      const decided = decide(ending);
      recording ??= record(decided, call);
      const current = recording;
      try {
        await current;
      } catch (error) {
        // The next call may try again; those who wait for this try share its failure.
        if (recording === current) recording = undefined;
        // Somebody else ended this handoff before: the first ending counts.
        if (!isEndedBefore(error)) throw error;
      }
      return (event ?? decided).body;
    },
  };
}

function endEvent(settings: RunningSettings, ending: Ending, durationMs: number): HandoffEvent {
  const { beginning, observation, started, degraded } = settings;
  const { derivedFrom = [] } = beginning;
  const { context, ...facts } = beginning.record;
  const kept = started === undefined ? context : contextAfterStart(context, derivedFrom.length > 0);
  const carriesDerived = kept?.inline !== undefined && derivedFrom.length > 0;
  return {
    type: "handoff",
    agent: facts.to,
    at: settings.now(),
    ...(carriesDerived ? { derivedFrom } : {}),
    body: {
      ...facts,
      status: degraded ? "degraded" : ending.status,
      ...(kept === undefined ? {} : { context: kept }),
      ...(observation.trace === undefined ? {} : { trace: observation.trace }),
      durationMs,
      ...("error" in ending ? { error: describeError(ending.error) } : outcomeField(ending.outcome)),
    },
  };
}

/**
 * What the end repeats of the context: nothing, unless the start carries inline messages that an erasure may
 * blank. Then it repeats the places, so that the rest can still be rebuilt.
 */
function contextAfterStart(
  context: HandoffContext | undefined,
  mayBeBlanked: boolean,
): HandoffContext | undefined {
  if (context === undefined || !mayBeBlanked) return undefined;
  const { inline: _inline, ...places } = context;
  return places;
}

function outcomeField(outcome: JsonValue | undefined): { readonly outcome?: JsonValue } {
  return outcome === undefined ? {} : { outcome: admitJson(outcome, "outcome", defaultLimits).value };
}

/** Refused for what it is, before anything was written. */
function isRefusedForm(error: unknown): boolean {
  if (!MemoryError.isInstance(error) || error.outcome !== "not-applied") return false;
  return error.code === "too-large" || error.code === "invalid-input";
}

function isEndedBefore(error: unknown): boolean {
  return MemoryError.isInstance(error, "conflict") && error.details.conflict === "operation";
}
