import { abortable } from "../../../input/abortable.ts";

/** Lets the writers of one unit in one process go one after another: their commits would only fail each other. */
export interface Turns {
  /** Resolves with how to leave. @throws `aborted` */
  enter(key: string, signal: AbortSignal | undefined): Promise<() => void>;
}

export function createTurns(): Turns {
  const last = new Map<string, Promise<void>>();

  return {
    async enter(key, signal) {
      const before = last.get(key);
      const { promise, resolve } = Promise.withResolvers<void>();
      const mine = before === undefined ? promise : before.then(() => promise);
      last.set(key, mine);
      const leave = (): void => {
        resolve();
        if (last.get(key) === mine) last.delete(key);
      };
      if (before === undefined) return leave;
      try {
        await abortable(before, { signal });
      } catch (error) {
        // Those who come later still wait for whoever has the turn now.
        resolve();
        void mine.then(leave);
        throw error;
      }
      return leave;
    },
  };
}
