import type { HandoffRecord, SessionAddress } from "@relevo/core";

/** A handoff that starts, before anything of it is recorded. */
export interface ObservedStart {
  readonly session: SessionAddress;
  readonly record: HandoffRecord;
}

/** How a handoff ended. */
export interface ObservedEnd {
  /** The end as it is recorded, or should be. */
  readonly record: HandoffRecord;
  /** What the receiver threw, or why the handoff was refused or could not start. */
  readonly error?: unknown;
  /** False when the end is not in the log, as far as this process knows. */
  readonly recorded: boolean;
  /** Why it is not in the log. */
  readonly cause?: unknown;
}

/** Observes one handoff. Every member may be left out. */
export interface HandoffObservation {
  /** Recorded with the handoff, to connect the log with the trace. */
  readonly trace?: { readonly traceId: string; readonly spanId: string };
  /**
   * Runs the receiver within a context, such as that of a span. It must call `run` before it returns; its result is
   * ignored.
   */
  within?<Result>(run: () => Promise<Result>): Promise<Result>;
  /** Called once, when the end was recorded or the first attempt to do so has failed. */
  onEnd?(end: ObservedEnd): void;
}

/**
 * Observes handoffs, for tracing and metrics. An error of an observer goes to `onError` and has no other effect.
 */
export interface HandoffObserver {
  /**
   * Called for every handoff that is recorded, refused ones included; and for one that this process marks as
   * `abandoned`, whose record has the trace of the process that died.
   */
  onStart(start: ObservedStart): HandoffObservation | undefined;
}
