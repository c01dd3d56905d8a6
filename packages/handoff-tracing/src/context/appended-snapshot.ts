import type { Message, StoredEvent } from "@relevo/core";
import { normalizeRanges, rangesOf } from "@relevo/core/input";
import type { ContextEntry, LogSnapshot } from "./log-snapshot.ts";
import { subtractRanges } from "./subtract-ranges.ts";

/** A message that is about to be appended. */
export interface NewMessage {
  readonly message: Message;
  readonly at: number;
}

/**
 * The session as it will be when these messages are appended to it, provided that nothing else comes between: whoever
 * uses it appends with the version of `source`.
 */
export function withAppended(source: LogSnapshot, added: readonly NewMessage[]): LogSnapshot {
  if (added.length === 0) return source;
  const own = added.map(({ message, at }, index): StoredEvent & { readonly body: Message } => ({
    type: "message",
    seq: source.version + 1 + index,
    at,
    recordedAt: at,
    body: message,
    ...(message.role === "system" ? { pinned: true } : {}),
  }));
  const entries = own.map(({ seq, body }): ContextEntry => ({ seq, message: body }));
  const newestFirst = own.toReversed();
  const version = source.version + own.length;
  return {
    ...source,
    version,
    tail: [...newestFirst, ...source.tail],
    view: {
      ...source.view,
      version,
      async readBackward({ before = version + 1, limit, ...call }) {
        const first = newestFirst.filter(({ seq }) => seq < before).slice(0, limit);
        if (first.length === limit) return first;
        const older = { ...call, limit: limit - first.length, before: Math.min(before, source.version + 1) };
        return [...first, ...(await source.view.readBackward(older))];
      },
      async pinned(call) {
        return [...(await source.view.pinned(call)), ...own.filter(({ pinned }) => pinned === true)];
      },
    },
    async recent(count) {
      const newest = entries.slice(-Math.min(count, entries.length));
      const older = count - newest.length;
      return older === 0 ? newest : [...(await source.recent(older)), ...newest];
    },
    known: (seq) => own[seq - source.version - 1]?.body ?? source.known(seq),
    async rest(passed) {
      const dropped = subtractRanges(rangesOf(own.map(({ seq }) => seq)), passed);
      return normalizeRanges([...(await source.rest(passed)), ...dropped]);
    },
  };
}
