import type { Clock } from "@relevo/core";
import type {
  KeyRange,
  KeyValueChange,
  KeyValueCondition,
  KeyValueEntry,
  KeyValueLimits,
  KeyValueSpace,
} from "@relevo/core/store";

/** Entries in memory, for any number of spaces. */
export interface MapEntries {
  readonly byKey: Map<string, KeyValueEntry>;
  /** The keys of the map in the order of their bytes. */
  readonly order: string[];
  /** The version given last. */
  version: number;
}

export function createMapEntries(): MapEntries {
  return { byKey: new Map(), order: [], version: 0 };
}

/** A key-value space over a map. Each call is one step of the event loop, and so atomic. */
export function createMapSpace(entries: MapEntries, clock: Clock, limits?: KeyValueLimits): KeyValueSpace {
  const { byKey, order } = entries;

  function readRange({ from, to, limit, reverse = false }: KeyRange): KeyValueEntry[] {
    const start = placeOf(order, text(from));
    const end = placeOf(order, text(to));
    const keys = reverse
      ? order.slice(Math.max(start, end - limit), end).reverse()
      : order.slice(start, Math.min(end, start + limit));
    return keys.flatMap((key) => byKey.get(key) ?? []);
  }

  /** Puts the name in its place, or takes it out. */
  function place(name: string, isThere: boolean): void {
    const at = placeOf(order, name);
    if ((order[at] === name) === isThere) return;
    if (isThere) order.splice(at, 0, name);
    else order.splice(at, 1);
  }

  /** As `place`, of many names in one pass: a long order is not moved once for each. */
  function placeAll(names: readonly string[]): void {
    const changed = [...new Set(names)].sort();
    const before = order.slice();
    order.length = 0;
    let next = 0;
    for (const one of changed) {
      for (let name = before[next]; name !== undefined && name < one; name = before[++next]) order.push(name);
      if (before[next] === one) next++;
      if (byKey.has(one)) order.push(one);
    }
    for (; next < before.length; next++) order.push(before[next] ?? "");
  }

  function apply(changes: readonly KeyValueChange[]): void {
    const names = changes.map(({ key, value }) => {
      const name = text(key);
      if (value === undefined) byKey.delete(name);
      else byKey.set(name, { key: key.slice(), value: value.slice(), version: ++entries.version });
      return name;
    });
    if (names.length > 100) placeAll(names);
    else for (const name of names) place(name, byKey.has(name));
  }

  return {
    limits,
    read({ keys, ranges }) {
      return { entries: keys.map((key) => byKey.get(text(key))), ranges: ranges.map(readRange) };
    },
    commit(changes: readonly KeyValueChange[], conditions: readonly KeyValueCondition[]) {
      if (conditions.some(({ key, version }) => byKey.get(text(key))?.version !== version)) return false;
      apply(changes);
      return true;
    },
    now: () => clock.now(),
  };
}

/** Latin-1 keeps the order of bytes: each is one character. */
function text(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}

/** Where the key stands among the ascending ones, or would stand. */
function placeOf(order: readonly string[], key: string): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((order[middle] ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
