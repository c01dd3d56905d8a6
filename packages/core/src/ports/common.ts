/**
 * Every call that may wait takes a signal. An aborted call throws `aborted` and says whether it was applied.
 *
 * An option whose type admits `undefined` only refines a call: `undefined` is the same as leaving it out. Every other
 * option selects or guards, and is `invalid-input` when it is present and `undefined`: a variable that was never set
 * would widen the call to everything, or switch the guard off. An unknown option is `invalid-input` too.
 */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
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
  readonly limit?: number | undefined;
  /** The `cursor` of the page before. A cursor of another kind of list is `invalid-input`. */
  readonly cursor?: string | undefined;
}
