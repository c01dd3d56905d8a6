import { getEventListeners } from "node:events";

/**
 * Whether a run of LangGraph has ended. No hook of a middleware is called for that: not at the recursion limit, nor when another middleware
 * throws, the caller aborts, or a person is asked. For as long as it runs, LangGraph itself listens to the signal that
 * would abort it, and no longer.
 */
export class RunEnd {
  #signal: AbortSignal | undefined;

  /**
   * To be called while the run goes on. In its first step a run that is resumed has no signal yet; where listeners cannot be seen,
   * the end is never known.
   */
  watch(signal: unknown): void {
    if (signal instanceof AbortSignal && isHeard(signal)) this.#signal = signal;
  }

  get isReached(): boolean {
    return this.#signal !== undefined && !isHeard(this.#signal);
  }
}

function isHeard(signal: AbortSignal): boolean {
  return getEventListeners(signal, "abort").length > 0;
}
