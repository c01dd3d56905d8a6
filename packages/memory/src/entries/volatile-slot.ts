import {
  type CallOptions,
  type Document,
  type DocumentAddress,
  type DocumentInput,
  type DocumentStore,
  isConflict,
  MemoryError,
  type PutOptions,
  type UpdateOptions,
  updateDocument,
} from "@relevo/core";
import type { ChangeValue } from "../agents/agent-memory.ts";
import { type Operated, writeOnce } from "../memory-operation.ts";
import type { Runtime } from "../runtime.ts";
import { signalOf } from "../signal.ts";
import {
  categoryOf,
  documentInput,
  keptFields,
  metadataOf,
  notesOf,
  type Origin,
  publicTags,
  type RememberFields,
  withNotes,
} from "./entry.ts";
import { replaceAnyway, replaceDocument } from "./replace-document.ts";

/**
 * The volatile document of one key: absent, an independent volatile memory, or the copy of a durable memory. A copy is
 * only a cache and may be removed at any time; it must never be older than what the durable tier acknowledged to this
 * process.
 */
export class VolatileSlot {
  readonly #runtime: Runtime;
  readonly #address: DocumentAddress;
  readonly #name: string;

  /** `name` identifies the address uniquely. */
  constructor(runtime: Runtime, address: DocumentAddress, name: string) {
    this.#runtime = runtime;
    this.#address = address;
    this.#name = name;
  }

  /** The document, unless this process knows that it is outdated. */
  async get(options: CallOptions): Promise<Document | undefined> {
    const { outdated } = this.#runtime;
    const document = await this.#documents.get(this.#address, signalOf(options));
    const by = outdated.get(this.#name);
    if (by === undefined) return document;
    if (document === undefined || !this.isOutdated(document)) {
      outdated.delete(this.#name);
      return document;
    }
    await this.invalidate(by, document.version);
    return undefined;
  }

  /** True when this process knows that the durable tier has a newer value. */
  isOutdated(document: Document): boolean {
    const by = this.#runtime.outdated.get(this.#name);
    return by !== undefined && (notesOf(document).copyOf ?? 0) < by;
  }

  /** Stores an independent volatile memory. */
  async put(input: DocumentInput, origin: Origin, options: PutOptions): Promise<Document> {
    const own = { input: this.#withLifetime(input), origin, keep: 0 };
    const { stored, isPast } = await writeOnce(this.#documents, this.#address, options, () =>
      replaceAnyway(this.#runtime, this.#documents, this.#address, own, options),
    );
    if (!isPast) this.#runtime.outdated.delete(this.#name);
    return stored;
  }

  async update(
    change: ChangeValue,
    fields: RememberFields,
    origin: Origin,
    options: UpdateOptions,
  ): Promise<Document | undefined> {
    if (this.#runtime.outdated.has(this.#name)) await this.get(options);
    const make = (current: Document | undefined): DocumentInput | undefined => {
      const value = change(current?.value);
      if (value === undefined) return undefined;
      const kept = keptFields(this.#runtime, current, fields);
      return documentInput(this.#runtime, value, current === undefined ? this.#withLifetime(kept) : kept);
    };
    const { stored, isPast, now } = await writeOnce(this.#documents, this.#address, options, () =>
      replaceDocument(this.#runtime, this.#documents, this.#address, { make, origin, keep: 0 }, options),
    );
    return isPast ? now : stored;
  }

  /**
   * Removes a copy before the durable memory changes, so that a crash between the two writes leaves no stale copy. An
   * independent volatile memory stays: the durable write may still be refused.
   */
  async dropCopy(options: CallOptions): Promise<"empty" | "taken"> {
    try {
      const document = await this.#documents.get(this.#address, signalOf(options));
      if (document === undefined) return "empty";
      if (notesOf(document).copyOf === undefined) return "taken";
      await this.#documents.delete(this.#address, { expectedVersion: document.version });
      return "empty";
    } catch (error) {
      if (MemoryError.isInstance(error, "aborted")) throw error;
      if (!isConflict(error, "version")) this.#runtime.onError(error);
      return "taken";
    }
  }

  /** Writes the copy of a durable memory, never over a newer one. `undefined` when none was written. */
  async putCopy(durable: Document): Promise<Document | undefined> {
    let written = false;
    try {
      const copy = await updateDocument(this.#documents, this.#address, (current) => {
        written = current === undefined || (notesOf(current).copyOf ?? 0) < durable.version;
        return written ? this.#copyOf(durable) : undefined;
      });
      if (written) this.#runtime.outdated.delete(this.#name);
      return written ? copy : undefined;
    } catch (error) {
      this.#runtime.onError(error);
      await this.invalidate(durable.version);
      return undefined;
    }
  }

  /**
   * Writes the copy, unless the durable memory was deleted or written again since: between its write and the copy, another
   * writer may have come.
   */
  async copy(durable: Document, readDurable: () => Promise<Document | undefined>): Promise<void> {
    const copy = await this.putCopy(durable);
    if (copy === undefined) return;
    try {
      const now = await readDurable();
      if (now?.version !== durable.version) await this.invalidate(durable.version, copy.version);
    } catch (error) {
      this.#runtime.onError(error);
      await this.invalidate(durable.version);
    }
  }

  /** Deletes the document, or notes that it is older than this durable version. Never throws. */
  async invalidate(durableVersion: number, slotVersion?: number): Promise<void> {
    try {
      await this.#documents.delete(
        this.#address,
        slotVersion === undefined ? {} : { expectedVersion: slotVersion },
      );
      this.#runtime.outdated.delete(this.#name);
    } catch (error) {
      // Another writer has replaced it; theirs is newer.
      if (isConflict(error, "version")) return;
      this.#runtime.noteOutdated(this.#name, durableVersion);
      this.#runtime.onError(error);
    }
  }

  async forget(options: CallOptions & Operated): Promise<boolean> {
    const existed = await this.#documents.delete(this.#address, options);
    this.#runtime.outdated.delete(this.#name);
    return existed;
  }

  /** Removes the copy of a durable memory that was forgotten; an independent volatile memory stays. */
  async forgetCopy(options: CallOptions): Promise<void> {
    const document = await this.#documents.get(this.#address, signalOf(options));
    if (document === undefined || notesOf(document).copyOf === undefined) return;
    try {
      await this.#documents.delete(this.#address, { expectedVersion: document.version });
    } catch (error) {
      if (!isConflict(error, "version")) throw error;
    }
  }

  #copyOf(durable: Document): DocumentInput {
    const { volatileTtlMs } = this.#runtime;
    // Both times are from the durable store's clock, so the difference does not depend on the clock of the volatile
    // store.
    const lifetime = durable.expiresAt === undefined ? undefined : durable.expiresAt - durable.updatedAt;
    const ttlMs =
      lifetime === undefined ? volatileTtlMs : Math.max(1, Math.min(lifetime, volatileTtlMs ?? lifetime));
    const own = { tags: publicTags(durable), category: categoryOf(durable), metadata: metadataOf(durable) };
    const fields = { ...own, ttlMs };
    const notes = { ...notesOf(durable), copyOf: durable.version };
    return withNotes(this.#runtime, documentInput(this.#runtime, durable.value, fields), notes);
  }

  #withLifetime<Fields extends Pick<RememberFields, "ttlMs">>(fields: Fields): Fields {
    return { ...fields, ttlMs: fields.ttlMs ?? this.#runtime.volatileTtlMs };
  }

  get #documents(): DocumentStore {
    this.#runtime.requireOpen();
    return this.#runtime.volatile.documents;
  }
}
