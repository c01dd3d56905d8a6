import { allPages, type Document, type DocumentStore, isConflict } from "@relevo/core";
import { maxPageSize } from "@relevo/core/input";
import { keysOfChannel } from "./channel-codec.ts";
import { findHistories } from "./delta-history.ts";
import { keysOfValue } from "./stored-bytes.ts";
import { readStored, type StoredCheckpoint } from "./stored-checkpoint.ts";
import { blobs, checkpointIdOf, checkpoints, heads, isCheckpoint, nameIn, type Thread } from "./thread.ts";

interface Scope {
  readonly tenant: string;
  readonly session: string;
}

/** The channels of a checkpoint that are rebuilt from its ancestors. */
export type FindDeltaChannels = (thread: Thread, stored: StoredCheckpoint) => Promise<readonly string[]>;

/**
 * Removes the checkpoints of a thread, all or all but the newest of each graph in it with those that its delta channels are
 * rebuilt from, and what belongs to them alone. Returns how many checkpoints were removed.
 *
 * A writer may refer to a part that it knows to be stored while this removes it. So each graph has a head, which each put
 * writes, on condition that it is as it was when the writer learned what is stored. This removes the heads between the
 * checkpoints and their parts: a put before that is seen when the parts in use are listed, one after it is refused and stores
 * everything again. Nobody can learn from a checkpoint that is gone, and a part that was stored again has another version
 * and is not removed. So it may end anywhere, and run beside another one.
 */
export async function pruneThread(
  documents: DocumentStore,
  scope: Scope,
  keep: "nothing" | FindDeltaChannels,
): Promise<number> {
  // Before the checkpoints are read: a part that is stored later is not in this list.
  const parts = await list(documents, scope, blobs);
  const found = (await list(documents, scope, checkpoints)).filter(isCheckpoint);
  const kept = keep === "nothing" ? new Set<string>() : await whatIsNeeded(documents, scope, found, keep);
  const removed = found.filter((document) => !kept.has(nameOf(document)));
  await remove(documents, scope, removed);
  for (const { namespace, key } of await list(documents, scope, heads))
    await documents.delete({ ...scope, namespace, key });
  const left = await list(documents, scope, checkpoints);
  // Writes may come before their checkpoint: those of removed checkpoints go, and no others.
  const gone = new Set(removed.map(nameOf));
  const isStale = (document: Document): boolean =>
    !isCheckpoint(document) && (keep === "nothing" || gone.has(nameOf(document)));
  await remove(documents, scope, left.filter(isStale));
  const used = new Set<string>();
  for (const document of left) if (!isStale(document)) for (const key of keysIn(document)) used.add(key);
  await remove(
    documents,
    scope,
    parts.filter(({ key }) => !used.has(key)),
  );
  return removed.length;
}

/** The newest checkpoint of each graph, and the ancestors that its delta channels need. */
async function whatIsNeeded(
  documents: DocumentStore,
  scope: Scope,
  found: readonly Document[],
  findDeltaChannels: FindDeltaChannels,
): Promise<ReadonlySet<string>> {
  const needed = new Set<string>();
  // They come in order, so the last of each graph stays.
  for (const document of new Map(found.map((one) => [one.namespace.at(-1), one])).values()) {
    needed.add(nameOf(document));
    const thread = { ...scope, name: nameIn(document.namespace) };
    const stored = readStored(document);
    const channels = await findDeltaChannels(thread, stored);
    const { ancestors } = await findHistories(documents, thread, stored.parent, channels);
    for (const id of ancestors) needed.add(JSON.stringify([document.namespace.at(-1), id]));
  }
  return needed;
}

/** Of a checkpoint, and of the writes after it. */
function nameOf(document: Document): string {
  return JSON.stringify([document.namespace.at(-1), checkpointIdOf(document)]);
}

function keysIn(document: Document): readonly string[] {
  if (!isCheckpoint(document)) return keysOfValue((document.value as { readonly value: string }).value);
  const { frame, metadata, channels } = readStored(document);
  return [
    ...keysOfValue(frame),
    ...keysOfValue(metadata),
    ...channels.flatMap(([, stored]) => keysOfChannel(stored)),
  ];
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
