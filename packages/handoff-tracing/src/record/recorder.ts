import type {
  AppendOptions,
  AppendResult,
  CallOptions,
  Clock,
  EventInput,
  EventLog,
  HandoffRecord,
} from "@relevo/core";
import { fingerprint, isConflict, MemoryError } from "@relevo/core";
import type { AdmittedSession } from "@relevo/core/input";
import { clipContext } from "../context/clip-context.ts";
import type { HandoffProblem } from "../handoff-types.ts";
import { appendReliably, callWithin, isMemoryDown, type Patience } from "./call-memory.ts";
import { inTurn } from "./in-turn.ts";
import { giveSign, type LivenessSettings, noSign, type SignOfLife } from "./liveness.ts";
import type { Notify } from "./notify.ts";
import type { HandoffObservation, HandoffObserver } from "./observer.ts";
import { endOperation, startOperation } from "./operations.ts";
import {
  createRunning,
  type Ending,
  type HandoffEvent,
  type PlannedHandoff,
  type RunningHandoff,
  type StartPlace,
  shownOf,
} from "./running-handoff.ts";

export interface RecorderSettings {
  readonly liveness: LivenessSettings;
  readonly notify: Notify;
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
   * Shows that a handoff is alive, before its start. Never rejects; whoever does not start the handoff ends the sign.
   */
  giveSign(
    session: AdmittedSession,
    handoffId: string,
    options: CallOptions & { readonly incarnation?: string | undefined },
  ): Promise<SignOfLife>;
  /**
   * Records the start, after the messages that caused it. When something that its inline messages repeat was removed in
   * between, or others wrote first where the context names new messages, `again` prepares the start again; without
   * `again` the start is recorded without the inline messages.
   *
   * @throws what the log throws, unless the policy is `degrade` and the memory is down.
   */
  start(session: AdmittedSession, planned: PlannedHandoff, options: StartOptions): Promise<RunningHandoff>;
  /** Tells the observer and the callbacks of a handoff that failed before anything could be recorded of it. */
  giveUp(session: AdmittedSession, record: PlannedHandoff["record"], error: unknown): void;
  /** Records a handoff that ended before its receiver ran, as one event. @throws what the log throws. */
  refuse(
    session: AdmittedSession,
    planned: PlannedHandoff,
    ending: Ending,
    options?: CallOptions,
  ): Promise<void>;
}

/** Records that a handoff ended before its receiver ran. @throws what the log throws. */
export type Refuse = (planned: PlannedHandoff, ending: Ending) => Promise<void>;

export interface StartOptions extends CallOptions {
  readonly sign: Promise<SignOfLife>;
  /** Prepares the start again, or refuses and throws why. */
  readonly again?: ((refuse: Refuse) => Promise<PlannedHandoff>) | undefined;
}

