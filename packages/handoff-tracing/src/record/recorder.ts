import type { AppendResult, CallOptions, Clock, EventLog, HandoffRecord } from "@relevo/core";
import { fingerprint, isConflict, MemoryError } from "@relevo/core";
import type { AdmittedSession } from "@relevo/core/input";
import type { HandoffProblem } from "../handoff-types.ts";
import { appendReliably, isMemoryDown, type Patience } from "./call-memory.ts";
import type { HandoffObservation, HandoffObserver } from "./observer.ts";
import {
  createRunning,
  type Ending,
  type HandoffEvent,
  type HandoffEvents,
  type PlannedHandoff,
  type RunningHandoff,
} from "./running-handoff.ts";

export interface RecorderSettings {
  readonly log: EventLog;
  readonly clock: Clock;
  /** A monotonic clock in milliseconds; only differences are used. */
  readonly monotonic: () => number;
  readonly degrade: boolean;
  readonly observer: HandoffObserver | undefined;
  readonly patience: Patience;
  readonly report: (error: unknown, problem: HandoffProblem) => void;
}

export interface Recorder {
  /**
   * Records the start. When something that its inline messages repeat was removed in between, `again` prepares the
   * start again, at most twice; without `again` the start is recorded without those messages.
   *
   * @throws what the log throws, unless the policy is `degrade` and the memory is down.
   */
  start(
    session: AdmittedSession,
    planned: PlannedHandoff,
    options?: CallOptions,
    again?: () => Promise<PlannedHandoff>,
  ): Promise<RunningHandoff>;
  /** Records a handoff that ended before its receiver ran, as one event. @throws what the log throws. */
  refuse(
    session: AdmittedSession,
    planned: PlannedHandoff,
    ending: Ending,
    options?: CallOptions,
  ): Promise<void>;
}

/** Writes the two events of a handoff, each under its own operation id, so that a retry writes nothing twice. */
export function createRecorder(settings: RecorderSettings): Recorder {
  const { log, clock, monotonic, patience, report } = settings;

  async function append(
    session: AdmittedSession,
    phase: "start" | "end",
    events: HandoffEvents,
    guard: { readonly incarnation?: string; readonly removalRevision?: number },
    call: CallOptions,
  ): Promise<AppendResult> {
    const operation = {
      id: `handoff:${events[0].body.handoffId}:${phase}`,
      fingerprint: fingerprint(events.map(({ body }) => body)),
    };
    return await session.withGuard(({ init, ...own }) => {
      // When the log has told the incarnation, the session exists.
      const known = guard.incarnation === undefined ? { init } : guard;
      const options = { ...call, operation, ...own, ...known };
      return appendReliably(log, session.address, events, options, patience);
    });
  }

  function watch(session: AdmittedSession, record: HandoffRecord): HandoffObservation {
    try {
      return settings.observer?.onStart({ session: session.address, record }) ?? {};
    } catch (error) {
      report(error, { phase: "observer", session: session.address, record });
      return {};
    }
  }

  function running(
    session: AdmittedSession,
    planned: PlannedHandoff,
    observation: HandoffObservation,
    start: { readonly started?: AppendResult; readonly degraded?: boolean },
  ): RunningHandoff {
    const incarnation = start.started?.incarnation ?? session.incarnation ?? planned.incarnation;
    const guard = guardOf(incarnation, planned.removalRevision);
    return createRunning({
      planned,
      observation,
      started: start.started,
      degraded: start.degraded ?? planned.degraded ?? false,
      now: () => clock.now(),
      monotonic,
      append: (events, call) => append(session, "end", events, guard, call),
      report: (error, phase, record) => report(error, { phase, session: session.address, record }),
    });
  }

  /** A start that failed may be in the log after all, and must not look like a handoff that never ends. */
  async function endUnstarted(
    handoff: RunningHandoff,
    session: AdmittedSession,
    cause: unknown,
  ): Promise<void> {
    const ending = { status: "failed", error: cause } as const;
    if (MemoryError.isInstance(cause) && cause.outcome !== "unknown") {
      handoff.abandon(ending);
      return;
    }
    try {
      await handoff.end(ending);
    } catch (error) {
      report(error, { phase: "end", session: session.address, record: handoff.abandon(ending) });
    }
  }

  return {
    async start(session, first, call = {}, again) {
      const observation = watch(session, { ...first.record, status: "started" });
      let planned = first;
      for (let attempt = 1; ; attempt++) {
        const { trace } = observation;
        const record = {
          ...planned.record,
          status: "started",
          ...(trace === undefined ? {} : { trace }),
        } as const;
        const { derivedFrom = [], removalRevision } = planned;
        const event: HandoffEvent = {
          type: "handoff",
          agent: record.from,
          at: clock.now(),
          ...(derivedFrom.length === 0 ? {} : { derivedFrom }),
          body: record,
        };
        try {
          const guard = guardOf(session.incarnation ?? planned.incarnation, removalRevision);
          const started = await append(session, "start", [event], guard, call);
          return running(session, planned, observation, { started });
        } catch (error) {
          if (settings.degrade && isMemoryDown(error)) {
            report(error, { phase: "start", session: session.address, record });
            return running(session, planned, observation, { degraded: true });
          }
          try {
            if (!isConflict(error, "removal")) throw error;
            if (again === undefined) report(error, { phase: "outcome", session: session.address, record });
            else if (attempt === starts) throw removedAgain(error);
            planned = again === undefined ? withoutInline(planned) : await again();
          } catch (cause) {
            await endUnstarted(running(session, planned, observation, {}), session, cause);
            throw cause;
          }
        }
      }
    },

    async refuse(session, planned, ending, call = {}) {
      const observation = watch(session, { ...planned.record, status: ending.status });
      await running(session, planned, observation, {}).end(ending, call);
    },
  };
}

/** How many times a start is tried while what its inline messages repeat is being removed. */
const starts = 3;

function removedAgain(cause: MemoryError): MemoryError {
  return new MemoryError("conflict", `Messages were removed during all ${starts} tries to hand them over.`, {
    retryable: true,
    details: { ...cause.details, attempts: starts },
    cause,
  });
}

/** A removal revision is valid only with its incarnation. */
function guardOf(
  incarnation: string | undefined,
  removalRevision: number | undefined,
): { readonly incarnation?: string; readonly removalRevision?: number } {
  if (incarnation === undefined) return {};
  return removalRevision === undefined ? { incarnation } : { incarnation, removalRevision };
}

function withoutInline({ record, derivedFrom: _, ...planned }: PlannedHandoff): PlannedHandoff {
  const { inline: _inline, ...context } = record.context ?? { policy: "none", passed: [], dropped: [] };
  return { ...planned, record: { ...record, context } };
}
