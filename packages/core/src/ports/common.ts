/** Every call that may wait takes a signal. An aborted call throws `aborted` and says whether it was applied. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/**
 * One page of a total order. The end is the absence of `cursor`, nothing else: a page may be short or even empty
 * and still have one, because a store may bound the work of one call.
 */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly cursor?: string;
}

export interface PageOptions extends CallOptions {
  /** At most this many items; 1 to 1,000, 100 when left out. */
  readonly limit?: number;
  /** The `cursor` of the page before. A cursor of another kind of list is `invalid-input`. */
  readonly cursor?: string;
}
