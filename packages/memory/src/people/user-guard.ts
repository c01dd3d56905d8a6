import {
  type CallOptions,
  type DocumentAddress,
  type DocumentStore,
  isConflict,
  type JsonObject,
  MemoryError,
} from "@relevo/core";
import { namespaces } from "../namespaces.ts";
import { signalOf } from "../signal.ts";

/**
 * How long it is known that a person was erased. A write that was on its way all that time is not caught. As long as
 * stores remember the operations of what has ended.
 */
export const markerTtlMs: number = 25 * 3600 * 1000;

/** What each store holds while a person is erased, and for a day afterwards. */
export interface ErasureMarker {
  /** Of the erasure. */
  readonly erasure: string;
  readonly running: boolean;
}

export function markerAddress(tenant: string, user: string): DocumentAddress {
  return { tenant, namespace: [...namespaces.erasing, user], key: "erasure" };
}

export async function readMarker(
  documents: DocumentStore,
  tenant: string,
  user: string,
  options: CallOptions,
): Promise<ErasureMarker | undefined> {
  const found = await documents.get(markerAddress(tenant, user), signalOf(options));
  return markerOf(found?.value);
}

export function markerOf(value: unknown): ErasureMarker | undefined {
  const { erasure, running } = (value ?? {}) as Partial<Record<keyof ErasureMarker, unknown>>;
  return typeof erasure === "string" ? { erasure, running: running === true } : undefined;
}

/** From now on writes about the person are refused. */
export async function markErasing(
  documents: DocumentStore,
  tenant: string,
  user: string,
  erasure: string,
): Promise<void> {
  await documents.put(markerAddress(tenant, user), { value: { erasure, running: true } });
}

/** Writes are let in again, but not by those who began before. Returns when, by the store's clock. */
export async function markErased(
  documents: DocumentStore,
  tenant: string,
  user: string,
  erasure: string,
): Promise<number> {
  const value = { erasure, running: false };
  return (await documents.put(markerAddress(tenant, user), { value, ttlMs: markerTtlMs })).updatedAt;
}

/**
 * The failure of what follows a write: that is done, and its caller must not take it for undone. Made again under the same
 * operation id, or under the same key, it is complete.
 */
export function afterWrite(error: unknown): unknown {
  if (!MemoryError.isInstance(error)) return error;
  const { code, retryable, details } = error;
  const message = `The write was made, but whether the person is being erased could not be found out: ${error.message}`;
  return new MemoryError(code, message, { outcome: "unknown", retryable, details, cause: error });
}

/** The refusal of a write about a person who is being erased. */
export function beingErased(): MemoryError {
  return new MemoryError(
    "conflict",
    "The data of this person is being erased. Write again when that has ended.",
    {
      retryable: true,
      details: { conflict: "erasure" } satisfies JsonObject,
    },
  );
}

/** The refusal of a write about a person who was erased since the writer began. */
export function wasErased(): MemoryError {
  return new MemoryError(
    "history-lost",
    "The data of this person was erased. Get the user from the tenant again to start afresh.",
    { details: { reason: "erased" } satisfies JsonObject },
  );
}

/**
 * Keeps writes about one person from outliving the person's erasure. No store can write a memory and look at the marker of
 * the erasure in one step, because the two are of different owners. So the marker is read before the first write, and again
 * after each write: whatever the order, either the erasure sees the write, or the writer sees the marker and takes its own
 * write back. One small read for each write.
 */
export class UserGuard {
  readonly #tenant: string;
  readonly #user: string;
  readonly #seen: Map<DocumentStore, string | undefined> = new Map();
  readonly #alive: ((options: CallOptions) => Promise<void>) | undefined;

  /** `alive` is asked when the marker was read, and throws when nothing may be written any more. */
  constructor(tenant: string, user: string, alive?: (options: CallOptions) => Promise<void>) {
    this.#tenant = tenant;
    this.#user = user;
    this.#alive = alive;
  }

  /** Before a write. @throws `conflict` while the person is erased. */
  async enter(documents: DocumentStore, options: CallOptions): Promise<void> {
    if (!this.#seen.has(documents)) {
      const marker = await readMarker(documents, this.#tenant, this.#user, options);
      if (marker?.running === true) throw beingErased();
      // After the marker: a session that is there now was not erased by an erasure that the marker tells of.
      await this.#alive?.(options);
      this.#seen.set(documents, marker?.erasure);
    }
  }

  /** After a write, which `undo` takes back. Not aborted: it would stay. @throws `conflict`; `history-lost`. */
  async settle(documents: DocumentStore, undo: () => Promise<unknown>): Promise<void> {
    const marker = await readMarker(documents, this.#tenant, this.#user, {}).catch((error: unknown) => {
      throw afterWrite(error);
    });
    if (marker === undefined || (!marker.running && marker.erasure === this.#seen.get(documents))) return;
    try {
      await undo();
    } catch (error) {
      // Another writer has replaced it, and looks at the marker itself.
      if (!isConflict(error, "version")) throw afterWrite(error);
    }
    throw marker.running ? beingErased() : wasErased();
  }

  /** The caller who erased the person knows of it, and may start afresh. */
  renew(): void {
    this.#seen.clear();
  }
}
