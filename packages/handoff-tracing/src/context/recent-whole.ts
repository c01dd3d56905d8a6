import type { Provider } from "@relevo/core";
import { groupEntries } from "@relevo/messages";
import type { ContextEntry } from "./log-snapshot.ts";

/** How many more messages are read to complete a window. */
const maxExtension = 1000;
/** How many more are read at once: reasoning directly precedes what it led to, and then needs no second read. */
const margin = 16;

/**
 * The newest `count` messages, and older ones that belong to them: the calls of their results, and the reasoning that
 * led to them. Searches at most 1,000 messages further back for a call. `recent` returns the newest messages, oldest
 * first.
 */
export async function recentWhole(
  recent: (count: number) => Promise<readonly ContextEntry[]>,
  count: number,
  provider: Provider | undefined,
): Promise<readonly ContextEntry[]> {
  for (let size = count + margin; ; size = Math.min(size * 2, count + maxExtension)) {
    const entries = await recent(size);
    const from = entries[Math.max(0, entries.length - count)]?.seq ?? 0;
    const { groups, parted } = groupEntries(
      entries.map((entry) => ({ ...entry, pinned: false })),
      { for: provider },
    );
    const complete = entries.length < size || size >= count + maxExtension;
    if (!complete && parted.some(({ seq }) => seq >= from)) continue;
    const whole = new Set<number>();
    for (const group of groups) {
      if (group.entries.some(({ seq }) => seq >= from)) for (const { seq } of group.entries) whole.add(seq);
    }
    return entries.filter(({ seq }) => whole.has(seq));
  }
}
