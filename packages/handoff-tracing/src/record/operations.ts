/** The operation of the start of a handoff, with the messages that caused it. */
export function startOperation(handoffId: string): string {
  return `handoff:${handoffId}:start`;
}

/** The operation of its end, whoever records that. */
export function endOperation(handoffId: string): string {
  return `handoff:${handoffId}:end`;
}