/** Writes the two events of a handoff, each under its own operation id, so that a retry writes nothing twice. */
export function createRecorder(settings: RecorderSettings): Recorder {
  const { log, clock, monotonic, patience, report } = settings;

  async function append(
    session: AdmittedSession,
    id: string,
    events: readonly EventInput[],
    guard: WriteGuard,
    call: CallOptions,
  ): Promise<AppendResult> {
    const operation = { id, fingerprint: fingerprint(events.map(({ body }) => body)) };
    const marked = inTurn(session, events);
    return await session.withGuard(({ init, ...own }) => {
      // When the log has told the incarnation, the session exists.
      const known = guard.incarnation === undefined ? { ...guard, init } : guard;
      const options = { signal: call.signal, operation, ...own, ...known };
      return appendReliably(log, session.address, marked, options, patience);
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
    start: { readonly started?: StartPlace; readonly degraded?: boolean; readonly sign?: SignOfLife },
  ): RunningHandoff {
    const incarnation = start.started?.incarnation ?? session.incarnation ?? planned.incarnation;
    const guard = guardOf(incarnation, planned.removalRevision);
    const { handoffId } = planned.record;
    return createRunning({
      planned,
      observation,
      started: start.started,
      degraded: start.degraded ?? planned.degraded ?? false,
      now: () => clock.now(),
      monotonic,
      sign: start.sign ?? noSign,
      append: async (events, call) => {
        const { cause = [] } = planned;
        const isThere =
          start.degraded === true && cause.length > 0 && (await isStarted(session, handoffId, call));
        const missing = isThere ? events.slice(cause.length) : events;
        return await append(session, endOperation(handoffId), missing, guard, call);
      },
      ended: (record, recorded) => settings.notify("ended", session.address, record, recorded),
      report: (error, phase, record) => report(error, { phase, session: session.address, record }),
    });
  }

  /** An answer may have been lost: then the messages that caused the handoff must not be appended again. */
  async function isStarted(
    session: AdmittedSession,
    handoffId: string,
    { signal }: CallOptions,
  ): Promise<boolean> {
    const known = await callWithin(patience.timeoutMs, signal, "not-applied", (within) =>
      log.operation(session.address, startOperation(handoffId), { signal: within }),
    );
    return known !== undefined;
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
    async giveSign(session, handoffId, call) {
      return await giveSign(settings.liveness, session, handoffId, call);
    },

    async start(session, first, { sign: signing, again, signal }) {
      const observation = watch(session, { ...first.record, status: "started" });
      const sign = await signing;
      const { liveness } = sign;
      const { trace } = observation;
      let planned = first;
      let removals = 0;
      let isRefused = false;
      const refuse: Refuse = async (refused, ending) => {
        isRefused = true;
        await endRefused(running(session, refused, observation, { sign }), ending, { signal });
      };
      for (let attempt = 1; ; attempt++) {
        const record = {
          ...planned.record,
          status: "started",
          ...(trace === undefined ? {} : { trace }),
          ...(liveness === undefined ? {} : { liveness }),
        } as const;
        const { derivedFrom = [], removalRevision, cause = [], expectedVersion } = planned;
        const event: HandoffEvent = {
          type: "handoff",
          agent: record.from,
          at: clock.now(),
          ...(derivedFrom.length === 0 ? {} : { derivedFrom }),
          body: record,
        };
        try {
          const guard = {
            ...guardOf(session.incarnation ?? planned.incarnation, removalRevision),
            ...(expectedVersion === undefined ? {} : { expectedVersion }),
          };
          const id = startOperation(record.handoffId);
          session.currentTurn?.noteSeen(shownOf(planned));
          const { firstSeq, incarnation } = await append(session, id, [...cause, event], guard, { signal });
          settings.notify("started", session.address, record, true);
          const started = { seq: firstSeq + cause.length, incarnation };
          return running(session, planned, observation, { started, sign });
        } catch (error) {
          if (settings.degrade && isMemoryDown(error)) {
            report(error, { phase: "start", session: session.address, record });
            settings.notify("started", session.address, record, false);
            return running(session, withoutCause(planned), observation, { degraded: true, sign });
          }
          try {
            const isRemoval = isConflict(error, "removal");
            const isLate = expectedVersion !== undefined && isConflict(error, "version");
            if (!isRemoval && !isLate) throw error;
            if (isRemoval) removals++;
            if (again === undefined) report(error, { phase: "outcome", session: session.address, record });
            else if (removals === mostRemovals || attempt === mostStarts) throw beatenAgain(error, attempt);
            planned = again === undefined ? withoutInline(planned) : await again(refuse);
          } catch (cause) {
            if (!isRefused)
              await endUnstarted(running(session, planned, observation, { sign }), session, cause);
            throw cause;
          }
        }
      }
    },

    giveUp(session, record, error) {
      const observation = watch(session, { ...record, status: "failed" });
      running(session, { record }, observation, {}).abandon({ status: "failed", error });
    },

    async refuse(session, planned, ending, call = {}) {
      // With the end, so that what caused a refused handoff is in the log all the same.
      const observation = watch(session, { ...planned.record, status: ending.status });
      await endRefused(running(session, planned, observation, {}), ending, call);
    },
  };
}

async function endRefused(handoff: RunningHandoff, ending: Ending, call: CallOptions): Promise<void> {
  try {
    await handoff.end(ending, call);
  } catch (error) {
    handoff.abandon(ending);
    throw error;
  }
}

/** How many times a start is tried while what its inline messages repeat is being removed. */
const mostRemovals = 3;
/** How many times a start is tried while others write to the session first. */
const mostStarts = 20;

function beatenAgain(cause: MemoryError, attempts: number): MemoryError {
  return new MemoryError(
    "conflict",
    `Others wrote to the session during all ${attempts} tries to hand over.`,
    {
      retryable: true,
      details: { ...cause.details, attempts },
      cause,
    },
  );
}

type WriteGuard = Pick<AppendOptions, "incarnation" | "removalRevision" | "expectedVersion">;

/** The context when the messages that caused the handoff were not appended: they come with the end, elsewhere. */
function withoutCause(planned: PlannedHandoff): PlannedHandoff {
  const { record, expectedVersion } = planned;
  const { context } = record;
  if (context === undefined || expectedVersion === undefined) return planned;
  return { ...planned, record: { ...record, context: clipContext(context, expectedVersion) } };
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
