import type { MemoryStore } from "../runtime.ts";

/** A store that a session is moved from or to, and the fence of whoever moves it there. */
export interface FencedStore {
  readonly store: MemoryStore;
  readonly fence: number;
}
