// Not the global one, which test runners replace by a fake that never fires: a store must work with fake timers.
import { setImmediate } from "node:timers";

/** Decides when work that never waits must yield to the event loop. */
export interface EventLoopPacer {
  /**
   * To be called once for each piece of work. Nothing while the event loop can wait; a promise of its next turn once
   * the work since the last one has taken long enough or has been enough calls. `now` is a reading of any clock, in
   * milliseconds: a clock that stands still or goes back only makes the number of calls decide.
   */
  next(now: number): Promise<void> | undefined;
}

/** How long work may go on until it has to wait for a turn. In milliseconds. */
const maxMs = 5;
/** The most calls without a turn, whatever the clock says. */
const maxCalls = 256;

/**
 * For stores that answer without waiting for anything outside the process. Promises that are already settled run
 * before timers, signals and sockets, so a plain loop of awaited calls on such a store would stop everything else in
 * the process until it ends: no deadline would fire and no server beside it would answer.
 *
 * `minCalls` calls never wait: where one takes microseconds, a turn of the loop must not be paid for each call that
 * comes after a pause. 1 when left out.
 */
export function createEventLoopPacer({ minCalls = 1 }: { readonly minCalls?: number } = {}): EventLoopPacer {
  let calls = 0;
  let since = Number.NEGATIVE_INFINITY;
  let turn: Promise<void> | undefined;

  function end(resolve: () => void): void {
    calls = 0;
    turn = undefined;
    resolve();
  }

  return {
    next(now) {
      if (turn !== undefined) return turn;
      calls++;
      // The sign of the difference does not matter: a clock that was set says nothing about how long this took.
      if (calls < minCalls || (calls < maxCalls && Math.abs(now - since) < maxMs)) return undefined;
      since = now;
      turn = new Promise((resolve) => setImmediate(end, resolve));
      return turn;
    },
  };
}
