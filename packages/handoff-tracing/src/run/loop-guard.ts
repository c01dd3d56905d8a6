import { isEvent, MemoryError, type StoredEvent } from "@relevo/core";

/** One handoff as the guard sees it. */
export interface Hop {
  readonly handoffId: string;
  readonly from: string;
  readonly to: string;
  readonly parentId?: string | undefined;
}

export interface LoopLimits {
  /** The greatest depth; a handoff without an enclosing one has depth 0. */
  readonly maxDepth: number;
  /** How many times one agent may hand over to the same other one within a chain of control. */
  readonly maxRepeats: number;
}

/**
 * Refuses a handoff that is nested too deep, or that repeats one between the same two agents too often.
 *
 * The chain of control is followed backwards from the sender: which agent handed over to it, which one to that agent,
 * and so on, through enclosing handoffs and their siblings. Handoffs that return to the sender each time (one agent
 * that calls another ten times) are no loop; A to B to A to B is one.
 *
 * @param earlier the known handoffs in the order in which they started.
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

/** Control comes from the enclosing handoff or from one of its siblings. */
function leadsTo(hop: Hop, step: Omit<Hop, "handoffId">): boolean {
  return hop.handoffId === step.parentId || hop.parentId === step.parentId;
}

/**
 * The handoffs of the current chain in the order in which they started: those after the newest user message (new input
 * is progress), and the ancestors, however old. Rejected ones passed no control and do not count.
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
    // A start sets the position; a degraded end has no start; a rejected end removes its start.
    const decides = status === "started" || status === "degraded" || status === "rejected";
    if (decides) done.add(handoffId);
    if (decides && status !== "rejected") hops.push(event.body);
  }
  return [...ancestors.filter((hop) => !done.has(hop.handoffId)), ...hops.reverse()];
}
