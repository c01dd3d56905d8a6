import type {
  CheckpointPendingWrite,
  PendingWrite,
  SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import {
  allPages,
  type Document,
  type DocumentAddress,
  type DocumentStore,
  type DocumentWrite,
  isConflict,
  type JsonValue,
  MemoryError,
} from "@relevo/core";
import { maxPageSize } from "@relevo/core/input";
import { isObject } from "../../messages/message-item.ts";
import { keysOfValue, readValue, type StoredValue, storeValue } from "./stored-bytes.ts";
import { blobAddress, type Thread, writesNamespace } from "./thread.ts";

/** Writes with a name of their own, such as an error, replace each other; numbered ones are written once. */
export interface WriteOrder {
  readonly special: Readonly<Record<string, number>>;
}

/** The session as the writer knows it; another one of its id is not written. */
export interface WriteGuard {
  readonly incarnation?: string;
}

interface StoredWrite {
  readonly path: string;
  readonly task: string;
  readonly index: number;
  readonly channel: string;
  readonly value: StoredValue;
}

/** Tasks may be repeated by several processes at once; more rounds than that mean something else. */
const attempts = 20;

/**
 * Stores the writes of a task, all or none. A numbered write that is there already stays: a task that runs again does not change
 * what others have seen. A special one (an error, an interrupt, a resume) replaces the one before it.
 */
export async function storeWrites(
  documents: DocumentStore,
  serde: SerializerProtocol,
  thread: Thread,
  checkpointId: string,
  task: { readonly id: string; readonly path: string; readonly writes: readonly PendingWrite[] },
  { special, guard }: WriteOrder & { readonly guard: WriteGuard },
): Promise<void> {
  const blobWrites: DocumentWrite[] = [];
  const { tenant, session } = thread;
  const namespace = writesNamespace(thread, checkpointId);
  const stored = await Promise.all(
    task.writes.map(async ([channel, value], place): Promise<StoredWrite> => {
      const index = Object.hasOwn(special, channel) ? (special[channel] ?? place) : place;
      const kept = storeValue(await serde.dumpsTyped(value), (blob) =>
        blobWrites.push({ address: blobAddress(thread, blob.key), value: blob.value }),
      );
      return { path: task.path, task: task.id, index, channel, value: kept };
    }),
  );
  const addressed = stored.map((write) => ({
    address: { tenant, session, namespace, key: JSON.stringify([write.task, write.index]) },
    value: write as unknown as JsonValue,
    isOnce: write.index >= 0,
  }));
  let left = [...new Map(addressed.map((write) => [write.address.key, write])).values()];
  const blobsOnce = [...new Map(blobWrites.map((write) => [write.address.key, write])).values()];
  for (let attempt = 0; left.length > 0; attempt++) {
    const batch = left.map(
      ({ address, value, isOnce }): DocumentWrite => ({
        address,
        value,
        ...(isOnce ? { expectedVersion: 0 } : {}),
      }),
    );
    try {
      await documents.putMany([...blobsOnce, ...batch], guard);
      return;
    } catch (error) {
      if (!isConflict(error, "version") || attempt === attempts) throw error;
    }
    const found = await documents.getMany(left.map(({ address }) => address));
    left = left.filter(({ isOnce }, index) => !isOnce || found[index] === undefined);
  }
}

/** The writes after a checkpoint, in the order of task path, task and index, compared by code points. */
export async function readWrites(
  documents: DocumentStore,
  serde: SerializerProtocol,
  thread: Thread,
  checkpointId: string,
): Promise<CheckpointPendingWrite[]> {
  const { tenant, session } = thread;
  const namespace = writesNamespace(thread, checkpointId);
  const found: StoredWrite[] = [];
  const pages = allPages((page) =>
    documents.find({ tenant, session }, { namespace, limit: maxPageSize, ...page }),
  );
  for await (const { value, key } of pages) found.push(readWrite(value, key));
  found.sort(
    (one, other) => compare(one.path, other.path) || compare(one.task, other.task) || one.index - other.index,
  );
  const [blobs] = await readBlobs(
    documents,
    thread,
    found.flatMap(({ value }) => keysOfValue(value)),
  );
  return await Promise.all(
    found.map(async ({ task, channel, value }): Promise<CheckpointPendingWrite> => {
      const bytes = readValue(value, blobs);
      if (bytes === undefined) throw corruptWrite(task);
      return [task, channel, await serde.loadsTyped(bytes[0], bytes[1] as never)];
    }),
  );
}

function readWrite(value: JsonValue, key: string): StoredWrite {
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
  return new MemoryError("corrupt", "A write after a checkpoint does not have the form that was written.", {
    details: { write: key },
  });
}

/** JavaScript compares UTF-16 units, which is another order above U+FFFF. */
function compare(one: string, other: string): number {
  return one === other ? 0 : Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/**
 * The values of documents by their keys; those that are missing are left out. Other documents come as they were at the moment
 * of the first read.
 */
export async function readBlobs(
  documents: DocumentStore,
  thread: Thread,
  keys: readonly string[],
  others: readonly DocumentAddress[] = [],
): Promise<[blobs: ReadonlyMap<string, JsonValue>, ...others: (Document | undefined)[]]> {
  const addresses = [...others, ...[...new Set(keys)].map((key) => blobAddress(thread, key))];
  const read: (Document | undefined)[] = [];
  for (let from = 0; from < addresses.length; from += maxPageSize)
    read.push(...(await documents.getMany(addresses.slice(from, from + maxPageSize))));
  const found = read.slice(others.length).filter((document) => document !== undefined);
  return [new Map(found.map(({ key, value }) => [key, value])), ...read.slice(0, others.length)];
}
