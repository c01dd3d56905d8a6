import type { Clock } from "@relevo/core";

interface Failure {
  readonly failure: string;
  readonly count: number;
  readonly until: number;
}

/** The longest pause, as a multiple of the first. */
const mostDoublings = 5;
const mostSessions = 1000;

/**
 * Remembers, in this process, for which conversations a summarizer failed. Without it every view would call a
 * summarizer that is down and wait for it.
 */
export class SummarizerBackoff {
  readonly #clock: Clock;
  readonly #firstMs: number;
  readonly #failures = new Map<string, Failure>();

  constructor(clock: Clock, firstMs: number) {
    this.#clock = clock;
    this.#firstMs = firstMs;
  }

  /** Why the summarizer is not called now, and for how long; `undefined` when it may be called. */
  pauseFor(session: string): { readonly failure: string; readonly ms: number } | undefined {
    const found = this.#failures.get(session);
    const ms = (found?.until ?? 0) - this.#clock.now();
    // A clock that was set back must not extend the pause.
    if (found === undefined || ms <= 0 || ms > this.#firstMs * 2 ** mostDoublings) return undefined;
    return { failure: found.failure, ms };
  }

  failed(session: string, failure: string): void {
    const count = Math.min(this.#failures.get(session)?.count ?? 0, mostDoublings);
    this.#failures.delete(session);
    this.#failures.set(session, {
      failure,
      count: count + 1,
      until: this.#clock.now() + this.#firstMs * 2 ** count,
    });
    const oldest = this.#failures.size > mostSessions ? this.#failures.keys().next().value : undefined;
    if (oldest !== undefined) this.#failures.delete(oldest);
  }

  succeeded(session: string): void {
    this.#failures.delete(session);
  }
}
