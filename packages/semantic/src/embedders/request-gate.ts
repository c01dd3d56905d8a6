import type { CallOptions } from "@relevo/core";
import { abortable, sleep } from "@relevo/core/input";

/** Lets requests to one server through: a few at once, at a bounded rate, and none in a pause that it asked for. */
export interface RequestGate {
  /** Runs the request when it may begin. @throws `aborted` while it waits. */
  pass<Result>(request: () => Promise<Result>, options: CallOptions): Promise<Result>;
  /** No request begins in this time. */
  pause(ms: number): void;
}

export interface RequestGateOptions {
  readonly concurrency: number;
  /** Requests are spaced evenly; without it only their number at once is bounded. */
  readonly requestsPerMinute?: number | undefined;
}

export function createRequestGate({ concurrency, requestsPerMinute }: RequestGateOptions): RequestGate {
  const spacingMs = requestsPerMinute === undefined ? 0 : 60_000 / requestsPerMinute;
  /** In the order in which they came. */
  const waiting = new Set<() => void>();
  let running = 0;
  let nextAt = 0;

  async function enter({ signal }: CallOptions): Promise<void> {
    if (running < concurrency) {
      running++;
      return;
    }
    const turn = Promise.withResolvers<void>();
    waiting.add(turn.resolve);
    try {
      await abortable(turn.promise, { signal });
    } catch (error) {
      // One that got its turn in the same moment passes it on.
      if (!waiting.delete(turn.resolve)) leave();
      throw error;
    }
  }

  function leave(): void {
    const [next] = waiting;
    if (next === undefined) running--;
    else {
      waiting.delete(next);
      next();
    }
  }

  /** A place in time is kept only by who waited for it: one that gives up leaves it unused. */
  async function waitForTime(options: CallOptions): Promise<void> {
    for (;;) {
      const now = performance.now();
      if (now >= nextAt) {
        nextAt = now + spacingMs;
        return;
      }
      await sleep(nextAt - now, options);
    }
  }

  return {
    async pass(request, options) {
      await enter(options);
      try {
        await waitForTime(options);
        return await request();
      } finally {
        leave();
      }
    },
    pause(ms) {
      nextAt = Math.max(nextAt, performance.now() + ms);
    },
  };
}
