/** Finds which of several texts another text contains, in time that is linear in all of them together. */
export interface TextSearch {
  /** Those of the patterns that stand in the text. */
  containedIn(text: string): ReadonlySet<string>;
}

/** Up to this many, a search for each is faster than one for all. */
const few = 4;

/**
 * The automaton of Aho and Corasick, "Efficient string matching" (1975), over UTF-16 units. Searching for each
 * pattern by itself takes as many passes over the text as there are patterns: 250 in 8 MiB held up a process for
 * seconds.
 */
export function createTextSearch(patterns: readonly string[]): TextSearch {
  const distinct = [...new Set(patterns)];
  if (distinct.length <= few) {
    return { containedIn: (text) => new Set(distinct.filter((pattern) => text.includes(pattern))) };
  }
  const classes = unitClasses(distinct);
  const trie = createTrie(distinct, classes);
  return { containedIn: (text) => search(text, distinct, classes, trie) };
}

/** A number from 1 for each unit that occurs in a pattern: there are few, so the keys below are small. */
interface UnitClasses {
  readonly of: ReadonlyMap<number, number>;
  readonly count: number;
}

function unitClasses(patterns: readonly string[]): UnitClasses {
  const of = new Map<number, number>();
  for (const pattern of patterns) {
    for (let index = 0; index < pattern.length; index++) {
      const unit = pattern.charCodeAt(index);
      if (!of.has(unit)) of.set(unit, of.size + 1);
    }
  }
  return { of, count: of.size + 1 };
}

interface Trie {
  /** The next node, by node times the number of classes plus the class. */
  readonly next: ReadonlyMap<number, number>;
  /** The pattern that ends at a node, -1 for none. */
  readonly ends: readonly number[];
  /** The node of the longest other suffix that is in the trie. */
  readonly suffix: readonly number[];
}

function createTrie(patterns: readonly string[], classes: UnitClasses): Trie {
  const next = new Map<number, number>();
  const ends = [-1];
  const unitOf = [0];
  const parent = [0];
  const depth: number[][] = [[0]];
  for (const [number, pattern] of patterns.entries()) {
    let node = 0;
    for (let index = 0; index < pattern.length; index++) {
      const unit = classes.of.get(pattern.charCodeAt(index)) ?? 0;
      const key = node * classes.count + unit;
      let child = next.get(key);
      if (child === undefined) {
        child = ends.push(-1) - 1;
        next.set(key, child);
        unitOf.push(unit);
        parent.push(node);
        const level = depth[index + 1];
        if (level === undefined) depth.push([child]);
        else level.push(child);
      }
      node = child;
    }
    ends[node] = number;
  }
  const suffix = new Array<number>(ends.length).fill(0);
  for (const level of depth.slice(2)) {
    for (const node of level) {
      const unit = unitOf[node] ?? 0;
      suffix[node] = step(suffix[parent[node] ?? 0] ?? 0, unit, next, suffix, classes.count);
    }
  }
  return { next, ends, suffix };
}

/** The longest suffix of what was read that goes on with this unit. */
function step(
  from: number,
  unit: number,
  next: ReadonlyMap<number, number>,
  suffix: readonly number[],
  classCount: number,
): number {
  for (let node = from; ; node = suffix[node] ?? 0) {
    const child = next.get(node * classCount + unit);
    if (child !== undefined) return child;
    if (node === 0) return 0;
  }
}

function search(text: string, patterns: readonly string[], classes: UnitClasses, trie: Trie): Set<string> {
  const { next, ends, suffix } = trie;
  const found = new Set<string>();
  // What ends at a node is noted once: following the suffixes each time would take a step for each pattern.
  const noted = new Uint8Array(ends.length);
  const note = (reached: number): void => {
    for (let node = reached; noted[node] === 0; node = suffix[node] ?? 0) {
      noted[node] = 1;
      const pattern = patterns[ends[node] ?? -1];
      if (pattern !== undefined) found.add(pattern);
    }
  };
  note(0);
  let node = 0;
  for (let index = 0; index < text.length && found.size < patterns.length; index++) {
    const unit = classes.of.get(text.charCodeAt(index));
    node = unit === undefined ? 0 : step(node, unit, next, suffix, classes.count);
    if (noted[node] === 0) note(node);
  }
  return found;
}
