import {
  allPages,
  type CallOptions,
  type Document,
  type DocumentAddress,
  type JsonValue,
  type Page,
  type PutOptions,
  type SessionGuard,
  updateDocument,
} from "@relevo/core";
import { admitCall, admitOptions, type FieldTable } from "@relevo/core/input";
import { admitFunction } from "../admit-function.ts";
import type {
  ChangeValue,
  EntriesOptions,
  MemoryWriteOptions,
  RememberOptions,
  UpdateMemoryOptions,
  WorkingMemory,
} from "../agents/agent-memory.ts";
import { documentInput, entryOf, keptFields, type MemoryEntry, withoutCategory } from "../entries/entry.ts";
import { memoryOperation, type Operated, writeOnce } from "../memory-operation.ts";
import {
  entriesFields,
  type Fenced,
  fencedFields,
  forgetNoteFields,
  rememberFields,
  updateFields,
} from "../options.ts";
import { signalOf } from "../signal.ts";
import type { SessionHandle } from "./session-handle.ts";

/** Memory by key in one namespace of a session's documents, with the session's lifetime, deletion and fence. */
export class SessionDocuments implements WorkingMemory {
  readonly #handle: SessionHandle;
  readonly #namespace: readonly string[];
  readonly #fence: () => number | undefined;
  readonly #agent: string | undefined;

  constructor(
    handle: SessionHandle,
    namespace: readonly string[],
    options: { readonly fence: () => number | undefined; readonly agent?: string },
  ) {
    this.#handle = handle;
    this.#namespace = namespace;
    this.#fence = options.fence;
    this.#agent = options.agent;
  }

  async remember(key: string, value: JsonValue, given: Fenced<RememberOptions> = {}): Promise<MemoryEntry> {
    const options = admitOptions(given, rememberFields);
    const input = documentInput(this.#handle.runtime, value, options);
    const { tags, metadata, ttlMs } = options;
    const operated = this.#operation(options, { remember: key, value: input.value, tags, metadata, ttlMs });
    const stored = await this.#write(options, (guard) => {
      const put: PutOptions = {
        ...guard,
        ...operated,
        ...(options.expectedVersion === undefined ? {} : { expectedVersion: options.expectedVersion }),
      };
      return this.#handle.store.documents.put(this.#address(key), input, put);
    });
    return this.#entry(stored);
  }

  async recall(key: string, options?: CallOptions): Promise<JsonValue | undefined> {
    return (await this.entry(key, options))?.value;
  }

  async entry(key: string, given?: CallOptions): Promise<MemoryEntry | undefined> {
    const options = admitCall(given);
    const known = this.#handle.incarnation;
    const document = await this.#handle.store.documents.get(this.#address(key), options);
    if (document === undefined) return undefined;
    this.#handle.learn(known, document.incarnation);
    return this.#entry(document);
  }

  async forget(key: string, given: Fenced<MemoryWriteOptions> = {}): Promise<boolean> {
    const options = admitOptions(given, forgetNoteFields);
    return this.#handle.store.documents.delete(this.#address(key), {
      ...this.#guard(options),
      ...this.#operation(options, { forget: key }),
    });
  }

  async entries(given: EntriesOptions = {}): Promise<Page<MemoryEntry>> {
    const options = admitOptions(given, entriesFields);
    const page = await this.#find(withoutCategory(this.#handle.runtime, options));
    return {
      items: page.items.map((document) => this.#entry(document)),
      ...(page.cursor === undefined ? {} : { cursor: page.cursor }),
    };
  }

  async update(
    key: string,
    change: ChangeValue,
    given: Fenced<UpdateMemoryOptions> = {},
  ): Promise<MemoryEntry | undefined> {
    const options = admitUpdate(change, given, updateFields);
    const { runtime } = this.#handle;
    const operated = this.#operation(options, { update: key });
    const { documents } = this.#handle.store;
    const address = this.#address(key);
    const update = (guard: SessionGuard): Promise<Document | undefined> =>
      updateDocument(
        documents,
        address,
        (current) => {
          const value = change(current?.value);
          return value === undefined
            ? undefined
            : documentInput(runtime, value, keptFields(runtime, current, options));
        },
        { random: runtime.random, ...retries(options), ...guard, ...operated },
      );
    const { stored, isPast, now } = await writeOnce(
      documents,
      address,
      { ...operated, ...signalOf(options) },
      () => this.#write(options, update),
    );
    const entry = isPast ? now : stored;
    return entry === undefined ? undefined : this.#entry(entry);
  }

  async clear(given: Fenced<CallOptions> = {}): Promise<number> {
    const options = admitOptions(given, fencedFields);
    let cleared = 0;
    const { signal } = options;
    let batch: Document[] = [];
    const flush = async (): Promise<void> => {
      if (batch.length === 0) return;
      const deletes = batch.map((document) => ({ address: this.#address(document.key) }));
      batch = [];
      cleared += await this.#handle.store.documents.deleteMany(deletes, this.#guard(options));
    };
    for await (const document of allPages((cursor) => this.#find({ ...cursor, signal }))) {
      batch.push(document);
      if (batch.length >= this.#handle.store.limits.batchItems) await flush();
    }
    await flush();
    return cleared;
  }

  async #find(options: EntriesOptions): Promise<Page<Document>> {
    const known = this.#handle.incarnation;
    const page = await this.#handle.store.documents.find(this.#handle.address, {
      ...options,
      namespace: this.#namespace,
    });
    this.#handle.learn(known, page.items[0]?.incarnation);
    return page;
  }

  /** A put that creates the session cannot set its lifetime, so a touch follows at once. */
  async #write<Stored extends Document | undefined>(
    options: Fenced<CallOptions>,
    perform: (guard: SessionGuard) => Promise<Stored>,
  ): Promise<Stored> {
    return this.#handle.write(async (guard) => {
      const stored = await perform({ ...guard, ...this.#guard(options) });
      const { ttlMs, address } = this.#handle;
      if (guard.incarnation === undefined && stored?.incarnation !== undefined && ttlMs !== undefined) {
        await this.#handle.store.log.touch(address, { incarnation: stored.incarnation, ttlMs });
      }
      return stored;
    });
  }

  #operation({ operationId }: MemoryWriteOptions, request: object): Operated {
    return memoryOperation(this.#handle.runtime, this.#namespace, operationId, request);
  }

  #guard(options: Fenced<CallOptions>): SessionGuard {
    const fence = options.fence ?? this.#fence();
    return {
      ...this.#handle.guard(),
      ...(fence === undefined ? {} : { fence }),
      signal: options.signal,
    };
  }

  #address(key: string): DocumentAddress {
    return { ...this.#handle.address, namespace: this.#namespace, key };
  }

  #entry(document: Document): MemoryEntry {
    return entryOf(document, "volatile", this.#agent);
  }
}

/** The options of an `update`. @throws `invalid-input`. */
export function admitUpdate<Options extends object>(
  change: unknown,
  given: Options,
  fields: FieldTable,
): Partial<Options> {
  admitFunction(change, "change");
  return admitOptions(given, fields);
}

/** The options for retries. */
export function retries(
  options: UpdateMemoryOptions,
): Pick<UpdateMemoryOptions, "attempts" | "backoffMs" | "random"> {
  const { attempts, backoffMs } = options;
  return options.random === undefined
    ? { attempts, backoffMs }
    : { attempts, backoffMs, random: options.random };
}
