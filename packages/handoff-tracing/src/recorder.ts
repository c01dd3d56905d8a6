import type { AppendResult, CallOptions, Clock, EventLog, HandoffRecord, SessionAddress } from "@relevo/core";
import { fingerprint, MemoryError } from "@relevo/core";
import { appendReliably, isMemoryDown, type Patience } from "./call-memory.ts";
import type { HandoffProblem, HandoffSession } from "./handoff-types.ts";
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
  /** Records the start. @throws what the log throws, unless the policy is `degrade` and the memory is down. */
  begin(session: HandoffSession, beginning: Beginning, options?: CallOptions): Promise<RunningHandoff>;
  /** Records a handoff that ended before its receiver ran, as one event. @throws what the log throws. */
  refuse(session: HandoffSession, beginning: Beginning, ending: Ending, options?: CallOptions): Promise<void>;
}

/** Writes the two events of a handoff, each under an operation of its own, so that a retry writes nothing twice. */
export function createRecorder(settings: RecorderSettings): Recorder {
  const { log, clock, monotonic, patience, report } = settings;

  async function append(
    session: HandoffSession,
    phase: "start" | "end",
    events: HandoffEvents,
    incarnation: string | undefined,
    call: CallOptions,
  ): Promise<AppendResult> {
    const operation = {
      id: `handoff:${events[0].body.handoffId}:${phase}`,
      fingerprint: fingerprint(events.map(({ body }) => body)),
    };
    const guard = {
      ...(incarnation === undefined ? {} : { incarnation }),
      ...(session.fence === undefined ? {} : { fence: session.fence }),
    };
    return await appendReliably(log, addressOf(session), events, { ...call, operation, ...guard }, patience);
  }

  function watch(session: HandoffSession, record: HandoffRecord): HandoffObservation {
    try {
      return settings.observer?.onStart({ session: addressOf(session), record }) ?? {};
    } catch (error) {
      report(error, { phase: "observer", session: addressOf(session), record });
      return {};
    }
  }

  function running(
    session: HandoffSession,
    beginning: Beginning,
    observation: HandoffObservation,
    begun: { readonly started?: AppendResult; readonly degraded?: boolean },
  ): RunningHandoff {
    const incarnation = begun.started?.incarnation ?? session.incarnation ?? beginning.incarnation;
    return createRunning({
      beginning,
      observation,
      started: begun.started,
      degraded: begun.degraded ?? beginning.degraded ?? false,
      now: () => clock.now(),
      monotonic,
      append: (events, call) => append(session, "end", events, incarnation, call),
      report: (error, phase, record) => report(error, { phase, session: addressOf(session), record }),
    });
  }

  /** A start that may be in the log although it failed must not look like a handoff that runs for ever. */
  async function endUnstarted(
    handoff: RunningHandoff,
    session: HandoffSession,
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
      report(error, { phase: "end", session: addressOf(session), record: handoff.abandon(ending) });
    }
  }

  return {
    async begin(session, beginning, call = {}) {
      const plain: HandoffRecord = { ...beginning.record, status: "started" };
      const observation = watch(session, plain);
      const record = observation.trace === undefined ? plain : { ...plain, trace: observation.trace };
      const { derivedFrom = [] } = beginning;
      const event: HandoffEvent = {
        type: "handoff",
        agent: record.from,
        at: clock.now(),
        ...(derivedFrom.length === 0 ? {} : { derivedFrom }),
        body: record,
      };
      try {
        const incarnation = session.incarnation ?? beginning.incarnation;
        const started = await append(session, "start", [event], incarnation, call);
        return running(session, beginning, observation, { started });
      } catch (error) {
        if (settings.degrade && isMemoryDown(error)) {
          report(error, { phase: "start", session: addressOf(session), record });
          return running(session, beginning, observation, { degraded: true });
        }
        await endUnstarted(running(session, beginning, observation, {}), session, error);
        throw error;
      }
    },

    async refuse(session, beginning, ending, call = {}) {
      const observation = watch(session, { ...beginning.record, status: ending.status });
      await running(session, beginning, observation, {}).end(ending, call);
    },
  };
}

/** Only what names the session: a facade's object carries much that no store knows. */
export function addressOf(session: SessionAddress): SessionAddress {
  return { tenant: session.tenant, session: session.session };
}
