import { channel } from "node:diagnostics_channel";

/** The channel of `node:diagnostics_channel` on which a `CacheNotice` is published. */
export const cacheChannel = "relevo:cache";

/**
 * A read was answered from a cache without asking the store, or nothing was cached for it. A read that asks the store
 * whether the cached copy is still valid is none of both: the store's answer says what it was.
 */
export interface CacheNotice {
  readonly hit: boolean;
}

const reads = channel(cacheChannel);

/** Publishes how a cache answered. Subscribers run at once; without one it costs nothing. */
export function noteCacheRead(hit: boolean): void {
  if (reads.hasSubscribers) reads.publish({ hit } satisfies CacheNotice);
}
