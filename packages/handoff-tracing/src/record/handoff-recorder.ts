import { clearTimeout, setTimeout } from "node:timers";
import {
  type CallOptions,
  type Clock,
  defaultLimits,
  type EventLog,
  type IdGenerator,
  isEvent,
  type JsonValue,
  type SessionAddress,
  type SessionReference,
} from "@relevo/core";
import {
  type AdmittedSession,
  admitCall,
  admitFields,
  admitJson,
  admitOptionalInteger,
  admitSession,
  admitViewForm,
  type FieldTable,
  fieldTable,
  maxTimerMs,
  refuse,
} from "@relevo/core/input";
import type { HandoffParent, StartedHandoff, StartRequest } from "../handoff-types.ts";
import { admitCause } from "../run/admit-cause.ts";
import { admitDocuments, admitFacts, admitPolicy } from "../run/admit-request.ts";
import { admitSchema, validData, withinEvent } from "../run/standard-schema.ts";
import { callWithin } from "./call-memory.ts";
import { HandoffRejected, receiverTimeout } from "./handoff-errors.ts";
import { orEnd } from "./liveness.ts";
import { type AdmittedStart, type PlannedStart, type PlanSettings, planStart } from "./plan-start.ts";
import type { Recorder } from "./recorder.ts";
import type { Ending, PlannedHandoff, RunningHandoff } from "./running-handoff.ts";

export interface HandoffRecorderSettings extends PlanSettings {
  readonly log: EventLog;
  readonly ids: IdGenerator;
  readonly clock: Clock;
  readonly recorder: Recorder;
  /** The handoff around the call, when it belongs to this tenant. */
  readonly current: (tenant: string) => HandoffParent | undefined;
}

/** Records handoffs of frameworks that hand over by themselves. */
export type StartHandoff = (
  session: SessionReference,
  handoff: StartRequest,
  options?: CallOptions,
) => Promise<StartedHandoff>;

const startFields: FieldTable = fieldTable<StartRequest>({
  from: "selects",
  to: "selects",
  reason: "selects",
  priority: "refines",
  mode: "refines",
  data: "refines",
  schema: "refines",
  timeoutMs: "refines",
  parentId: "selects",
  incarnation: "selects",
  removalRevision: "selects",
  context: "refines",
  policy: "refines",
  seqs: "refines",
  for: "refines",
  documents: "refines",
  cause: "refines",
});

/** How many events are searched for a parent that was not started by this process. */
const parentSearch = 1000;

/** The most running handoffs whose depth is remembered. */
const maxKnown = 10_000;

/**
 * The recorder for frameworks that hand over by themselves. It records what it is given, without a loop guard. Without
 * `parentId` the parent is the handoff that runs in this asynchronous context. The depth is one more than that of the
 * parent, which is searched among the newest 1,000 handoff events; 1 when it is not found.
 */
