/** The most elements that are stored together. */
const groupSize = 64;

/** Elements of a list that are stored together. */
export interface Group {
  readonly from: number;
  readonly to: number;
}

/**
 * Cuts a list so that appending to it leaves nearly all groups as they are: groups of 64, then of the powers of two that
 * make up the rest. An append of one element makes one new group, of two elements on average.
 */
export function groupsOf(length: number): readonly Group[] {
  const groups: Group[] = [];
  let from = 0;
  for (let size = groupSize; size >= 1; size /= 2)
    for (; from + size <= length; from += size) groups.push({ from, to: from + size });
  return groups;
}

/**
 * Whether elements of lists are still what they were, without serializing them: by identity, and by the identity of what is in
 * their fields and in the fields of those. A change further inside, made in place, is not seen: LangGraph's states are not to be
 * changed in place.
 */
export class ElementWatch {
  /** Values live as long as their keys, so that nothing is kept of a state that nobody uses any more. */
  readonly #snapshots: WeakMap<object, readonly unknown[]> = new WeakMap();

  /** Remembers how the element is now. */
  note(element: object): void {
    this.#snapshots.set(element, snapshot(element));
  }

  isUnchanged(element: object): boolean {
    const before = this.#snapshots.get(element);
    if (before === undefined) return false;
    let place = 0;
    const fields = element as { readonly [name: string]: unknown };
    for (const name in fields) {
      const value = fields[name];
      if (!Object.is(value, before[place++])) return false;
      if (typeof value !== "object" || value === null) continue;
      const inner = value as { readonly [name: string]: unknown };
      for (const key in inner) if (!Object.is(inner[key], before[place++])) return false;
    }
    return place === before.length;
  }
}

function snapshot(element: object): readonly unknown[] {
  const values: unknown[] = [];
  const fields = element as { readonly [name: string]: unknown };
  for (const name in fields) {
    const value = fields[name];
    values.push(value);
    if (typeof value !== "object" || value === null) continue;
    const inner = value as { readonly [name: string]: unknown };
    for (const key in inner) values.push(inner[key]);
  }
  return values;
}
