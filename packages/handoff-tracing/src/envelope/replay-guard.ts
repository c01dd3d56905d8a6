import type { Clock } from "@relevo/core";

/**
 * Remembers ids in this process until their time is over. Bounded by what is let in: only envelopes with a right
 * signature and a time within the window get here.
 */
export function createReplayGuard(clock: Clock): (id: string, untilMs: number) => boolean {
  const seen = new Map<string, number>();
  let sweepAt = 1024;
  return (id, untilMs) => {
    const now = clock.now();
    if (seen.size >= sweepAt) {
      for (const [known, until] of seen) if (until < now) seen.delete(known);
      // Twice what is left, so that the cost of sweeping is spread over as many calls.
      sweepAt = Math.max(1024, seen.size * 2);
    }
    const known = seen.get(id);
    if (known !== undefined && known >= now) return false;
    seen.set(id, untilMs);
    return true;
  };
}
