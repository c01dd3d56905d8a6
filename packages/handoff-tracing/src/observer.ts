import type { HandoffRecord, SessionAddress } from "@relevo/core";

/** A handoff that begins, before anything of it is recorded. */
export interface ObservedStart {
  readonly session: SessionAddress;
  readonly record: HandoffRecord;
}

/** How one handoff is watched. Every member may be left out. */
export interface HandoffObservation {
  /** Recorded with the handoff, so that its log and its trace find each other. */
  readonly trace?: { readonly traceId: string; readonly spanId: string };
  /** Runs the receiver within a context, such as that of a span. It must call `run` before it returns; what it returns is not looked at. */
  within?<Result>(run: () => Promise<Result>): Promise<Result>;
  /** Called once, with the record of the end, also when recording it fails. `error` is what was thrown. */
  onEnd?(record: HandoffRecord, error?: unknown): void;
}

/**
 * Watches handoffs: the seam for tracing and metrics. What an observer throws is reported to `onError` and changes
 * nothing else.
 */
export interface HandoffObserver {
  /** Called for every handoff that is recorded, refused ones included. */
  onStart(start: ObservedStart): HandoffObservation | undefined;
}
