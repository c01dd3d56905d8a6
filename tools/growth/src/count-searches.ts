/** What the language's own methods looked at or moved since counting began, by method. */
export interface SearchCount {
  readonly counts: ReadonlyMap<string, number>;
  /** Puts the methods back. */
  stop(): void;
}

type Method = (this: ArrayLike<unknown>, ...args: unknown[]) => unknown;
type Methods = Record<string, Method>;

/**
 * Counts the elements that searches in arrays and texts look at, and those that are moved inside an array. Blocks do not
 * show them, because the loop is in the language, and no bytes do, because nothing is allocated. Methods that take a
 * callback need no count: the callback has one.
 */
export function countSearches(): SearchCount {
  const counts = new Map<string, number>();
  const undo: (() => void)[] = [];
  for (const [kind, prototype] of [
    ["array", Array.prototype],
    ["text", String.prototype],
  ] as const) {
    const methods = prototype as unknown as Methods;
    const { indexOf, lastIndexOf } = methods;
    if (indexOf === undefined || lastIndexOf === undefined) continue;
    const costs: Readonly<Record<string, (sequence: ArrayLike<unknown>, searched: unknown) => number>> = {
      includes: (sequence, searched) => upTo(indexOf.call(sequence, searched), sequence),
      indexOf: (sequence, searched) => upTo(indexOf.call(sequence, searched), sequence),
      lastIndexOf: (sequence, searched) => sequence.length - Number(lastIndexOf.call(sequence, searched)),
      ...(kind === "text" ? {} : moving),
    };
    for (const [name, cost] of Object.entries(costs)) {
      const method = methods[name];
      if (method === undefined) continue;
      const counted = `elements in ${kind}.${name}`;
      methods[name] = function (...args) {
        counts.set(counted, (counts.get(counted) ?? 0) + cost(this, args[0]));
        return method.apply(this, args);
      };
      undo.push(() => {
        methods[name] = method;
      });
    }
  }
  return {
    counts,
    stop() {
      for (const one of undo) one();
    },
  };
}

const all = ({ length }: ArrayLike<unknown>): number => length;
const moving = { shift: all, unshift: all, splice: all, reverse: all, fill: all, copyWithin: all, sort: all };

function upTo(index: unknown, { length }: ArrayLike<unknown>): number {
  return index === -1 ? length : Number(index) + 1;
}
