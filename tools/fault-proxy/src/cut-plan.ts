import { seededRandom } from "./random.ts";

/** `request` is what the client sends, `response` what the server sends. */
export type Direction = "request" | "response";

/**
 * The two places where a cut leaves a client in doubt: `before` the server has got the request, which is then dropped;
 * and `after` the server has got it, at the first bytes that come back, which are dropped.
 */
export type CutPlace = "before" | "after";

export type CutEvery = (
  | {
      /** Cuts each time this many bytes of requests have come in, over all connections. */
      readonly bytes: number;
    }
  | {
      /** The probability, 0 to 1, with which what comes in at once from a client is cut. */
      readonly chance: number;
    }
) & {
  /** Draws chances and places. The same seed draws the same numbers; who gets them depends on who sends first. */
  readonly seed: number;
  /** One place only; drawn evenly from both when left out. */
  readonly place?: CutPlace;
};

export interface CutAfter {
  readonly direction: Direction;
  /**
   * How many bytes still pass in this direction, over all connections. 0 in `request` means that the server gets
   * nothing of the next request, 0 in `response` that it has answered and the client gets nothing of it.
   */
  readonly bytes: number;
}

/** How many of the bytes pass, and whether the connection is cut behind them. */
export interface Verdict {
  readonly forward: number;
  readonly cut?: CutPlace;
}

/** Decides what happens to `length` bytes that came in on a connection. */
export type CutPlan = (direction: Direction, length: number, connection: object) => Verdict;

/** Lets bytes pass, and cuts the connection that brings the last of them. For one cut. */
export function cutAfterPlan({ direction: cutDirection, bytes }: CutAfter): CutPlan {
  let left = bytes;
  return (direction, length) => {
    if (direction !== cutDirection || length < left) {
      if (direction === cutDirection) left -= length;
      return { forward: length };
    }
    return { forward: left, cut: direction === "request" ? "before" : "after" };
  };
}

/** Cuts again and again. */
export function cutEveryPlan(options: CutEvery): CutPlan {
  const random = seededRandom(options.seed);
  const answered = new WeakSet<object>();
  let received = 0;
  const isDue = (length: number): boolean => {
    if ("chance" in options) return random() < options.chance;
    received += length;
    if (received < options.bytes) return false;
    received %= options.bytes;
    return true;
  };
  return (direction, length, connection) => {
    if (direction === "response") {
      return answered.has(connection) ? { forward: 0, cut: "after" } : { forward: length };
    }
    if (!isDue(length)) return { forward: length };
    const place = options.place ?? (random() < 0.5 ? "before" : "after");
    if (place === "before") return { forward: 0, cut: "before" };
    answered.add(connection);
    return { forward: length };
  };
}
