import { tooLarge } from "../../../input/refuse.ts";
import type { JsonValue } from "../../../json.ts";
import type { KeyValueChange, KeyValueLimits } from "./key-value-space.ts";
import { inlineValue, splitValue } from "./records.ts";

/** A value to store, or `undefined` to remove the entry. */
export interface RecordChange {
  readonly key: Uint8Array;
  readonly value: JsonValue | undefined;
}

export interface PackedChanges {
  /** What one commit takes. */
  readonly changes: readonly KeyValueChange[];
  /** Parts of values that have to be written before, in commits of their own. */
  readonly staged: readonly (readonly KeyValueChange[])[];
}

/** A value that is moved out of a commit that is too large is at least this long, or the pointer to it saves little. */
const leastMoved = 512;

/**
 * Makes changes fit into one commit. Long values are split, and when all is too large together, values are written
 * before, where nothing points to them yet.
 *
 * @throws `too-large` when the space cannot take that many changes in one commit.
 */
export function packChanges(
  records: readonly RecordChange[],
  limits: KeyValueLimits,
  place: { readonly tenant: string; readonly id: string },
): PackedChanges {
  const { commitEntries = Infinity, commitBytes = Infinity, valueBytes = Infinity } = limits;
  const texts = records.map(({ key, value }) => ({
    key,
    text: value === undefined ? undefined : Buffer.from(JSON.stringify(value), "utf8"),
  }));
  const pack = (longest: number): { whole: KeyValueChange[]; parts: KeyValueChange[] } => {
    const parts: KeyValueChange[] = [];
    const whole = texts.map(({ key, text }, number) => {
      if (text === undefined) return { key, value: undefined };
      if (text.byteLength < longest) return { key, value: inlineValue(text) };
      const split = splitValue(text, { ...place, number }, Math.min(valueBytes, maxPart));
      for (const part of split.parts) parts.push(part);
      return { key, value: split.pointer };
    });
    return { whole, parts };
  };
  const fits = (changes: readonly KeyValueChange[]): boolean =>
    changes.length <= commitEntries && sizeOf(changes) <= commitBytes;

  const first = pack(valueBytes);
  const together = [...first.whole, ...first.parts];
  if (fits(together)) return { changes: together, staged: [] };
  const { whole, parts } = fits(first.whole) ? first : pack(Math.min(valueBytes, leastMoved));
  if (!fits(whole)) {
    const limit = whole.length > commitEntries ? "commitEntries" : "commitBytes";
    const size = limit === "commitEntries" ? whole.length : sizeOf(whole);
    throw tooLarge("commit", limit, limit === "commitEntries" ? commitEntries : commitBytes, size);
  }
  return { changes: whole, staged: batches(parts, commitEntries - 1, commitBytes / 2) };
}

/** Parts of values are no longer than this where values have no bound, so that commits can be made of them. */
const maxPart = 64 * 1024;

/** Changes in groups that a commit takes. */
export function batches(
  changes: readonly KeyValueChange[],
  maxEntries: number,
  maxBytes: number,
): readonly (readonly KeyValueChange[])[] {
  const groups: KeyValueChange[][] = [];
  let bytes = 0;
  for (const change of changes) {
    const size = sizeOf([change]);
    const group = groups.at(-1);
    if (group === undefined || group.length >= maxEntries || bytes + size > maxBytes) {
      groups.push([change]);
      bytes = size;
    } else {
      group.push(change);
      bytes += size;
    }
  }
  return groups;
}

function sizeOf(changes: readonly KeyValueChange[]): number {
  return changes.reduce((sum, { key, value }) => sum + key.byteLength + (value?.byteLength ?? 0), 0);
}
