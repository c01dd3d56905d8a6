import { allPages, type Document, type DocumentStore, isConflict } from "@relevo/core";
import { maxPageSize } from "@relevo/core/input";
import { keysOfChannel } from "./channel-codec.ts";
import { keysOfValue } from "./stored-bytes.ts";
import { readStored } from "./stored-checkpoint.ts";
import { blobs, checkpoints, heads, writes } from "./thread.ts";

interface Scope {
  readonly tenant: string;
  readonly session: string;
}

/**
 * Removes the checkpoints of a thread, all or all but the newest of each graph in it, and what belongs to them alone. Returns how
 * many checkpoints were removed.
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
  keep: "newest" | "nothing",
): Promise<number> {
  // Before the checkpoints are read: a part that is stored later is not in this list.
  const parts = await list(documents, scope, blobs);
  const found = await list(documents, scope, checkpoints);
  const newest = new Map(found.map((document) => [JSON.stringify(document.namespace), document]));
  const kept = new Set(keep === "newest" ? newest.values() : []);
  const removed = found.filter((document) => !kept.has(document));
  await remove(documents, scope, removed);
  for (const { namespace, key } of await list(documents, scope, heads))
    await documents.delete({ ...scope, namespace, key });
  const pending = await list(documents, scope, writes);
  // Writes may come before their checkpoint: those of removed checkpoints go, and no others.
  const gone = new Set(removed.map(({ namespace, key }) => JSON.stringify([namespace.at(-1), key])));
  const stale = pending.filter(
    ({ namespace }) => keep === "nothing" || gone.has(JSON.stringify(namespace.slice(-2))),
  );
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
