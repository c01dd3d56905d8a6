import {
  type CallOptions,
  type Document,
  type DocumentAddress,
  type DocumentInput,
  type DocumentStore,
  type DocumentWrite,
  type DocumentWriteOptions,
  isConflict,
  MemoryError,
  type PutOptions,
  type UpdateOptions,
} from "@relevo/core";
import { admitInteger, type RetryOptions, retry, tooLarge } from "@relevo/core/input";
import { deleteWithPast, pastWrite, prunePast, putKeeping } from "../history/past-values.ts";
import type { Runtime } from "../runtime.ts";
import { signalOf } from "../signal.ts";
import { manySourcesTag, notesOn, type Origin, withNotes } from "./entry.ts";

const defaultAttempts = 10;

/** What takes the place of a value. */
export interface Replacement {
  /** `undefined` writes nothing. May be called several times. */
  readonly make: (current: Document | undefined) => DocumentInput | undefined;
  readonly origin: Origin;
  /** How many old values are kept. */
  readonly keep: number;
}

/**
 * Puts a value in place of what is there, by compare-and-set, and notes where both come from. One read more than a put.
 *
 * @throws `conflict`, retryable, when others write first in each try; what a put throws.
 */
export async function replaceDocument(
  runtime: Runtime,
  documents: DocumentStore,
  address: DocumentAddress,
  { make, origin, keep }: Replacement,
  given: PutOptions & Pick<UpdateOptions, "attempts" | "backoffMs" | "random">,
): Promise<Document | undefined> {
  const { expectedVersion: expected, attempts = defaultAttempts, backoffMs = 5, random, ...options } = given;
  const replace = async (): Promise<Document | undefined> => {
    const current = await documents.get(address, signalOf(options));
    const version = current?.version ?? 0;
    const input = make(current);
    if (input === undefined) return current;
    const notes = notesOn(origin, current, keep > 0);
    // Another version than the caller expects is refused by the store, unless it becomes the expected one just now.
    const isKnown = expected === undefined || expected === version;
    const sources = isKnown ? notes.sources : [...notes.sources, manySourcesTag];
    const noted = withNotes(runtime, input, { ...notes, sources });
    const put = { ...options, expectedVersion: expected ?? version };
    return putKeeping(runtime, documents, { address, input: noted, keep }, current, put);
  };
  if (expected !== undefined) return replace();
  return retry(replace, {
    name: "memory-replace",
    attempts: admitInteger(attempts, "attempts", 1),
    delayMs: admitInteger(backoffMs, "backoffMs", 0),
    random: random ?? runtime.random,
    when: (error) => isConflict(error, "version"),
    exhausted: alwaysChanged,
    ...signalOf(options),
  });
}

/** As `replaceDocument`; but when others write first in each try, it is put all the same, and says that it knows not all. */
export async function replaceAnyway(
  runtime: Runtime,
  documents: DocumentStore,
  address: DocumentAddress,
  { input, origin, keep }: Omit<Replacement, "make"> & { readonly input: DocumentInput },
  options: PutOptions,
): Promise<Document> {
  try {
    const stored = await replaceDocument(
      runtime,
      documents,
      address,
      { make: () => input, origin, keep },
      options,
    );
    if (stored === undefined) throw new Error("A value was given.");
    return stored;
  } catch (error) {
    if (!isConflict(error, "version") || options.expectedVersion !== undefined) throw error;
    const notes = notesOn(origin, undefined, keep > 0);
    const noted = withNotes(runtime, input, { ...notes, sources: [...notes.sources, manySourcesTag] });
    return putKeeping(runtime, documents, { address, input: noted, keep }, undefined, options);
  }
}

function whileOthersWrite({ random }: Runtime, options: CallOptions): RetryOptions {
  return {
    name: "memory-replace",
    attempts: defaultAttempts,
    delayMs: 5,
    random,
    when: (error) => isConflict(error, "version"),
    exhausted: alwaysChanged,
    ...signalOf(options),
  };
}

function alwaysChanged(cause: unknown, attempts: number): MemoryError {
  const message = `The value was changed by others during all ${attempts} tries.`;
  const details = { ...(MemoryError.isInstance(cause) ? cause.details : {}), attempts };
  return new MemoryError("conflict", message, { retryable: true, details, cause });
}

/** Removes a value, with its past values. @throws `conflict`, retryable, when others write first in each of 10 tries. */
export function forgetDocument(
  runtime: Runtime,
  address: DocumentAddress,
  options: DocumentWriteOptions,
): Promise<boolean> {
  const forget = async (): Promise<boolean> => {
    const current = await runtime.durable.documents.get(address, signalOf(options));
    return deleteWithPast(runtime, address, current?.version ?? 0, options);
  };
  return retry(forget, whileOthersWrite(runtime, options));
}

/**
 * Puts several values in place of what is there, all or none, as `replaceDocument` does each.
 *
 * @throws `conflict`, retryable, when others write first in each of 10 tries; `too-large` for more than one write takes, half
 *   as many with history; what `putMany` throws.
 */
export async function replaceDocuments(
  runtime: Runtime,
  documents: DocumentStore,
  writes: readonly { readonly address: DocumentAddress; readonly input: DocumentInput }[],
  { origin, keep }: Omit<Replacement, "make">,
  options: DocumentWriteOptions,
): Promise<readonly Document[]> {
  // Each value takes what it replaces along.
  const most = Math.floor(runtime.durable.limits.batchItems / (keep > 0 ? 2 : 1));
  if (writes.length > most) throw tooLarge("entries", "batchItems", most, writes.length);
  const addresses = writes.map(({ address }) => address);
  const replace = async (): Promise<readonly Document[]> => {
    const current = await documents.getMany(addresses, signalOf(options));
    const values: DocumentWrite[] = [];
    const past: DocumentWrite[] = [];
    for (const [index, { address, input }] of writes.entries()) {
      const now = current[index];
      const noted = withNotes(runtime, input, notesOn(origin, now, keep > 0));
      values.push({ ...noted, address, expectedVersion: now?.version ?? 0 });
      if (keep > 0) past.push(pastWrite(runtime, address, now, input));
    }
    return (await documents.putMany([...values, ...past], options)).slice(0, writes.length);
  };
  const stored = await retry(replace, whileOthersWrite(runtime, options));
  for (const [index, address] of keep > 0 ? addresses.entries() : [])
    await prunePast(runtime, documents, address, stored[index] as Document, keep);
  return stored;
}
