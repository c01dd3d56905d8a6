import type { Message, StoredEvent, View, ViewStrategy } from "@relevo/core";

/** Shows the newest messages and the pinned ones, and tells all that it was given. */
export function newest(messages: number): ViewStrategy {
  return {
    name: `newest(${messages})`,
    reads: { messages },
    async view(source, options = {}): Promise<View> {
      const call = options.signal === undefined ? {} : { signal: options.signal };
      const events = await source.readBackward({ ...call, limit: messages });
      const pinned = await source.pinned(call);
      const shown = [...pinned, ...events.toReversed()];
      return {
        messages: shown.flatMap(messageOf),
        seqs: shown.filter((event) => messageOf(event).length > 0).map(({ seq }) => seq),
        version: source.version,
        removalRevision: source.removalRevision,
        compacted: true,
        dropped: [],
        summarized: [],
        notices: [JSON.stringify([source.incarnation, source.revision, events, pinned])],
      };
    },
  };
}

function messageOf(event: StoredEvent): readonly Message[] {
  return event.type === "message" && event.erasedAt === undefined ? [event.body] : [];
}
