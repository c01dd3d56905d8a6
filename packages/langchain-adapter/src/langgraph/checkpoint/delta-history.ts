import type { CheckpointPendingWrite } from "@langchain/langgraph-checkpoint";
import type { DocumentStore } from "@relevo/core";
import { type FoundCheckpoint, findCheckpoints } from "./find-checkpoints.ts";
import type { StoredWrite } from "./pending-writes.ts";
import { readStored } from "./stored-checkpoint.ts";
import { checkpointNamespace, keysAt, type Thread } from "./thread.ts";

/** What a delta channel is rebuilt from: the value of an ancestor, if one has it, and the writes since then, the oldest first. */
export interface StoredHistory {
  readonly seed: FoundCheckpoint | undefined;
  readonly writes: readonly StoredWrite[];
}

/**
 * What the channels of a checkpoint are rebuilt from that it does not hold itself: of each, the writes after its ancestors back to
 * the nearest one that has a value. The ancestors are read in pages: a channel may be rebuilt from a thousand of them.
 *
 * @returns the histories, and the ids of the ancestors that they come from.
 */
export async function findHistories(
  documents: DocumentStore,
  thread: Thread,
  parent: string | undefined,
  channels: readonly string[],
): Promise<{
  readonly histories: ReadonlyMap<string, StoredHistory>;
  readonly ancestors: readonly string[];
}> {
  const seeds = new Map<string, FoundCheckpoint>();
  const writes = new Map<string, StoredWrite[]>(channels.map((channel) => [channel, []]));
  const remaining = new Set(channels);
  const ancestors: string[] = [];
  for await (const ancestor of chainFrom(documents, thread, remaining.size > 0 ? parent : undefined)) {
    ancestors.push(ancestor.id);
    // The newest first, here and in the end reversed.
    for (const write of ancestor.writes.toSorted(byTask).reverse())
      if (remaining.has(write.channel)) writes.get(write.channel)?.push(write);
    for (const [name] of readStored(ancestor.document).channels)
      if (remaining.delete(name)) seeds.set(name, ancestor);
    if (remaining.size === 0) break;
  }
  const histories = channels.map((channel): [string, StoredHistory] => [
    channel,
    { seed: seeds.get(channel), writes: (writes.get(channel) ?? []).toReversed() },
  ]);
  return { histories: new Map(histories), ancestors };
}

/** A checkpoint and its ancestors, the newest first. Ids grow along a chain, as LangGraph makes them; it ends where they do not. */
async function* chainFrom(
  documents: DocumentStore,
  thread: Thread,
  first: string | undefined,
): AsyncGenerator<FoundCheckpoint, void, void> {
  let next = first;
  if (next === undefined) return;
  const { tenant, session } = thread;
  const place = { namespace: checkpointNamespace(thread), keyBefore: keysAt(next).keyBefore };
  for await (const found of findCheckpoints(documents, { tenant, session }, place)) {
    // Forks stand in between.
    if (found.id !== next) continue;
    yield found;
    next = readStored(found.document).parent;
    if (next === undefined) return;
  }
}

/** As LangGraph replays the writes after one checkpoint. */
function byTask(one: StoredWrite, other: StoredWrite): number {
  if (one.task === other.task) return one.index - other.index;
  return one.task < other.task ? -1 : 1;
}

export type DeltaHistory = { writes: CheckpointPendingWrite[]; seed?: unknown };
