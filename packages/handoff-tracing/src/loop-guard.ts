import { isEvent, MemoryError, type StoredEvent } from "@relevo/core";

/** One handoff as the guard sees it. */
export interface Hop {
  readonly handoffId: string;
  readonly from: string;
  readonly to: string;
  readonly parentId?: string | undefined;
}

export interface LoopLimits {
  /** The greatest depth; a handoff that stands in no other has depth 0. */
  readonly maxDepth: number;
  /** How often one agent may hand over to the same other one within a chain of control. */
  readonly maxRepeats: number;
}

/**
 * Refuses a handoff that goes too deep, or that takes the same way again and again.
 *
 * The chain of control is followed backwards from the sender: who handed over to it, who to that one, and so on,
 * through handoffs that this one stands in and those beside them. A repetition that returns to the sender each
 * time (one agent that calls another ten times) is no loop; A to B to A to B is one.
 *
 * @param earlier the known handoffs in the order they started.
 * @throws `denied` with `details.loop` = `depth` | `repeats`.
 */
export function guardAgainstLoops(
  next: {
    readonly from: string;
    readonly to: string;
    readonly parentId?: string | undefined;
    readonly depth: number;
  },
  earlier: readonly Hop[],
  limits: LoopLimits,
): void {
  if (next.depth > limits.maxDepth) {
    throw new MemoryError(
      "denied",
      `Handoffs may be nested ${limits.maxDepth} deep; this would be ${next.depth}.`,
      {
        details: { loop: "depth", depth: next.depth, maxDepth: limits.maxDepth },
      },
    );
  }
  let repeats = 1;
  let step: Omit<Hop, "handoffId"> = next;
  for (let index = earlier.length - 1; index >= 0; index--) {
    const hop = earlier[index];
    if (hop === undefined || hop.to !== step.from || !leadsTo(hop, step)) continue;
    if (hop.from === next.from && hop.to === next.to) repeats++;
    step = hop;
  }
  if (repeats > limits.maxRepeats) {
    throw new MemoryError(
      "denied",
      `The agents hand over in a loop: this would be the ${repeats}th time for the same two, ${limits.maxRepeats} are allowed.`,
      { details: { loop: "repeats", repeats, maxRepeats: limits.maxRepeats } },
    );
  }
}

/** Control comes from the handoff that this one stands in, or from one that stood beside it. */
function leadsTo(hop: Hop, step: Omit<Hop, "handoffId">): boolean {
  return hop.handoffId === step.parentId || hop.parentId === step.parentId;
}

/**
 * The handoffs that belong to the chain of now, in the order they started: those after the newest user message
 * (new input is progress), and the ancestors, however old. Rejected ones passed no control and do not count.
 *
 * @param tail the newest events of the log, newest first.
 */
export function hopsOf(tail: readonly StoredEvent[], ancestors: readonly Hop[]): readonly Hop[] {
  const hops: Hop[] = [];
  const done = new Set<string>();
  for (const event of tail) {
    if (isEvent(event, "message") && event.body.role === "user") break;
    if (!isEvent(event, "handoff") || done.has(event.body.handoffId)) continue;
    const { handoffId, status } = event.body;
    // A start gives the place, a degraded end has no start, and a rejected end takes its start away.
    const decides = status === "started" || status === "degraded" || status === "rejected";
    if (decides) done.add(handoffId);
    if (decides && status !== "rejected") hops.push(event.body);
  }
  return [...ancestors.filter((hop) => !done.has(hop.handoffId)), ...hops.reverse()];
}
