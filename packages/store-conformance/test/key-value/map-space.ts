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

  function apply({ key, value }: KeyValueChange): void {
    const name = text(key);
    const place = placeOf(order, name);
    const isThere = order[place] === name;
    if (value === undefined) {
      byKey.delete(name);
      if (isThere) order.splice(place, 1);
      return;
    }
    byKey.set(name, { key: key.slice(), value: value.slice(), version: ++entries.version });
    if (!isThere) order.splice(place, 0, name);
  }

  return {
    limits,
    read({ keys, ranges }) {
      return { entries: keys.map((key) => byKey.get(text(key))), ranges: ranges.map(readRange) };
    },
    commit(changes: readonly KeyValueChange[], conditions: readonly KeyValueCondition[]) {
      if (conditions.some(({ key, version }) => byKey.get(text(key))?.version !== version)) return false;
      for (const change of changes) apply(change);
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
