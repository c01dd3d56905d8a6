import { MemoryError } from "../../../memory-error.ts";
import type { CallOptions } from "../../../ports/common.ts";
import { dueKey } from "../layout.ts";
import { readFailure } from "./failures.ts";
import type { KeyValueChange, KeyValueCondition, KeyValueSpace } from "./key-value-space.ts";
import { batches } from "./pack-changes.ts";
import { type Chunks, inlineValue, partKeys } from "./records.ts";
import { pause } from "./retry.ts";

/** A note for upkeep: nothing points to these parts any more. */
export interface PartsNote extends Chunks {
  readonly kind: "parts";
}

/** Removes entries, and has upkeep remove the parts that their values stood in. */
export function removalOf(
  entries: readonly { readonly key: Uint8Array; readonly chunks?: Chunks | undefined }[],
  now: number,
): KeyValueChange[] {
  return entries.flatMap(({ key, chunks }) => {
    const removed: KeyValueChange = { key, value: undefined };
    if (chunks === undefined) return [removed];
    const note = Buffer.from(JSON.stringify({ kind: "parts", ...chunks }));
    return [removed, { key: partsKey(now, chunks), value: inlineValue(note) }];
  });
}

export function partsKey(now: number, { tenant, id, number }: Chunks): Uint8Array {
  return dueKey(now, "parts", tenant, id, number);
}

/** Removes the parts, then the notes. May be repeated from the start after a failure anywhere. */
export async function removeParts(
  space: KeyValueSpace,
  notes: readonly { readonly key: Uint8Array; readonly value: PartsNote }[],
  call: CallOptions,
): Promise<void> {
  const keys = [...notes.flatMap(({ value }) => partKeys(value)), ...notes.map(({ key }) => key)];
  await removeKeys(space, keys, call);
}

/** Removes entries in the order given, in as many commits as the space needs. For keys that nobody writes again. */
export async function removeKeys(
  space: KeyValueSpace,
  keys: readonly Uint8Array[],
  call: CallOptions,
): Promise<void> {
  const { commitEntries = 1000, commitBytes = Number.POSITIVE_INFINITY } = space.limits ?? {};
  const changes = keys.map((key) => ({ key, value: undefined }));
  for (const group of batches(changes, commitEntries, commitBytes))
    await commitRepeatable(space, group, [], call);
}

/**
 * Commits what does the same when it is done twice: again when its outcome is not known. False when a condition does not
 * hold, which after a lost answer may be because of this very commit.
 */
export async function commitRepeatable(
  space: KeyValueSpace,
  changes: readonly KeyValueChange[],
  conditions: readonly KeyValueCondition[],
  call: CallOptions,
): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      if (await space.commit(changes, conditions, call)) return true;
      if (conditions.length > 0 || attempt === maxAttempts) return false;
    } catch (error) {
      const isRefused = MemoryError.isInstance(error) && error.outcome === "not-applied" && !error.retryable;
      if (isRefused || attempt === maxAttempts) throw readFailure(error);
    }
    await pause(attempt, call.signal);
  }
}

const maxAttempts = 10;
