import {
  type CallOptions,
  fingerprint,
  type StoredEvent,
  type ViewReads,
  type ViewSource,
} from "@relevo/core";
import { throwIfAborted } from "@relevo/core/input";
import { defaultPage } from "../session/newest-page.ts";
import { hasMessage, readEvents } from "../session/read-events.ts";
import type { SessionHandle } from "../session/session-handle.ts";
import { signalOf } from "../signal.ts";
import type { TurnRun } from "../turns/turn-run.ts";

/**
 * The log of a session as a view strategy sees it, all as of the version that the log has now. The newest page and the
 * pinned messages below it come with one read; more is read only when a strategy goes further back.
 */
export async function createViewSource(
  handle: SessionHandle,
  options: { readonly fence?: number; readonly reads?: ViewReads | undefined } & CallOptions = {},
  turn?: TurnRun,
): Promise<ViewSource> {
  // Not `head` and a page: two reads would cost a second round trip, and could be of two moments.
  const first = await handle.readNewest(options.reads?.messages ?? defaultPage, signalOf(options));
  const { incarnation, version, revision, removalRevision } = first;

  async function readOlder(
    before: number,
    limit: number,
    call: CallOptions,
  ): Promise<readonly StoredEvent[]> {
    const { events } = await readEvents(handle, {
      ...signalOf(call),
      atVersion: version,
      types: ["message", "summary"],
      direction: "backward",
      before,
      limit,
    });
    return events;
  }

  return {
    ...(incarnation === undefined ? {} : { incarnation }),
    version,
    revision,
    removalRevision,
    async readBackward({ before = version + 1, limit, signal }): Promise<readonly StoredEvent[]> {
      throwIfAborted(signal);
      const start = first.events.findIndex(({ seq }) => seq < before);
      const known = start === -1 ? [] : first.events.slice(start, start + limit);
      if (known.length === limit || first.next === undefined) return known;
      const older = await readOlder(
        Math.min(before, first.next),
        limit - known.length,
        signal === undefined ? options : { signal },
      );
      return [...known, ...older];
    },
    async pinned(call = options): Promise<readonly StoredEvent[]> {
      throwIfAborted(call.signal);
      const { pinned: below = [], morePinned } = first.below ?? {};
      const known = [...below, ...first.events.filter(({ pinned }) => pinned === true).toReversed()];
      const oldest = known[0];
      if (morePinned === undefined || oldest === undefined) return known.filter(hasMessage);
      const { events: older } = await readEvents(
        handle,
        { ...signalOf(call), atVersion: version, types: ["message"], pinned: true, before: oldest.seq },
        hasMessage,
      );
      return [...older, ...known.filter(hasMessage)];
    },
    async append(
      event,
      operationId,
      call: { readonly removalRevision?: number } & CallOptions = {},
    ): Promise<number> {
      // Two processes may write the same summary in different words; the first one stands and the second replays it.
      const request = { type: event.type, derivedFrom: event.derivedFrom };
      const timed = { at: handle.runtime.clock.now(), ...event };
      const result = await handle.appendWith([turn?.markKept(timed) ?? timed], {
        ...(incarnation === undefined
          ? {}
          : { incarnation, removalRevision: call.removalRevision ?? removalRevision }),
        ...signalOf(call.signal === undefined ? options : call),
        ...(options.fence === undefined ? {} : { fence: options.fence }),
        operation: { id: operationId, fingerprint: fingerprint(request) },
        expectedVersion: version,
      });
      turn?.noteWritten(result, 0);
      return result.firstSeq;
    },
    latest: (call = options) => createViewSource(handle, { ...options, ...signalOf(call) }, turn),
  };
}
