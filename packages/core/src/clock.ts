/** Wall time in whole milliseconds since the epoch. It may stand still or go back: no order depends on it. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** A clock that is moved by calls, for tests and simulations. */
export interface ManualClock extends Clock {
  /** Moves by this many milliseconds; a negative number moves it back. */
  advance(ms: number): void;
  set(time: number): void;
}

export function createManualClock(start = 1_700_000_000_000): ManualClock {
  let time = start;
  return {
    now: () => time,
    advance(ms) {
      time += ms;
    },
    set(value) {
      time = value;
    },
  };
}
