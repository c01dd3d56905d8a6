import type { EvictionNotice } from "./options.ts";

/** Hands notices to the callback after the write that caused them, in order; what it throws goes to `onError`. */
export interface Notices {
  send(notice: EvictionNotice): void;
}

export function createNotices(
  onEvicted: ((notice: EvictionNotice) => void) | undefined,
  onError: (error: unknown) => void,
): Notices {
  const pending: EvictionNotice[] = [];

  function deliver(): void {
    for (const notice of pending.splice(0)) {
      try {
        onEvicted?.(notice);
      } catch (error) {
        onError(error);
      }
    }
  }

  return {
    send(notice) {
      if (onEvicted === undefined) return;
      // Not at once: a callback that calls the store would find it in the middle of a write.
      if (pending.push(Object.freeze(notice)) === 1) queueMicrotask(deliver);
    },
  };
}
