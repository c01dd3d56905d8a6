import type { JsonValue } from "../json.ts";
import { MemoryError } from "../memory-error.ts";
import type { Page } from "../ports/common.ts";
import { type Answer, type RefusedCall, refusalError } from "./answer.ts";
import { encodeCursor } from "./cursor.ts";
import type { Awaitable, DriverPage } from "./driver.ts";

/** What was asked for. @throws the error of the refusal, when it is one; `corrupt` for what is no answer. */
export function accept<Value>(answer: Answer<Value>, call?: RefusedCall): Value {
  if (answer.refused !== undefined) throw refusalError(answer, call);
  if (answer.ok === undefined && !("ok" in answer)) throw noAnswer();
  return answer.ok;
}

/** As `accept`, of an answer that is still to come. */
export async function acceptLater<Value>(
  answer: PromiseLike<Answer<Value>>,
  call?: RefusedCall,
): Promise<Value> {
  return accept(await answer, call);
}

/**
 * As `accept`, at once or later. An answer that is here is not awaited: a tick of the promise queue is a tenth of a read
 * in this process. The calls made most often do by themselves what stands here: a function that sees the answers of every
 * call is slower by 60 ns, and an `await` in an async function costs 80 ns whether it is reached or not.
 */
export function settle<Value>(answer: Awaitable<Answer<Value>>, call?: RefusedCall): Awaitable<Value> {
  return isPending(answer) ? acceptLater(answer, call) : accept(answer, call);
}

/**
 * Whether the answer is still to come. A promise of another realm, such as a test runner makes, or of another library is
 * no `Promise` here. Taken for an answer it would say that nothing is there, or that a write is made already.
 */
export function isPending<Value extends object>(
  answer: Value | PromiseLike<Value>,
): answer is PromiseLike<Value> {
  return answer instanceof Promise || ("then" in answer && typeof answer.then === "function");
}

function noAnswer(): MemoryError {
  return new MemoryError("corrupt", "The store's driver answered with neither `ok` nor `refused`.", {
    outcome: "unknown",
  });
}

/** The page as callers see it. */
export function pageOf<Item, Position>(
  kind: string,
  { items, next }: DriverPage<Item, Position>,
  cells: (position: Position) => readonly JsonValue[],
): Page<Item> {
  return next === undefined ? { items } : { items, cursor: encodeCursor(kind, cells(next)) };
}
