import {
  type CallOptions,
  type DocumentAddress,
  fingerprint,
  type JsonArray,
  type Limits,
  updateDocument,
} from "@relevo/core";
import { admitId, readArray, refuse, supersededByName } from "@relevo/core/input";
import type { Tier } from "../entries/entry.ts";
import type { KeyedPlace } from "../entries/keyed-place.ts";
import type { Runtime } from "../runtime.ts";
import { signalOf } from "../signal.ts";

const mostSuperseded = 100;

/** @throws `invalid-input` */
export function admitSuperseded(
  given: readonly string[] | undefined,
  key: string,
  tier: Tier,
  limits: Limits,
): readonly string[] | undefined {
  if (given === undefined) return undefined;
  const field = "options.supersedes";
  const keys = readArray(given, field, "an array of keys", mostSuperseded).map((one, index) =>
    admitId(one, `${field}[${index}]`, limits),
  );
  if (keys.includes(key))
    throw refuse(field, "must not have the key itself, whose value is replaced anyway.");
  if (tier === "volatile") throw refuse(field, 'is for durable memories: use tier "durable" or "both".');
  return keys;
}

/**
 * Notes at a memory which other one holds in its place, so that searches put that one first. Before the newer one is written,
 * because nobody would do it after a crash: a note of what is not there does not count. A memory that is written again holds
 * again.
 *
 * @throws what an update throws.
 */
export async function noteSuperseded(
  { durable: { documents }, random, clock }: Runtime,
  older: KeyedPlace,
  { namespace, key }: DocumentAddress,
  options: CallOptions,
): Promise<void> {
  const reference = { namespace, key };
  await updateDocument(
    documents,
    older.durable,
    (current) => {
      if (current === undefined) return undefined;
      const noted = (current.metadata[supersededByName] ?? []) as JsonArray;
      if (noted.some((one) => fingerprint(one) === fingerprint(reference))) return undefined;
      const { value, tags, metadata, derivedFrom, expiresAt } = current;
      return {
        value,
        tags,
        metadata: { ...metadata, [supersededByName]: [...noted, reference] },
        derivedFrom,
        ttlMs: expiresAt === undefined ? undefined : Math.max(1, Math.ceil(expiresAt - clock.now())),
      };
    },
    { random, ...signalOf(options) },
  );
  // The durable memory has another version now.
  await older.slot.forgetCopy(options);
}
