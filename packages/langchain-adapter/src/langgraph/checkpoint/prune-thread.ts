import { allPages, type Document, type DocumentAddress, type DocumentStore, isConflict } from "@relevo/core";
import { maxPageSize } from "@relevo/core/input";
import { keysOfChannel } from "./channel-codec.ts";
import { keysOfValue } from "./stored-bytes.ts";
import { readStored } from "./stored-checkpoint.ts";
import { blobs, checkpoints, root, writes } from "./thread.ts";

interface Scope {
  readonly tenant: string;
  readonly session: string;
}

const pruningNamespace: readonly string[] = [root, "pruning"];
/** A pruning that does not say so again for that long has died. */
const runningMs = 60_000;

/** Whether a thread is being pruned, and how often its prunings began and ended. */
export interface PruningState {
  readonly version: number;
  readonly isRunning: boolean;
}

export async function readPruning(documents: DocumentStore, scope: Scope): Promise<PruningState> {
  const [note, running] = await documents.getMany([noteOf(scope), runningOf(scope)]);
  return { version: note?.version ?? 0, isRunning: running !== undefined };
}

function noteOf({ tenant, session }: Scope): DocumentAddress {
  return { tenant, session, namespace: pruningNamespace, key: "note" };
}

function runningOf({ tenant, session }: Scope): DocumentAddress {
  return { tenant, session, namespace: pruningNamespace, key: "running" };
}

/**
 * Removes all checkpoints of a thread but the newest of each graph in it, and what belongs to them alone. Returns how many
 * checkpoints were removed.
 *
 * A writer may refer to a part that it knows to be stored while this removes it. So this notes when it begins and ends, which
 * each writer looks at after its write: when there was a pruning since it learned what is stored, or there is one now, it
 * stores all parts again once that is over.
 */
export async function pruneThread(documents: DocumentStore, scope: Scope): Promise<number> {
  const announced = [
    { address: noteOf(scope), value: null },
    { address: runningOf(scope), value: null, ttlMs: runningMs },
  ];
  await documents.putMany(announced);
  try {
    return await removeOld(documents, scope);
  } finally {
    await documents.put(noteOf(scope), { value: null });
    await documents.delete(runningOf(scope));
  }
}

async function removeOld(documents: DocumentStore, scope: Scope): Promise<number> {
  // Before the checkpoints are read: a part that is stored later is not in this list.
  const parts = await list(documents, scope, blobs);
  const found = await list(documents, scope, checkpoints);
  const newest = new Map(found.map((document) => [JSON.stringify(document.namespace), document]));
  const kept = new Set(newest.values());
  const removed = found.filter((document) => !kept.has(document));
  await remove(documents, scope, removed);
  const pending = await list(documents, scope, writes);
  // Writes may come before their checkpoint: those of removed checkpoints go, and no others.
  const gone = new Set(removed.map(({ namespace, key }) => JSON.stringify([namespace.at(-1), key])));
  const stale = pending.filter(({ namespace }) => gone.has(JSON.stringify(namespace.slice(-2))));
  await remove(documents, scope, stale);
  const used = new Set<string>();
  for (const document of await list(documents, scope, checkpoints)) {
    const { frame, metadata, channels } = readStored(document);
    for (const key of [...keysOfValue(frame), ...keysOfValue(metadata)]) used.add(key);
    for (const [, stored] of channels) for (const key of keysOfChannel(stored)) used.add(key);
  }
  for (const { value } of await list(documents, scope, writes))
    for (const key of keysOfValue((value as { readonly value: string }).value)) used.add(key);
  await remove(
    documents,
    scope,
    parts.filter(({ key }) => !used.has(key)),
  );
  return removed.length;
}

/** Removes every checkpoint of a thread. The session, if it has messages, stays. */
export async function deleteCheckpoints(documents: DocumentStore, scope: Scope): Promise<void> {
  // What others are found by goes first.
  for (const namespace of [checkpoints, writes, blobs, pruningNamespace])
    await remove(documents, scope, await list(documents, scope, namespace));
}

async function list(
  documents: DocumentStore,
  scope: Scope,
  namespacePrefix: readonly string[],
): Promise<readonly Document[]> {
  const found: Document[] = [];
  const pages = allPages((page) => documents.find(scope, { namespacePrefix, limit: maxPageSize, ...page }));
  for await (const document of pages) found.push(document);
  return found;
}

/** As they were listed: what was written again since stays. */
async function remove(documents: DocumentStore, scope: Scope, listed: readonly Document[]): Promise<void> {
  for (let from = 0; from < listed.length; from += maxPageSize) {
    const batch = listed.slice(from, from + maxPageSize).map(({ namespace, key, version }) => ({
      address: { ...scope, namespace, key },
      expectedVersion: version,
    }));
    try {
      await documents.deleteMany(batch);
    } catch (error) {
      if (!isConflict(error, "version")) throw error;
      for (const { address, expectedVersion } of batch)
        await documents.delete(address, { expectedVersion }).catch((failure: unknown) => {
          if (!isConflict(failure, "version")) throw failure;
        });
    }
  }
}
