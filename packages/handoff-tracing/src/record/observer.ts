import type { HandoffRecord, SessionAddress } from "@relevo/core";

/** A handoff that starts, before anything of it is recorded. */
export interface ObservedStart {
  readonly session: SessionAddress;
  readonly record: HandoffRecord;
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
  /** Called once with the record of the end, also when recording fails. `error` is what was thrown. */
  onEnd?(record: HandoffRecord, error?: unknown): void;
}

/**
 * Observes handoffs, for tracing and metrics. An error of an observer goes to `onError` and has no other effect.
 */
export interface HandoffObserver {
  /** Called for every handoff that is recorded, refused ones included. */
  onStart(start: ObservedStart): HandoffObservation | undefined;
}
