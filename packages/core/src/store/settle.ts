import type { JsonValue } from "../json.ts";
import type { Page } from "../ports/common.ts";
import { type Answer, type RefusedCall, refusalError } from "./answer.ts";
import { encodeCursor } from "./cursor.ts";
import type { Awaitable, DriverPage } from "./driver.ts";

/** What was asked for. @throws the error of the refusal, when it is one. */
export function accept<Value>(answer: Answer<Value>, call?: RefusedCall): Value {
  if (answer.refused !== undefined) throw refusalError(answer, call);
  return answer.ok;
}

/** As `accept`, of an answer that is still to come. */
export async function acceptLater<Value>(answer: Promise<Answer<Value>>, call?: RefusedCall): Promise<Value> {
  return accept(await answer, call);
}

/**
 * As `accept`, at once or later. An answer that is here is not awaited: a tick of the promise queue is a tenth of a read
 * in this process. The calls made most often do by themselves what stands here: a function that sees the answers of every
 * call is slower by 60 ns, and an `await` in an async function costs 80 ns whether it is reached or not.
 */
export function settle<Value>(answer: Awaitable<Answer<Value>>, call?: RefusedCall): Awaitable<Value> {
  return answer instanceof Promise ? acceptLater(answer, call) : accept(answer, call);
}

/** The page as callers see it. */
export function pageOf<Item, Position>(
  kind: string,
  { items, next }: DriverPage<Item, Position>,
  cells: (position: Position) => readonly JsonValue[],
): Page<Item> {
  return next === undefined ? { items } : { items, cursor: encodeCursor(kind, cells(next)) };
}
