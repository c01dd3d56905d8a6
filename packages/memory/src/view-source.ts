import {
  type CallOptions,
  type DroppedRange,
  fingerprint,
  type StoredEvent,
  type View,
  type ViewSource,
  type ViewStrategy,
} from "@relevo/core";
import { hasMessage, readEvents } from "./read-events.ts";
import type { SessionHandle } from "./session-handle.ts";
import { signalOf } from "./signal.ts";

/** The log of a session as a view strategy sees it, all as of the version that the log has now. */
export async function createViewSource(
  handle: SessionHandle,
  options: { readonly fence?: number } & CallOptions = {},
): Promise<ViewSource> {
  // A read, not `head`: through it a session that is gone is noticed.
  const first = await handle.read({ limit: 1, ...signalOf(options) });
  const { incarnation, version, revision, removalRevision } = first;
  const asOf = { atVersion: version };
  return {
    ...(incarnation === undefined ? {} : { incarnation }),
    version,
    revision,
    removalRevision,
    async readBackward({ before, limit, signal }): Promise<readonly StoredEvent[]> {
      if (version === 0) return [];
      const { events } = await readEvents(handle, {
        ...asOf,
        ...signalOf(signal === undefined ? options : { signal }),
        types: ["message", "summary"],
        direction: "backward",
        limit,
        ...(before === undefined ? {} : { before }),
      });
      return events;
    },
    async pinned(call = options): Promise<readonly StoredEvent[]> {
      if (version === 0) return [];
      const { events } = await readEvents(
        handle,
        { ...asOf, ...signalOf(call), types: ["message"], pinned: true },
        hasMessage,
      );
      return events;
    },
    async append(
      event,
      operationId,
      call: { readonly removalRevision?: number } & CallOptions = {},
    ): Promise<number> {
      // Two processes may write the same summary in different words; the first one stands and the second replays it.
      const request = { type: event.type, derivedFrom: event.derivedFrom };
      const result = await handle.store.log.append(
        handle.address,
        [{ at: handle.runtime.clock.now(), ...event }],
        {
          ...(incarnation === undefined
            ? {}
            : { incarnation, removalRevision: call.removalRevision ?? removalRevision }),
          ...signalOf(call.signal === undefined ? options : call),
          ...(options.fence === undefined ? {} : { fence: options.fence }),
          operation: { id: operationId, fingerprint: fingerprint(request) },
          expectedVersion: version,
        },
      );
      return result.firstSeq;
    },
    latest: (call = options) => createViewSource(handle, { ...options, ...signalOf(call) }),
  };
}

const page = 1000;

/** Shows every effective message. What a session's view is when nobody chose a strategy. */
export const wholeView: ViewStrategy = {
  name: "whole",
  async view(source, options = {}): Promise<View> {
    const newestFirst: StoredEvent[] = [];
    let before: number | undefined;
    for (;;) {
      const events = await source.readBackward({
        limit: page,
        ...signalOf(options),
        ...(before === undefined ? {} : { before }),
      });
      newestFirst.push(...events);
      before = events.at(-1)?.seq;
      if (before === undefined || events.length < page) break;
    }
    const events = newestFirst.toReversed();
    const shown = events.filter(hasMessage);
    const dropped = events
      .filter((event) => event.type === "message" && event.erasedAt !== undefined)
      .map(({ seq }): DroppedRange => ({ from: seq, to: seq, reason: "erased" }));
    return {
      messages: shown.map((event) => event.body),
      seqs: shown.map((event) => event.seq),
      version: source.version,
      removalRevision: source.removalRevision,
      // Summaries stay out: everything that they stand for is shown.
      compacted: false,
      dropped,
      summarized: [],
    };
  },
};
