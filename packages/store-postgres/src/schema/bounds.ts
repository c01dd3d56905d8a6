/**
 * How long the operations of an ended incarnation are remembered, so that a late retry cannot bring a deleted session
 * back. In milliseconds; 25 hours, one to spare.
 */
export const operationMemoryMs: number = 25 * 3600 * 1000;

/** How long the change feed tells of what has ended. In milliseconds; 7 days. */
export const feedMemoryMs: number = 7 * 24 * 3600 * 1000;

/**
 * How many rows one call looks at beyond those it returns, when filters leave most of them out. Past it the call
 * returns what it has, and where to continue.
 */
export const lookBudget = 5000;

/** A read returns less than was asked for rather than more than this many bytes of events. */
export const pageBytes: number = 32 * 1024 * 1024;

/**
 * Separates the contents of events that are appended together. A character that JSON writes as an escape, so that no
 * content contains it: an array's own syntax would double each of a content's many quotes.
 */
export const contentSeparator = 30;

/** Values with their metadata up to so many bytes are kept a second time as `jsonb`; larger ones are parsed when a filter looks at them. */
export const filterableBytes = 8192;
