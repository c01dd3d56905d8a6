import {
  type Document,
  type DocumentAddress,
  type DocumentInput,
  type DocumentStore,
  type DocumentWriteOptions,
  isConflict,
  type PutOptions,
} from "@relevo/core";
import { retry } from "@relevo/core/input";
import { manySourcesTag, notesOn, type Origin, withNotes } from "./entry.ts";
import type { Runtime } from "./runtime.ts";
import { signalOf } from "./signal.ts";

const attempts = 10;

/**
 * Puts a value in place of what is there, and notes where both come from. One read more than a put. When others write first
 * in each of 10 tries, it is put all the same, with a note that not all its sources are known.
 *
 * @throws what a put throws.
 */
export async function replaceDocument(
  runtime: Runtime,
  documents: DocumentStore,
  address: DocumentAddress,
  { input, origin }: { readonly input: DocumentInput; readonly origin: Origin | undefined },
  options: PutOptions,
): Promise<Document> {
  const { expectedVersion: expected } = options;
  const put = (
    current: Document | undefined,
    isKnown: boolean,
    expectedVersion?: number,
  ): Promise<Document> => {
    const notes = notesOn(origin, current);
    const sources = isKnown ? notes.sources : [...notes.sources, manySourcesTag];
    return documents.put(address, withNotes(runtime, input, { ...notes, sources }), {
      ...options,
      ...(expectedVersion === undefined ? {} : { expectedVersion }),
    });
  };
  const replace = async (): Promise<Document> => {
    const current = await documents.get(address, signalOf(options));
    const version = current?.version ?? 0;
    // Another version than the caller expects is refused by the store, unless it becomes the expected one just now.
    return put(current, expected === undefined || expected === version, expected ?? version);
  };
  if (expected !== undefined) return replace();
  try {
    return await retry(replace, {
      name: "memory-replace",
      attempts,
      delayMs: 5,
      random: runtime.random,
      when: (error) => isConflict(error, "version"),
      ...signalOf(options),
    });
  } catch (error) {
    if (!isConflict(error, "version")) throw error;
    return put(undefined, false);
  }
}

/**
 * Puts several values in place of what is there, all or none, as `replaceDocument` does each.
 *
 * @throws `conflict`, retryable, when others write first in each of 10 tries; what `putMany` throws.
 */
export async function replaceDocuments(
  runtime: Runtime,
  documents: DocumentStore,
  writes: readonly { readonly address: DocumentAddress; readonly input: DocumentInput }[],
  origin: Origin | undefined,
  options: DocumentWriteOptions,
): Promise<readonly Document[]> {
  const addresses = writes.map(({ address }) => address);
  const replace = async (): Promise<readonly Document[]> => {
    const current = await documents.getMany(addresses, signalOf(options));
    const noted = writes.map(({ address, input }, index) => ({
      ...withNotes(runtime, input, notesOn(origin, current[index])),
      address,
      expectedVersion: current[index]?.version ?? 0,
    }));
    return documents.putMany(noted, options);
  };
  return retry(replace, {
    name: "memory-replace",
    attempts,
    delayMs: 5,
    random: runtime.random,
    when: (error) => isConflict(error, "version"),
    ...signalOf(options),
  });
}
