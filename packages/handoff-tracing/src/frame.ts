import type { Hop } from "./loop-guard.ts";

/** The handoff that runs in an asynchronous context. */
export interface Frame extends Hop {
  readonly tenant: string;
  readonly depth: number;
  readonly signal: AbortSignal;
  /** The handoff that it stands in, when that runs in this process too. */
  readonly outer: Frame | undefined;
}

/** The frame of this handoff, from here outwards. */
export function frameOf(frame: Frame | undefined, handoffId: string): Frame | undefined {
  for (let at = frame; at !== undefined; at = at.outer) if (at.handoffId === handoffId) return at;
  return undefined;
}

/** The frame and those that it stands in, from the outermost to itself. */
export function ancestorsOf(frame: Frame | undefined): readonly Frame[] {
  const ancestors: Frame[] = [];
  for (let at = frame; at !== undefined; at = at.outer) ancestors.unshift(at);
  return ancestors;
}
