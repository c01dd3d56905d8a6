import type { DroppedRange, StoredEvent, View, ViewSource } from "@relevo/core";
import { rangesOf } from "@relevo/core/input";

/** In the metadata of a message's event: the message is not complete, and why. */
export const partialName = "relevo:partial";

/** The source failed; the consumer went away; the signal fired. */
export type PartialReason = "failed" | "stopped" | "aborted";

const reasons: readonly unknown[] = ["failed", "stopped", "aborted"] satisfies PartialReason[];

export function partialReason({ metadata }: StoredEvent): PartialReason | undefined {
  const reason = metadata?.[partialName];
  return reasons.includes(reason) ? (reason as PartialReason) : undefined;
}

/** The same source without partial messages, and which those were. */
export function withoutPartials(source: ViewSource, hidden: Set<number> = new Set()): ViewSource {
  const isWhole = (event: StoredEvent): boolean => {
    const isPartial = partialReason(event) !== undefined;
    if (isPartial) hidden.add(event.seq);
    return !isPartial;
  };
  const { latest } = source;
  return {
    ...source,
    async readBackward(options): Promise<readonly StoredEvent[]> {
      const whole: StoredEvent[] = [];
      let { before } = options;
      // A shorter answer would say that the log begins here.
      while (whole.length < options.limit) {
        const limit = options.limit - whole.length;
        const events = await source.readBackward({ ...options, before, limit });
        for (const event of events) if (isWhole(event)) whole.push(event);
        if (events.length < limit) break;
        before = events.at(-1)?.seq;
      }
      return whole;
    },
    pinned: async (options) => (await source.pinned(options)).filter(isWhole),
    ...(latest === undefined
      ? {}
      : { latest: async (options) => withoutPartials(await latest(options), hidden) }),
  };
}

/** The view, which says what was left out. */
export function withHidden(view: View, hidden: ReadonlySet<number>): View {
  if (hidden.size === 0) return view;
  const left = rangesOf([...hidden]).map((range): DroppedRange => ({ ...range, reason: "partial" }));
  return { ...view, compacted: true, dropped: [...view.dropped, ...left] };
}
