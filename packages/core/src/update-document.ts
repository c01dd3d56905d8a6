import type { DocumentAddress } from "./address.ts";
import { isConflict } from "./input/conflict.ts";
import { admitOptions, type FieldTable, fieldTable } from "./input/fields.ts";
import { admitOptionalInteger } from "./input/numbers.ts";
import { guardKinds } from "./input/option-kinds.ts";
import { retry } from "./input/retry.ts";
import { MemoryError } from "./memory-error.ts";
import type { Document, DocumentInput, DocumentStore, DocumentWriteOptions } from "./ports/document-store.ts";

export interface UpdateOptions extends DocumentWriteOptions {
  /** How many times to try; 10 when left out. */
  readonly attempts?: number | undefined;
  /** Longest pause before the second try; doubles with each try, to at most 64 times this. 5 when left out. */
  readonly backoffMs?: number | undefined;
  /** A number from 0 to 1, for tests that want the same pauses. `Math.random` when left out. */
  readonly random?: (() => number) | undefined;
}

const updateFields: FieldTable = fieldTable<UpdateOptions>({
  ...guardKinds,
  operation: "selects",
  attempts: "refines",
  backoffMs: "refines",
  random: "refines",
});

/**
 * Reads a document, changes it and writes it back if no other writer wrote in between; otherwise tries again from the
 * current state, after a random pause. Exact under concurrency: no update is lost.
 *
 * `change` gets `undefined` when there is no document. It may run several times and must have no side effects. When it
 * returns `undefined`, nothing is written and the present document is returned.
 *
 * Under a known operation nothing is written either. What is returned then is what the first call wrote but for the value,
 * which is the one that this call has computed.
 *
 * @throws `conflict`, retryable, when every try lost; `aborted` when the signal fires during a pause, with nothing
 *   written; what `get` and `put` throw. `unknown` outcomes are not retried: a change that adds would be made twice.
 */
export async function updateDocument(
  documents: DocumentStore,
  address: DocumentAddress,
  change: (current: Document | undefined) => DocumentInput | undefined,
  options: UpdateOptions = {},
): Promise<Document | undefined> {
  const {
    attempts: givenAttempts,
    backoffMs: givenBackoff,
    random = Math.random,
    ...guard
  } = admitOptions(options, updateFields);
  const attempts = admitOptionalInteger(givenAttempts, "attempts", 1) ?? 10;
  const backoffMs = admitOptionalInteger(givenBackoff, "backoffMs", 0) ?? 5;
  return await retry(
    async () => {
      const current = await documents.get(address, { signal: guard.signal });
      const next = change(current);
      if (next === undefined) return current;
      return await documents.put(address, next, { ...guard, expectedVersion: current?.version ?? 0 });
    },
    {
      name: "document-update",
      attempts,
      delayMs: backoffMs,
      random,
      signal: guard.signal,
      when: (error) => isConflict(error, "version"),
      exhausted: (error) => alwaysChanged(error, attempts),
    },
  );
}

function alwaysChanged(cause: unknown, attempts: number): MemoryError {
  const message = `The document was changed by others during all ${attempts} tries.`;
  const details = { ...(MemoryError.isInstance(cause) ? cause.details : {}), attempts };
  return new MemoryError("conflict", message, { retryable: true, details, cause });
}
