import type { AsyncLocalStorage } from "node:async_hooks";
import type {
  Clock,
  EventLog,
  HandoffRecord,
  IdGenerator,
  JsonValue,
  SessionAddress,
  TokenCounter,
} from "@relevo/core";
import type { AdmittedSession } from "@relevo/core/input";
import type { HandoffProblem } from "../handoff-types.ts";
import type { Patience } from "../record/call-memory.ts";
import type { Recorder } from "../record/recorder.ts";
import type { PlannedHandoff } from "../record/running-handoff.ts";
import type { AdmittedCause } from "./admit-cause.ts";
import type { AdmittedRequest } from "./admit-request.ts";
import type { Frame } from "./frame.ts";
import type { LoopLimits } from "./loop-guard.ts";

/** What every step of `run` uses. */
export interface RunnerSettings {
  readonly log: EventLog;
  readonly ids: IdGenerator;
  readonly clock: Clock;
  readonly degrade: boolean;
  readonly limits: LoopLimits;
  readonly counter: TokenCounter | undefined;
  readonly patience: Patience;
  readonly report: (error: unknown, problem: HandoffProblem) => void;
  readonly recorder: Recorder;
  readonly frames: AsyncLocalStorage<Frame>;
  /**
   * Errors that have ended a handoff already, with that handoff if its end is recorded: for the outer handoffs they are
   * failures, not rejections.
   */
  readonly settled: WeakMap<object, EndedHandoff | undefined>;
}

export interface EndedHandoff {
  readonly address: SessionAddress;
  readonly handoffId: string;
}

/** Remembers with which handoff an error was recorded. The first one counts. */
export function settle(settings: RunnerSettings, error: unknown, ended: EndedHandoff | undefined): void {
  if (typeof error !== "object" || error === null || settings.settled.has(error)) return;
  settings.settled.set(error, ended);
}

/** The handoff of the same session whose end says the message of this error. */
export function causeOf(
  { settled }: RunnerSettings,
  error: unknown,
  address: SessionAddress,
): string | undefined {
  const ended = typeof error === "object" && error !== null ? settled.get(error) : undefined;
  const isSame = ended?.address.tenant === address.tenant && ended.address.session === address.session;
  return isSame ? ended.handoffId : undefined;
}

/** One handoff from its request to its end. */
export interface Attempt {
  readonly session: AdmittedSession;
  readonly address: SessionAddress;
  readonly facts: AdmittedRequest;
  readonly cause: AdmittedCause;
  /** The data as the schema makes it, validated once. @throws `HandoffRefused`. */
  readonly validData: () => Promise<JsonValue | undefined>;
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
