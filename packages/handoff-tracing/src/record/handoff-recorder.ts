import {
  type CallOptions,
  type Clock,
  defaultLimits,
  type EventLog,
  type IdGenerator,
  isEvent,
  type SessionAddress,
  type SessionReference,
} from "@relevo/core";
import {
  admitCall,
  admitFields,
  admitJson,
  admitSession,
  admitViewForm,
  type FieldTable,
  fieldTable,
  refuse,
} from "@relevo/core/input";
import type { HandoffParent, StartedHandoff, StartRequest } from "../handoff-types.ts";
import { admitCause } from "../run/admit-cause.ts";
import { admitDocuments, admitFacts, admitPolicy } from "../run/admit-request.ts";
import { callWithin } from "./call-memory.ts";
import { HandoffRejected } from "./handoff-errors.ts";
import { orEnd } from "./liveness.ts";
import { type AdmittedStart, type PlannedStart, type PlanSettings, planStart } from "./plan-start.ts";
import type { Recorder } from "./recorder.ts";

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

  return async (given, request, options) => {
    const call = admitCall(options);
    const { signal } = call;
    const session = admitSession(given, "session", defaultLimits);
    const handoff = admitFields(request, "handoff", startFields);
    const { address } = session;
    const facts = admitFacts(handoff);
    const handoffId = ids.next();
    const parentId = handoff.parentId ?? settings.current(address.tenant)?.handoffId;
    const data =
      handoff.data === undefined ? {} : { data: admitJson(handoff.data, "data", defaultLimits).value };
    const admitted: Omit<AdmittedStart, "record"> = {
      facts: { ...facts, ...data, for: admitViewForm({ for: handoff.for }).for },
      cause: admitCause(handoff.cause, { ids, now: clock.now() }),
      documents: admitDocuments(handoff.documents),
      shown: admitShown(handoff),
      incarnation: handoff.incarnation,
      removalRevision: handoff.removalRevision,
    };
    const sign = recorder.giveSign(session, handoffId, { signal, incarnation: handoff.incarnation });
    const running = await orEnd(sign, async () => {
      const depth = parentId === undefined ? 0 : await depthBelow(address, parentId, signal);
      const record = { handoffId, ...facts, depth, ...data, ...(parentId === undefined ? {} : { parentId }) };
      const plan = (): Promise<PlannedStart> => planStart(settings, session, { ...admitted, record }, signal);
      let { planned, messages } = await plan();
      const readsLog = admitted.shown !== undefined && !("context" in admitted.shown);
      const again = async (): Promise<PlannedStart["planned"]> => {
        ({ planned, messages } = await plan());
        return planned;
      };
      const started = await recorder.start(session, planned, {
        signal,
        sign,
        again: readsLog ? again : undefined,
      });
      remember(handoffId, depth);
      return { started, messages };
    });
    const end = async (...ending: Parameters<typeof running.started.end>): Promise<void> => {
      await running.started.end(...ending);
      depths.delete(handoffId);
    };
    return {
      handoffId,
      messages: running.messages,
      complete: async (outcome, options) => end({ status: "completed", outcome }, admitCall(options)),
      fail: async (error, options) => end({ status: "failed", error }, admitCall(options)),
      reject: async (reason, options) =>
        end({ status: "rejected", error: new HandoffRejected(reason) }, admitCall(options)),
    };
  };
}

/** At most one of them may say what the receiver is shown. */
function admitShown({ policy, seqs, context }: StartRequest): AdmittedStart["shown"] {
  const given = [policy, seqs, context].filter((one) => one !== undefined);
  if (given.length > 1) throw refuse("handoff", "must have one of policy, seqs and context.");
  if (policy !== undefined) return { policy: admitPolicy(policy) };
  if (seqs !== undefined) return { seqs };
  return context === undefined ? undefined : { context };
}
