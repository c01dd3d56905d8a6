import type { TokenCounter } from "@relevo/core";
import { refuse, requireObject } from "@relevo/core/input";
import { type CachedCounter, cachedCounter } from "../tokens/cached-counter.ts";
import { estimateCounter } from "../tokens/estimate-counter.ts";

/** The counter with a cache; the estimate when none is given. @throws `invalid-input` */
export function admitCounter(counter: TokenCounter | undefined, field: string): CachedCounter {
  if (counter === undefined) return cachedCounter(estimateCounter());
  requireObject(counter, field);
  if (typeof counter.countMessage !== "function" || typeof counter.countText !== "function")
    throw refuse(field, "must have functions countMessage() and countText().");
  if (typeof counter.name !== "string") throw refuse(`${field}.name`, "must be a string.");
  return cachedCounter(counter);
}
