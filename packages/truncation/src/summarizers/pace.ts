import type { CallOptions } from "@relevo/core";
import { createEventLoopPacer, throwIfAborted } from "@relevo/core/input";

/** Lets a long computation be stopped, and the rest of the process run beside it. */
export interface Pace {
  /** To be awaited between pieces of work. @throws `aborted` */
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
