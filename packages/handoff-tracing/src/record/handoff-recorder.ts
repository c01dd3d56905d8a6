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
import { bounded } from "../context/resolve-context.ts";
import type { HandoffParent } from "../handoff-types.ts";
import { admitFacts } from "../run/admit-request.ts";
import { callWithin, type Patience } from "./call-memory.ts";
import { HandoffRejected } from "./handoff-errors.ts";
import type { Recorder } from "./recorder.ts";

export interface HandoffRecorderSettings {
  readonly log: EventLog;
  readonly ids: IdGenerator;
  readonly patience: Patience;
  readonly recorder: Recorder;
  /** The handoff around the call, when it belongs to this tenant. */
  readonly current: (tenant: string) => HandoffParent | undefined;
}

const startFields: FieldTable = fieldTable<HandoffStart>({
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
});

/** How many events are searched for a parent that was not started by this process. */
const parentSearch = 1000;

/** The most running handoffs whose depth is remembered. */
const maxKnown = 10_000;

/**
 * The recorder for frameworks that hand over by themselves. It records what it is given, without a loop guard and
 * without choosing a context. Without `parentId` the parent is the handoff that runs in this asynchronous context. The
 * depth is one more than that of the parent, which is searched among the newest 1,000 handoff events; 1 when it is not
 * found.
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
      // What the inline messages repeat is not known, so they count as derived from everything that was there.
      const derivedFrom =
        (context?.inline?.length ?? 0) === 0
          ? []
          : bounded(normalizeRanges([...(context?.passed ?? []), ...(context?.dropped ?? [])]));
      const running = await recorder.start(
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
      // A framework that does not end its handoffs must not fill the memory.
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
