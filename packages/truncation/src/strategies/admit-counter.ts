import { refuse, requireObject, type TokenCounter } from "@relevo/core";

/** @throws `invalid-input` */
export function admitCounter(counter: TokenCounter, field: string): TokenCounter {
  requireObject(counter, field);
  if (typeof counter.countMessage !== "function" || typeof counter.countText !== "function")
    throw refuse(field, "must have functions countMessage() and countText().");
  if (typeof counter.name !== "string") throw refuse(`${field}.name`, "must be a string.");
  return counter;
}
