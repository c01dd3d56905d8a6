import {
  defaultLimits,
  type EventLog,
  type HandoffHandle,
  type HandoffRecorder,
  type HandoffStart,
  type IdGenerator,
  isEvent,
  type SessionAddress,
} from "@relevo/core";
import {
  admitCall,
  admitFields,
  admitJson,
  admitSession,
  type FieldTable,
  fieldTable,
  normalizeRanges,
} from "@relevo/core/input";
import { admitFacts } from "./admit-request.ts";
import { callWithin, type Patience } from "./call-memory.ts";
import { HandoffRejected } from "./handoff-errors.ts";
import type { HandoffParent } from "./handoff-types.ts";
import type { Recorder } from "./recorder.ts";
import { bounded } from "./resolve-context.ts";

export interface HandoffRecorderSettings {
  readonly log: EventLog;
  readonly ids: IdGenerator;
  readonly patience: Patience;
  readonly recorder: Recorder;
  /** The handoff that runs around the call, when it is the tenant's own. */
  readonly current: (tenant: string) => HandoffParent | undefined;
}

const startFields: FieldTable = fieldTable<HandoffStart>({
  from: "selects",
  to: "selects",
  reason: "selects",
  priority: "refines",
  data: "refines",
  parentId: "selects",
  incarnation: "selects",
  removalRevision: "selects",
  context: "refines",
});

/** How far back a parent is looked for that did not start here. */
const parentSearch = 1000;

/** Of how many running handoffs the depth is remembered. */
const maxKnown = 10_000;

/**
 * The recorder for frameworks that hand over by themselves. Nothing is guarded and no context is chosen: what is
 * told is recorded. Without `parentId` the parent is the handoff that runs in this asynchronous context; the depth
 * is one more than the parent's, which is looked for among the newest 1,000 handoff events, and 1 when not found.
 */
export function createHandoffRecorder(settings: HandoffRecorderSettings): HandoffRecorder {
  const { log, ids, patience, recorder } = settings;
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

  return {
    async start(given, start, options): Promise<HandoffHandle> {
      const call = admitCall(options);
      const session = admitSession(given, "session", defaultLimits);
      const { address } = session;
      const handoff = admitFields(start, "handoff", startFields);
      const facts = admitFacts(handoff);
      const handoffId = ids.next();
      const parentId = handoff.parentId ?? settings.current(address.tenant)?.handoffId;
      const depth = parentId === undefined ? 0 : await depthBelow(address, parentId, call.signal);
      const { context } = handoff;
      // Nobody said what the inline messages repeat, so they are taken to repeat everything there was.
      const derivedFrom =
        (context?.inline?.length ?? 0) === 0
          ? []
          : bounded(normalizeRanges([...(context?.passed ?? []), ...(context?.dropped ?? [])]));
      const running = await recorder.begin(
        session,
        {
          record: {
            handoffId,
            ...facts,
            depth,
            ...(handoff.data === undefined
              ? {}
              : { data: admitJson(handoff.data, "data", defaultLimits).value }),
            ...(parentId === undefined ? {} : { parentId }),
            ...(context === undefined ? {} : { context }),
          },
          derivedFrom,
          incarnation: handoff.incarnation,
          ...(handoff.removalRevision === undefined ? {} : { removalRevision: handoff.removalRevision }),
        },
        call,
      );
      depths.set(handoffId, depth);
      // A framework that forgets to end its handoffs must not fill the memory.
      for (const oldest of depths.keys()) {
        if (depths.size <= maxKnown) break;
        depths.delete(oldest);
      }
      const end = async (...ending: Parameters<typeof running.end>): Promise<void> => {
        await running.end(...ending);
        depths.delete(handoffId);
      };
      return {
        handoffId,
        complete: async (outcome, options) => end({ status: "completed", outcome }, admitCall(options)),
        fail: async (error, options) => end({ status: "failed", error }, admitCall(options)),
        reject: async (reason, options) =>
          end({ status: "rejected", error: new HandoffRejected(reason) }, admitCall(options)),
      };
    },
  };
}
