import type { AppendResult, CallOptions, Clock, EventLog, HandoffRecord } from "@relevo/core";
import { fingerprint, isConflict, MemoryError } from "@relevo/core";
import type { AdmittedSession } from "@relevo/core/input";
import { appendReliably, isMemoryDown, type Patience } from "./call-memory.ts";
import type { HandoffProblem } from "./handoff-types.ts";
import type { HandoffObservation, HandoffObserver } from "./observer.ts";
import {
  type Beginning,
  createRunning,
  type Ending,
  type HandoffEvent,
  type HandoffEvents,
  type RunningHandoff,
} from "./running-handoff.ts";

export interface RecorderSettings {
  readonly log: EventLog;
  readonly clock: Clock;
  /** Milliseconds that never go back; only differences are used. */
  readonly monotonic: () => number;
  readonly degrade: boolean;
  readonly observer: HandoffObserver | undefined;
  readonly patience: Patience;
  readonly report: (error: unknown, problem: HandoffProblem) => void;
}

export interface Recorder {
  /**
   * Records the start. When something that its inline messages repeat was removed meanwhile, `again` makes the
   * starting again, at most twice; without it the start is recorded without those messages.
   *
   * @throws what the log throws, unless the policy is `degrade` and the memory is down.
   */
  begin(
    session: AdmittedSession,
    beginning: Beginning,
    options?: CallOptions,
    again?: () => Promise<Beginning>,
  ): Promise<RunningHandoff>;
  /** Records a handoff that ended before its receiver ran, as one event. @throws what the log throws. */
  refuse(
    session: AdmittedSession,
    beginning: Beginning,
    ending: Ending,
    options?: CallOptions,
  ): Promise<void>;
}

/** Writes the two events of a handoff, each under an operation of its own, so that a retry writes nothing twice. */
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
      // Where the incarnation is known from the log, nothing is to be created.
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
    beginning: Beginning,
    observation: HandoffObservation,
    begun: { readonly started?: AppendResult; readonly degraded?: boolean },
  ): RunningHandoff {
    const incarnation = begun.started?.incarnation ?? session.incarnation ?? beginning.incarnation;
    const guard = guardOf(incarnation, beginning.removalRevision);
    return createRunning({
      beginning,
      observation,
      started: begun.started,
      degraded: begun.degraded ?? beginning.degraded ?? false,
      now: () => clock.now(),
      monotonic,
      append: (events, call) => append(session, "end", events, guard, call),
      report: (error, phase, record) => report(error, { phase, session: session.address, record }),
    });
  }

  /** A start that may be in the log although it failed must not look like a handoff that runs for ever. */
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
    async begin(session, first, call = {}, again) {
      const observation = watch(session, { ...first.record, status: "started" });
      let beginning = first;
      for (let attempt = 1; ; attempt++) {
        const { trace } = observation;
        const record = {
          ...beginning.record,
          status: "started",
          ...(trace === undefined ? {} : { trace }),
        } as const;
        const { derivedFrom = [], removalRevision } = beginning;
        const event: HandoffEvent = {
          type: "handoff",
          agent: record.from,
          at: clock.now(),
          ...(derivedFrom.length === 0 ? {} : { derivedFrom }),
          body: record,
        };
        try {
          const guard = guardOf(session.incarnation ?? beginning.incarnation, removalRevision);
          const started = await append(session, "start", [event], guard, call);
          return running(session, beginning, observation, { started });
        } catch (error) {
          if (settings.degrade && isMemoryDown(error)) {
            report(error, { phase: "start", session: session.address, record });
            return running(session, beginning, observation, { degraded: true });
          }
          try {
            if (!isConflict(error, "removal")) throw error;
            if (again === undefined) report(error, { phase: "outcome", session: session.address, record });
            else if (attempt === starts) throw removedAgain(error);
            beginning = again === undefined ? withoutInline(beginning) : await again();
          } catch (cause) {
            await endUnstarted(running(session, beginning, observation, {}), session, cause);
            throw cause;
          }
        }
      }
    },

    async refuse(session, beginning, ending, call = {}) {
      const observation = watch(session, { ...beginning.record, status: ending.status });
      await running(session, beginning, observation, {}).end(ending, call);
    },
  };
}

/** How often a start is tried whose inline messages repeat what is removed at the same time. */
const starts = 3;

function removedAgain(cause: MemoryError): MemoryError {
  return new MemoryError("conflict", `Messages were removed during all ${starts} tries to hand them over.`, {
    retryable: true,
    details: { ...cause.details, attempts: starts },
    cause,
  });
}

/** A removal revision is nothing without the incarnation that it belongs to. */
function guardOf(
  incarnation: string | undefined,
  removalRevision: number | undefined,
): { readonly incarnation?: string; readonly removalRevision?: number } {
  if (incarnation === undefined) return {};
  return removalRevision === undefined ? { incarnation } : { incarnation, removalRevision };
}

function withoutInline({ record, derivedFrom: _, ...beginning }: Beginning): Beginning {
  const { inline: _inline, ...context } = record.context ?? { policy: "none", passed: [], dropped: [] };
  return { ...beginning, record: { ...record, context } };
}
