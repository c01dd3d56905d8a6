import type { AsyncLocalStorage } from "node:async_hooks";
import type { EventLog, HandoffRecord, IdGenerator, SessionAddress, TokenCounter } from "@relevo/core";
import type { AdmittedSession } from "@relevo/core/input";
import type { AdmittedRequest } from "./admit-request.ts";
import type { Patience } from "./call-memory.ts";
import type { Frame } from "./frame.ts";
import type { HandoffProblem } from "./handoff-types.ts";
import type { LoopLimits } from "./loop-guard.ts";
import type { Recorder } from "./recorder.ts";
import type { Beginning } from "./running-handoff.ts";

/** What every step of `run` works with. */
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
  /** Errors that have ended a handoff: on their way up they are failures of the outer ones, no rejections. */
  readonly settled: WeakSet<object>;
}

/** One handoff, from its request on. */
export interface Attempt {
  readonly session: AdmittedSession;
  readonly address: SessionAddress;
  readonly facts: AdmittedRequest;
  /** The record without the context, which is chosen later. */
  readonly record: Beginning["record"];
  readonly outer: Frame | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Reports a record that should stand in the log and does not. */
export function reportEnd(
  settings: RunnerSettings,
  attempt: Attempt,
  error: unknown,
  record: HandoffRecord,
): void {
  settings.report(error, { phase: "end", session: attempt.address, record });
}