export function createHandoffRecorder(settings: HandoffRecorderSettings): StartHandoff {
  const { log, ids, clock, patience, recorder } = settings;
  const depths = new Map<string, number>();

  async function depthBelow(
    address: SessionAddress,
    parentId: string,
    signal?: AbortSignal,
  ): Promise<number> {
    const current = settings.current(address.tenant);
    const known = depths.get(parentId) ?? (current?.handoffId === parentId ? current.depth : undefined);
    if (known !== undefined) return known + 1;
    const page = await callWithin(patience.timeoutMs, signal, "not-applied", (within) =>
      log.read(address, { types: ["handoff"], direction: "backward", limit: parentSearch, signal: within }),
    );
    for (const event of page.events) {
      if (isEvent(event, "handoff") && event.body.handoffId === parentId) return event.body.depth + 1;
    }
    return 1;
  }

  function remember(handoffId: string, depth: number): void {
    depths.set(handoffId, depth);
    // A framework that does not end its handoffs must not fill the memory.
    for (const oldest of depths.keys()) {
      if (depths.size <= maxKnown) break;
      depths.delete(oldest);
    }
  }

  return async (reference, request, options) => {
    const call = admitCall(options);
    const { signal } = call;
    const session = admitSession(reference, "session", defaultLimits);
    const handoff = admitFields(request, "handoff", startFields);
    const { address } = session;
    const facts = admitFacts(handoff);
    const schema = admitSchema(handoff.schema);
    const timeoutMs = admitOptionalInteger(handoff.timeoutMs, "timeoutMs", 1);
    const handoffId = ids.next();
    const parentId = handoff.parentId ?? settings.current(address.tenant)?.handoffId;
    const given = handoff.data === undefined ? undefined : admitJson(handoff.data, "data", withinEvent).value;
    const { incarnation, removalRevision } = handoff;
    const admitted: Omit<AdmittedStart, "record" | "facts"> = {
      cause: admitCause(handoff.cause, { ids, now: clock.now() }),
      documents: admitDocuments(handoff.documents),
      shown: admitShown(handoff),
      incarnation,
      removalRevision,
    };
    const { for: provider } = admitViewForm({ for: handoff.for });
    const sign = recorder.giveSign(session, handoffId, { signal, incarnation });
    return await orEnd(sign, async () => {
      const named = { handoffId, ...facts, ...(parentId === undefined ? {} : { parentId }) };
      const asked = { ...named, depth: 0, ...withData(given) };
      const unrecorded = async <Value>(step: () => Promise<Value>): Promise<Value> => {
        try {
          return await step();
        } catch (error) {
          recorder.giveUp(session, asked, error);
          throw error;
        }
      };
      if (parentId !== undefined) asked.depth = await unrecorded(() => depthBelow(address, parentId, signal));
      let data: JsonValue | undefined;
      try {
        data = await validData(schema, given, signal);
      } catch (error) {
        await refuseData(
          session,
          { record: asked, incarnation, cause: admitted.cause.events },
          error,
          signal,
        );
        throw error;
      }
      const start: AdmittedStart = {
        ...admitted,
        facts: { ...facts, ...withData(data), for: provider },
        record: { ...named, depth: asked.depth, ...withData(data) },
      };
      const plan = (): Promise<PlannedStart> => planStart(settings, session, start, signal);
      let { planned, messages } = await unrecorded(plan);
      const readsLog = admitted.shown !== undefined && !("context" in admitted.shown);
      const again = async (): Promise<PlannedStart["planned"]> => {
        ({ planned, messages } = await plan());
        return planned;
      };
      const running = await recorder.start(session, planned, {
        signal,
        sign,
        again: readsLog ? again : undefined,
      });
      remember(handoffId, asked.depth);
      return { ...handleOf(running, address, timeoutMs), messages, data };
    });
  };

  /** What the framework ends. The time is over for good: a later end would contradict the log. */
  function handleOf(
    running: RunningHandoff,
    session: SessionAddress,
    timeoutMs: number | undefined,
  ): Omit<StartedHandoff, "messages" | "data"> {
    const { handoffId } = running;
    const over = new AbortController();
    const end = async (ending: Ending, call: CallOptions): Promise<void> => {
      clearTimeout(timer);
      over.signal.throwIfAborted();
      await running.end(ending, call);
      depths.delete(handoffId);
    };
    const onTimeout = (): void => {
      const error = receiverTimeout(timeoutMs, handoffId);
      const ending = { status: "timed-out", error } as const;
      end(ending, {}).catch((cause: unknown) =>
        settings.report(cause, { phase: "end", session, record: running.abandon(ending) }),
      );
      over.abort(error);
    };
    // Does not keep the process alive: one that ends before is found by its sign of life.
    const timer =
      timeoutMs === undefined ? undefined : setTimeout(onTimeout, Math.min(timeoutMs, maxTimerMs)).unref();
    return {
      handoffId,
      signal: over.signal,
      complete: async (outcome, options) => end({ status: "completed", outcome }, admitCall(options)),
      fail: async (error, options) => end({ status: "failed", error }, admitCall(options)),
      reject: async (reason, options) =>
        end({ status: "rejected", error: new HandoffRejected(reason) }, admitCall(options)),
    };
  }

  async function refuseData(
    session: AdmittedSession,
    { cause, ...planned }: PlannedHandoff,
    error: unknown,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const ending = { status: "rejected", error } as const;
    try {
      const caused = cause === undefined || cause.length === 0 ? planned : { ...planned, cause };
      await recorder.refuse(session, caused, ending, { signal });
    } catch (failure) {
      // The refusal itself matters more than its record.
      const record = { ...planned.record, status: ending.status };
      settings.report(failure, { phase: "end", session: session.address, record });
    }
  }
}

function withData(data: JsonValue | undefined): { readonly data?: JsonValue } {
  return data === undefined ? {} : { data };
}

/** At most one of them may say what the receiver is shown. */
function admitShown({ policy, seqs, context }: StartRequest): AdmittedStart["shown"] {
  const given = [policy, seqs, context].filter((one) => one !== undefined);
  if (given.length > 1) throw refuse("handoff", "must have one of policy, seqs and context.");
  if (policy !== undefined) return { policy: admitPolicy(policy) };
  if (seqs !== undefined) return { seqs };
  return context === undefined ? undefined : { context };
}
