import type { CallOptions } from "../../../ports/common.ts";
import type { KeyValueSpace } from "./key-value-space.ts";
import { batches } from "./pack-changes.ts";
import { type Chunks, partKeys } from "./records.ts";

/** A note for upkeep: nothing points to these parts any more. */
export interface PartsNote extends Chunks {
  readonly kind: "parts";
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

/** Removes entries in the order given, in as many commits as the space needs. */
export async function removeKeys(
  space: KeyValueSpace,
  keys: readonly Uint8Array[],
  call: CallOptions,
): Promise<void> {
  const { commitEntries = 1000, commitBytes = Infinity } = space.limits ?? {};
  const changes = keys.map((key) => ({ key, value: undefined }));
  for (const group of batches(changes, commitEntries, commitBytes)) await space.commit(group, [], call);
}
