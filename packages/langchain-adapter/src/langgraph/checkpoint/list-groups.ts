/** The most elements that are stored together. */
const groupSize = 256;

/** Elements of a list that are stored together. */
export interface Group {
  readonly from: number;
  readonly to: number;
}

/**
 * Cuts a list so that appending to it leaves nearly all groups as they are: groups of 256, then of the powers of two
 * that make up the rest. An append of one element makes one new group, of five elements on average.
 */
export function groupsOf(length: number): readonly Group[] {
  const groups: Group[] = [];
  let from = 0;
  for (let size = groupSize; size >= 1; size /= 2)
    for (; from + size <= length; from += size) groups.push({ from, to: from + size });
  return groups;
}
