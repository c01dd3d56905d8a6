import {
  type CallOptions,
  type DocumentAddress,
  type DocumentStore,
  fingerprint,
  type JsonArray,
  updateDocument,
} from "@relevo/core";
import { supersededByName } from "@relevo/core/input";
import type { Runtime } from "../runtime.ts";
import { signalOf } from "../signal.ts";

/**
 * Notes at a memory which other one holds in its place, so that searches put that one first. Before the newer one is written,
 * because nobody would do it after a crash: a note of what is not there does not count. A memory that is written anew holds
 * again.
 *
 * @throws what an update throws.
 */
export async function noteSuperseded(
  { random, clock }: Runtime,
  documents: DocumentStore,
  older: DocumentAddress,
  { namespace, key }: DocumentAddress,
  options: CallOptions,
): Promise<void> {
  const reference = { namespace, key };
  await updateDocument(
    documents,
    older,
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
}
