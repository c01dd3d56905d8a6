import type { JsonValue } from "../json.ts";
import type { Page } from "../ports/common.ts";
import { type Answer, type RefusedCall, refusalError } from "./answer.ts";
import { encodeCursor } from "./cursor.ts";
import type { Awaitable, DriverPage } from "./driver.ts";

/**
 * An answer that is here at once is not awaited: a tick of the promise queue is a tenth of a read in this process.
 * The calls made most often ask `instanceof` and look for the refusal themselves, because functions that see the answers
 * of every call are slower by 60 ns.
 */
export function isPromise<Value extends object>(answer: Awaitable<Value>): answer is Promise<Value> {
  return answer instanceof Promise;
}

/** What was asked for. @throws the error of the refusal, when it is one. */
export function accept<Value>(answer: Answer<Value>, call?: RefusedCall): Value {
  if (answer.refused !== undefined) throw refusalError(answer, call);
  return answer.ok;
}

/** The page as callers see it. */
export function pageOf<Item, Position>(
  kind: string,
  { items, next }: DriverPage<Item, Position>,
  cells: (position: Position) => readonly JsonValue[],
): Page<Item> {
  return next === undefined ? { items } : { items, cursor: encodeCursor(kind, cells(next)) };
}
