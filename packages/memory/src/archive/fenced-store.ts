import type { MemoryStore } from "../runtime.ts";

/** A store that a session is moved from or to, and the fence of the process that moves it. */
export interface FencedStore {
  readonly store: MemoryStore;
  readonly fence: number;
}
