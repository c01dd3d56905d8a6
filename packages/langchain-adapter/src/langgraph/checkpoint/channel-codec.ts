import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import { type JsonValue, MemoryError } from "@relevo/core";
import { DecodedGroups } from "./decoded-groups.ts";
import { ElementWatch, type Group, groupsOf } from "./list-groups.ts";
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
  | { readonly groups: readonly string[]; readonly length: number };

/** What this process knows of a list that it stored or read, besides its form. */
export interface KnownChannel {
  readonly stored: StoredChannel;
  /** The elements, when all of them are objects. */
  readonly elements: readonly WeakRef<object>[] | undefined;
}

/** Shorter lists are stored as a whole. */
const shortList = 8;

/** Turns the values of channels into documents and back. */
export class ChannelCodec {
  readonly #serde: SerializerProtocol;
  readonly #watch = new ElementWatch();
  readonly #decoded = new DecodedGroups(this.#watch);

  constructor(serde: SerializerProtocol) {
    this.#serde = serde;
  }

  /** Stores a value, and only what of it is not among the groups of `before`. */
  async store(
    value: unknown,
    before: KnownChannel | undefined,
    write: (blob: BlobWrite) => void,
  ): Promise<KnownChannel> {
    if (!Array.isArray(value) || value.length < shortList)
      return {
        stored: { value: storeValue(await this.#serde.dumpsTyped(value), write) },
        elements: undefined,
      };
    const known = before !== undefined && "groups" in before.stored ? before.stored : undefined;
    const keys: string[] = [];
    const have = new Set(known?.groups);
    const old = known === undefined ? [] : groupsOf(known.length);
    const refs: (WeakRef<object> | undefined)[] = [];
    for (const [index, group] of groupsOf(value.length).entries()) {
      const key = known?.groups[index];
      if (key !== undefined && this.#isSame(group, old[index], value, before?.elements)) {
        keys.push(key);
        for (let at = group.from; at < group.to; at++) refs.push(before?.elements?.[at]);
        continue;
      }
      const slice = value.slice(group.from, group.to);
      const writes: BlobWrite[] = [];
      const made = storeBlob(await this.#serde.dumpsTyped(slice), (blob) => writes.push(blob));
      if (!have.has(made)) for (const blob of writes) write(blob);
      keys.push(made);
      for (const element of slice) refs.push(this.#note(element));
    }
    const elements = refs.every((ref) => ref !== undefined) ? refs : undefined;
    return { stored: { groups: keys, length: value.length }, elements };
  }

  /** The elements of a channel's groups that need not be read, by the place of the group. */
  recall(stored: StoredChannel): readonly (readonly object[] | undefined)[] {
    return "value" in stored ? [] : stored.groups.map((key) => this.#decoded.get(key));
  }

  /** The value, from documents that were read, and from what was recalled. @throws `corrupt` when one of them is missing. */
  async load(
    stored: StoredChannel,
    blobs: ReadonlyMap<string, JsonValue>,
    recalled: readonly (readonly object[] | undefined)[] = [],
  ): Promise<unknown> {
    if ("value" in stored) return await this.#read(stored.value, blobs);
    const groups = await Promise.all(
      stored.groups.map(async (key, place) => {
        const known = recalled[place];
        if (known !== undefined) return known;
        const decoded = await this.#read(key, blobs);
        if (Array.isArray(decoded)) this.#decoded.set(key, decoded);
        return decoded;
      }),
    );
    return groups.flat(1);
  }

  /** Remembers a list as it was read, so that storing it again costs what was changed of it. */
  know(stored: StoredChannel, value: unknown): KnownChannel {
    if (!("groups" in stored) || !Array.isArray(value)) return { stored, elements: undefined };
    const refs = value.map((element) => this.#note(element));
    return { stored, elements: refs.every((ref) => ref !== undefined) ? refs : undefined };
  }

  async #read(stored: StoredValue, blobs: ReadonlyMap<string, JsonValue>): Promise<unknown> {
    const found = readValue(stored, blobs);
    if (found === undefined)
      throw new MemoryError("corrupt", "A part of a checkpoint is missing, or is not what was written.", {
        details: { keys: [...keysOfValue(stored)] },
      });
    return await this.#serde.loadsTyped(found[0], found[1] as never);
  }

  #isSame(
    group: Group,
    old: Group | undefined,
    value: readonly unknown[],
    elements: readonly WeakRef<object>[] | undefined,
  ): boolean {
    if (elements === undefined || old?.from !== group.from || old.to !== group.to) return false;
    for (let index = group.from; index < group.to; index++) {
      const element = value[index];
      if (typeof element !== "object" || element === null) return false;
      if (elements[index]?.deref() !== element || !this.#watch.isUnchanged(element)) return false;
    }
    return true;
  }

  #note(element: unknown): WeakRef<object> | undefined {
    if (typeof element !== "object" || element === null) return undefined;
    this.#watch.note(element);
    return new WeakRef(element);
  }
}

/** The keys of all documents that hold the value, but for groups that were recalled. */
export function keysOfChannel(
  stored: StoredChannel,
  recalled: readonly (readonly object[] | undefined)[] = [],
): readonly string[] {
  if ("value" in stored) return keysOfValue(stored.value);
  return stored.groups.flatMap((key, place) => (recalled[place] === undefined ? keysOfBlob(key) : []));
}
