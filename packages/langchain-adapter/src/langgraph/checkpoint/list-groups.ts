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
    const now = snapshot(element);
    return now.length === before.length && now.every((value, index) => Object.is(value, before[index]));
  }
}

function snapshot(element: object): readonly unknown[] {
  const values: unknown[] = [];
  for (const value of Object.values(element)) {
    values.push(value);
    if (typeof value === "object" && value !== null)
      for (const inner of Object.values(value)) values.push(inner);
  }
  return values;
}
