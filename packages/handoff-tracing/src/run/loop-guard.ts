import { isEvent, type StoredEvent } from "@relevo/core";
import { HandoffRefused } from "../record/handoff-errors.ts";

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
 * @throws `HandoffRefused` with `refusal` = `depth` | `repeats`.
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
    const { depth } = next;
    const { maxDepth } = limits;
    const words = `Handoffs may be nested ${maxDepth} deep; this would be ${depth}.`;
    throw new HandoffRefused("depth", words, { depth, maxDepth });
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
    const { maxRepeats } = limits;
    const words = `The agents hand over in a loop: this would be the ${repeats}th time for the same two, ${maxRepeats} are allowed.`;
    throw new HandoffRefused("repeats", words, { repeats, maxRepeats });
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
    const { handoffId, status, mode } = event.body;
    // A start sets the position; a degraded end has no start; the end of a rejected handoff, or of a delegation, which
    // gives control back, removes its start.
    const returned = mode === "delegate" && status !== "started";
    const decides = status === "started" || status === "degraded" || status === "rejected" || returned;
    if (decides) done.add(handoffId);
    if (decides && status !== "rejected" && !returned) hops.push(event.body);
  }
  return [...ancestors.filter((hop) => !done.has(hop.handoffId)), ...hops.reverse()];
}
