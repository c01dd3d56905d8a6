import type {
  CheckpointPendingWrite,
  PendingWrite,
  SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import {
  type Document,
  type DocumentStore,
  type DocumentWrite,
  isConflict,
  type JsonValue,
  MemoryError,
} from "@relevo/core";
import { isObject } from "../../messages/message-item.ts";
import type { Blobs } from "./blobs.ts";
import type { SessionWrites, WriteGuard } from "./session-writes.ts";
import { type BlobWrite, keysOfValue, readValue, type StoredValue, storeValue } from "./stored-bytes.ts";
import { type Thread, writeAddress } from "./thread.ts";

/** Where writes go, and how their values become bytes. */
export interface WriteStore {
  readonly documents: DocumentStore;
  readonly sessions: SessionWrites;
  readonly serde: SerializerProtocol;
  /** Writes with a name of their own, such as an error, replace each other; numbered ones are written once. */
  readonly special: Readonly<Record<string, number>>;
}

/** A write after a checkpoint, as it is stored. */
export interface StoredWrite {
  readonly path: string;
  readonly task: string;
  readonly index: number;
  readonly channel: string;
  readonly value: StoredValue;
  /** How many of the task must be there for any of them to count; absent when they were stored at once. */
  readonly of?: number;
}

/** Tasks may be repeated by several processes at once; more rounds than that mean something else. */
const attempts = 20;
/** A store limits one write. */
const writesAtOnce = 400;

/**
 * Stores the writes of a task, all or none. A numbered write that is there already stays: a task that runs again does not change
 * what others have seen. A special one (an error, an interrupt, a resume) replaces the one before it.
 */
export async function storeWrites(
  { documents, sessions, serde, special }: WriteStore,
  thread: Thread,
  checkpointId: string,
  task: { readonly id: string; readonly path: string; readonly writes: readonly PendingWrite[] },
  guard: WriteGuard,
): Promise<void> {
  const stored = await Promise.all(
    task.writes.map(async ([channel, value], place): Promise<NewWrite> => {
      const index = Object.hasOwn(special, channel) ? (special[channel] ?? place) : place;
      const parts: BlobWrite[] = [];
      const kept = storeValue(await serde.dumpsTyped(value), (part) => parts.push(part));
      return { write: { path: task.path, task: task.id, index, channel, value: kept }, parts };
    }),
  );
  const once = [...new Map(stored.map((one) => [one.write.index, one])).values()];
  // What does not fit into one call counts when all of it is there.
  const of = once.length > writesAtOnce ? { of: once.filter(({ write }) => write.index >= 0).length } : {};
  const documentOf = ({ write }: NewWrite): DocumentWrite => ({
    address: writeAddress(thread, checkpointId, write.task, write.index),
    value: { ...write, ...of } as unknown as JsonValue,
    ...(write.index >= 0 ? { expectedVersion: 0 } : {}),
  });
  for (let from = 0; from < once.length; from += writesAtOnce) {
    let left = once.slice(from, from + writesAtOnce);
    for (let attempt = 0; left.length > 0; attempt++) {
      const parts = [...new Map(left.flatMap((one) => one.parts).map((part) => [part.key, part])).values()];
      const written = left.map(documentOf);
      try {
        await sessions.writeWhole(thread, { parts, documents: written, head: { isWritten: false } }, guard);
        break;
      } catch (error) {
        if (!isConflict(error, "version") || attempt === attempts) throw error;
      }
      const found = await documents.getMany(written.map(({ address }) => address));
      left = left.filter(({ write }, index) => write.index < 0 || found[index] === undefined);
    }
  }
}

interface NewWrite {
  readonly write: StoredWrite;
  readonly parts: readonly BlobWrite[];
}

/** The writes after a checkpoint, in the order of task path, task and index, compared by code points. */
export async function loadWrites(
  serde: SerializerProtocol,
  blobs: Blobs,
  thread: Thread,
  found: readonly StoredWrite[],
): Promise<CheckpointPendingWrite[]> {
  const values = await blobs.read(
    thread,
    found.flatMap(({ value }) => keysOfValue(value)),
  );
  return await Promise.all(
    found.map(async ({ task, channel, value }): Promise<CheckpointPendingWrite> => {
      const bytes = readValue(value, values[0]);
      if (bytes === undefined) throw corruptWrite(task);
      return [task, channel, await serde.loadsTyped(bytes[0], bytes[1] as never)];
    }),
  );
}

/** In their order, without those of a task that was not stored to its end. */
export function inOrder(writes: readonly StoredWrite[]): readonly StoredWrite[] {
  const counts = new Map<string, number>();
  for (const { task, index } of writes) if (index >= 0) counts.set(task, (counts.get(task) ?? 0) + 1);
  return writes
    .filter(({ task, index, of }) => of === undefined || index < 0 || (counts.get(task) ?? 0) >= of)
    .sort(
      (one, other) =>
        compare(one.path, other.path) || compare(one.task, other.task) || one.index - other.index,
    );
}

/** @throws `corrupt` for a document that was not written by this package. */
export function readWrite({ value, key }: Document): StoredWrite {
  const isWrite =
    isObject(value) &&
    typeof value.path === "string" &&
    typeof value.task === "string" &&
    typeof value.index === "number" &&
    typeof value.channel === "string" &&
    value.value !== undefined;
  if (!isWrite) throw corruptWrite(key);
  return value as unknown as StoredWrite;
}

function corruptWrite(key: string): MemoryError {
  return new MemoryError(
    "corrupt",
    "A write after a checkpoint does not have the form that was written. Go on from an older checkpoint, or delete the thread.",
    {
      details: { write: key },
    },
  );
}

/** JavaScript compares UTF-16 units, which is another order above U+FFFF. */
function compare(one: string, other: string): number {
  return one === other ? 0 : Buffer.compare(Buffer.from(one), Buffer.from(other));
}
