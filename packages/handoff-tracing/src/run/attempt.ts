import type { AsyncLocalStorage } from "node:async_hooks";
import type { EventLog, HandoffRecord, IdGenerator, SessionAddress, TokenCounter } from "@relevo/core";
import type { AdmittedSession } from "@relevo/core/input";
import type { HandoffProblem } from "../handoff-types.ts";
import type { Patience } from "../record/call-memory.ts";
import type { Recorder } from "../record/recorder.ts";
import type { PlannedHandoff } from "../record/running-handoff.ts";
import type { AdmittedRequest } from "./admit-request.ts";
import type { Frame } from "./frame.ts";
import type { LoopLimits } from "./loop-guard.ts";

/** What every step of `run` uses. */
export interface RunnerSettings {
  readonly log: EventLog;
  readonly ids: IdGenerator;
  readonly degrade: boolean;
  readonly limits: LoopLimits;
  readonly counter: TokenCounter | undefined;
  readonly patience: Patience;
  readonly report: (error: unknown, problem: HandoffProblem) => void;
  readonly recorder: Recorder;
  readonly frames: AsyncLocalStorage<Frame>;
  /** Errors that have ended a handoff already: for the outer handoffs they are failures, not rejections. */
  readonly settled: WeakSet<object>;
}

/** One handoff from its request to its end. */
export interface Attempt {
  readonly session: AdmittedSession;
  readonly address: SessionAddress;
  readonly facts: AdmittedRequest;
  /** The record without its context, which is chosen later. */
  readonly record: PlannedHandoff["record"];
  readonly outer: Frame | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Reports a record that should be in the log and is not. */
export function reportEnd(
  settings: RunnerSettings,
  attempt: Attempt,
  error: unknown,
  record: HandoffRecord,
): void {
  settings.report(error, { phase: "end", session: attempt.address, record });
}
