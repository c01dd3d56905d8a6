import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { type JsonValue, MemoryError } from "@relevo/core";
import { ListElements } from "./list-elements.ts";
import { groupsOf } from "./list-groups.ts";
import {
  type BlobWrite,
  keysOfBlob,
  keysOfValue,
  readValue,
  type StoredValue,
  storeBlob,
  storeValue,
} from "./stored-bytes.ts";

/** How one channel's value is stored: as a whole, or as a list in groups. */
export type StoredChannel =
  | { readonly value: StoredValue }
  | {
      readonly groups: readonly string[];
      readonly length: number;
      /** The list is that of a `DeltaSnapshot`. */
      readonly isSnapshot?: true;
    };

/** What LangGraph stores of a delta channel now and then: all of its value. */
export interface DeltaSnapshots {
  readonly is: (value: unknown) => value is { readonly value: unknown };
  readonly make: (value: unknown) => unknown;
}

/** The elements of a channel's groups that need not be read, by the place of the group. */
export type Recalled = readonly (readonly unknown[] | undefined)[];

/** Shorter lists are stored as a whole. */
const shortList = 8;

/** Turns the values of channels into documents and back. */
export class ChannelCodec {
  readonly #serde: SerializerProtocol;
  readonly #snapshots: DeltaSnapshots;
  readonly #elements = new ListElements();

  constructor(serde: SerializerProtocol, snapshots: DeltaSnapshots) {
    this.#serde = serde;
    this.#snapshots = snapshots;
  }

  /** Stores a value, and only what of it is not among the groups of `before`. */
  async store(
    value: unknown,
    before: StoredChannel | undefined,
    write: (blob: BlobWrite) => void,
  ): Promise<StoredChannel> {
    const isSnapshot = this.#snapshots.is(value);
    const list = isSnapshot ? value.value : value;
    if (!Array.isArray(list) || list.length < shortList)
      return { value: storeValue(await this.#serde.dumpsTyped(value), write) };
    const known = before !== undefined && "groups" in before ? before.groups : [];
    const have = new Set(known);
    const keys: string[] = [];
    for (const [index, { from, to }] of groupsOf(list.length).entries()) {
      const key = known[index];
      if (key !== undefined && this.#elements.areGroup(list, from, to, key)) {
        keys.push(key);
        continue;
      }
      const slice = list.slice(from, to);
      const writes: BlobWrite[] = [];
      const made = storeBlob(await this.#serde.dumpsTyped(slice), (blob) => writes.push(blob));
      if (!have.has(made)) for (const blob of writes) write(blob);
      keys.push(made);
      this.#elements.noteStored(made, slice);
    }
    return { groups: keys, length: list.length, ...(isSnapshot ? { isSnapshot } : {}) };
  }

  /** What need not be read of a channel. */
  recall(stored: StoredChannel): Recalled {
    return "value" in stored ? [] : stored.groups.map((key) => this.#elements.copies(key));
  }

  /** The value, from documents that were read, and from what was recalled. @throws `corrupt` when one of them is missing. */
  async load(
    stored: StoredChannel,
    blobs: ReadonlyMap<string, JsonValue>,
    recalled: Recalled = [],
  ): Promise<unknown> {
    if ("value" in stored) return await this.#read(stored.value, blobs);
    const groups = await Promise.all(
      stored.groups.map(async (key, place) => {
        const known = recalled[place];
        if (known !== undefined) return known;
        const decoded = await this.#read(key, blobs);
        if (Array.isArray(decoded)) this.#elements.noteRead(key, decoded);
        return decoded;
      }),
    );
    const list = groups.flat(1);
    return stored.isSnapshot === true ? this.#snapshots.make(list) : list;
  }

  async #read(stored: StoredValue, blobs: ReadonlyMap<string, JsonValue>): Promise<unknown> {
    const found = readValue(stored, blobs);
    if (found === undefined)
      throw new MemoryError(
        "corrupt",
        "A part of a checkpoint is missing, or is not what was written. Go on from an older checkpoint, or delete the thread.",
        {
          details: { keys: [...keysOfValue(stored)] },
        },
      );
    return await this.#serde.loadsTyped(found[0], found[1] as never);
  }
}

/** The keys of all documents that hold the value, but for groups that were recalled. */
export function keysOfChannel(stored: StoredChannel, recalled: Recalled = []): readonly string[] {
  if ("value" in stored) return keysOfValue(stored.value);
  return stored.groups.flatMap((key, place) => (recalled[place] === undefined ? keysOfBlob(key) : []));
}
