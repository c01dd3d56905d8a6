import { context } from "@opentelemetry/api";
import { observe, type PreparedOperation } from "./observe.ts";
import type { Telemetry } from "./telemetry.ts";

/** How much a stream has passed on; `returned` is what it answered at its end, if it came to one. */
export interface Streamed {
  readonly items: number;
  readonly returned: unknown;
}

/**
 * The same items, with one span from the first that is asked for to the end, however that comes: the source is over, fails,
 * or its consumer stops. What the source does to get each of them is inside the span.
 */
export async function* observeStream<Args extends readonly unknown[], Item, Returned>(
  telemetry: Telemetry,
  operation: PreparedOperation<Args, Streamed>,
  args: Args,
  items: AsyncIterable<Item, Returned>,
): AsyncGenerator<Item, Returned | undefined, void> {
  const ended = Promise.withResolvers<Streamed>();
  let inside = context.active();
  const span = observe(telemetry, operation, args, () => {
    inside = context.active();
    return ended.promise;
  });
  // The consumer gets the failure from the source.
  span.catch(() => undefined);
  const source = items[Symbol.asyncIterator]();
  let count = 0;
  let isOver = false;
  try {
    for (;;) {
      const next = await context.with(inside, () => source.next());
      if (next.done === true) {
        isOver = true;
        ended.resolve({ items: count, returned: next.value });
        return next.value;
      }
      count++;
      yield next.value;
    }
  } catch (error) {
    isOver = true;
    ended.reject(error);
    throw error;
  } finally {
    if (!isOver) await leave();
  }

  async function leave(): Promise<void> {
    try {
      await context.with(inside, () => source.return?.());
      ended.resolve({ items: count, returned: undefined });
    } catch (error) {
      ended.reject(error);
      throw error;
    }
  }
}
