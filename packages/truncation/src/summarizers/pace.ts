import type { CallOptions } from "@relevo/core";
import { createEventLoopPacer, throwIfAborted } from "@relevo/core/input";

/** Makes a long computation abortable, and lets the event loop run in between. */
export interface Pace {
  /** Awaited between pieces of work. @throws `aborted` */
  step(): Promise<void>;
}

export function createPace({ signal }: CallOptions): Pace {
  const pacer = createEventLoopPacer();
  return {
    async step() {
      const turn = pacer.next(performance.now());
      if (turn === undefined) return;
      await turn;
      throwIfAborted(signal);
    },
  };
}
