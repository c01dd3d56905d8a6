import type { HandoffRecord, SessionAddress } from "@relevo/core";
import type { HandoffProblem } from "../handoff-types.ts";

/** What a callback is told. */
export interface HandoffNotice {
  readonly session: SessionAddress;
  /** The start or the end, as it is recorded. */
  readonly record: HandoffRecord;
  /** False when it could not be recorded: under `degrade`, or for an end that the log did not take. */
  readonly recorded: boolean;
}

/**
 * Callbacks for what this process records. They are not waited for, and what they throw, or reject with, goes to
 * `onError`.
 */
export interface HandoffCallbacks {
  /** The receiver is about to run. Not called for a handoff that is refused. */
  readonly started?: ((notice: HandoffNotice) => unknown) | undefined;
  /** A handoff ended, was refused, or was marked as abandoned by this process. Called once for each. */
  readonly ended?: ((notice: HandoffNotice) => unknown) | undefined;
}

export type Notify = (
  phase: keyof HandoffCallbacks,
  session: SessionAddress,
  record: HandoffRecord,
  recorded: boolean,
) => void;

export function createNotify(
  callbacks: HandoffCallbacks,
  report: (error: unknown, problem: HandoffProblem) => void,
): Notify {
  return (phase, session, record, recorded) => {
    const failed = (error: unknown): void => report(error, { phase: "callback", session, record });
    try {
      Promise.resolve(callbacks[phase]?.({ session, record, recorded })).catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}
