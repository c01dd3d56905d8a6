/** Numbers by name, which are added up over units. One that is 0 is left out. */
export type Counters = Readonly<Record<string, number>>;

/** Collects counts under names. */
export class Counting {
  readonly #counts: Map<string, number>;

  constructor(counters: Counters = {}) {
    this.#counts = new Map(Object.entries(counters));
  }

  add(name: string, count = 1): void {
    const sum = (this.#counts.get(name) ?? 0) + count;
    if (sum === 0) this.#counts.delete(name);
    else this.#counts.set(name, sum);
  }

  addAll(counters: Counters, factor: 1 | -1 = 1): void {
    for (const [name, count] of Object.entries(counters)) this.add(name, factor * count);
  }

  /** Sorted, so that equal counts are equal texts. */
  counters(): Counters {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** The counters below `name/`, by what follows. */
export function below(counters: Counters, name: string): Counters {
  const found = Object.entries(counters).filter(([key]) => key.startsWith(`${name}/`));
  return Object.fromEntries(found.map(([key, count]) => [key.slice(name.length + 1), count]));
}

export function sum(counters: Counters): number {
  return Object.values(counters).reduce((total, count) => total + count, 0);
}
