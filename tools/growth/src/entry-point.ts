/** A public function with an input that grows. Add one to a list in `entries`; nothing else is needed. */
export interface EntryPoint {
  /** What is called and on what: `tokenBudget: larger than the log`. */
  readonly name: string;
  /** The size of the first input; 256 when left out. Each further one is twice as large. */
  readonly first: number;
  /** No input is larger; 2^21 when left out. */
  readonly last: number;
  /** The largest exponent that passes; 1.5 when left out, which sorting stays below and a loop in a loop does not. */
  readonly exponent: number;
  /** Makes the input of one size, and what is to be measured on it. What it does itself is not measured. */
  prepare(size: number): Promise<() => Promise<unknown>>;
}

/** What an entry point is made of. */
export interface EntryPointOptions<Input> {
  readonly name: string;
  readonly first?: number;
  readonly last?: number;
  readonly exponent?: number;
  /** The input of a size. `run` is called on it several times, so it must not use it up. */
  readonly make: (size: number) => Input | Promise<Input>;
  readonly run: (input: Input) => unknown;
}

/**
 * An entry point of the table.
 *
 * @example
 * ```ts
 * entryPoint({
 *   name: "countText: one letter",
 *   make: (size) => "a".repeat(size),
 *   run: (text) => estimateCounter().countText(text),
 * });
 * ```
 */
export function entryPoint<Input>(options: EntryPointOptions<Input>): EntryPoint {
  const { name, first = 256, last = 2 ** 21, exponent = 1.5 } = options;
  return {
    name,
    first,
    last,
    exponent,
    async prepare(size) {
      const input = await options.make(size);
      return async () => options.run(input);
    },
  };
}
