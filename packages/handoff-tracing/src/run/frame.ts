import type { Hop } from "./loop-guard.ts";

/** The handoff that runs in an asynchronous context. */
export interface Frame extends Hop {
  readonly tenant: string;
  readonly depth: number;
  readonly signal: AbortSignal;
  /** The enclosing handoff, when it runs in this process too. */
  readonly outer: Frame | undefined;
}

/** The frame of this handoff among this frame and those around it. */
export function frameOf(frame: Frame | undefined, handoffId: string): Frame | undefined {
  for (let at = frame; at !== undefined; at = at.outer) if (at.handoffId === handoffId) return at;
  return undefined;
}

/** The enclosing frames, outermost first, and the frame itself. */
export function ancestorsOf(frame: Frame | undefined): readonly Frame[] {
  const ancestors: Frame[] = [];
  for (let at = frame; at !== undefined; at = at.outer) ancestors.unshift(at);
  return ancestors;
}
