import type { ChannelVersions } from "@langchain/langgraph-checkpoint";
import { LRUCache } from "lru-cache";
import type { StoredChannel } from "./channel-codec.ts";
import type { Thread } from "./thread.ts";

/** The head of a graph, as the last put left it that relied on what was known; see `pruneThread`. */
export interface KnownHead {
  version: number;
}

/** What this process knows of a checkpoint that it wrote or read: enough to write the next one. */
export interface KnownCheckpoint {
  readonly versions: Readonly<ChannelVersions>;
  readonly channels: ReadonlyMap<string, StoredChannel>;
  /** All that is known to be stored is, as long as the head is as it is known. Shared by checkpoints that lead to each other. */
  readonly head: KnownHead;
  /** Of the session that it is in. */
  readonly incarnation: string | undefined;
}

/** The newest checkpoints that this process wrote or read. */
export class KnownCheckpoints {
  readonly #entries: LRUCache<string, KnownCheckpoint>;
  /** Of sessions, as the newest run here knows them. */
  readonly #incarnations: LRUCache<string, string>;

  constructor(max: number) {
    // Not `max`, for which lru-cache reserves room at once.
    this.#entries = new LRUCache({ maxSize: max, sizeCalculation: () => 1 });
    this.#incarnations = new LRUCache({ maxSize: max, sizeCalculation: () => 1 });
  }

  get(thread: Thread, checkpointId: string): KnownCheckpoint | undefined {
    return this.#entries.get(nameOf(thread, checkpointId));
  }

  set(thread: Thread, checkpointId: string, known: KnownCheckpoint): void {
    this.#entries.set(nameOf(thread, checkpointId), known);
    this.noteIncarnation(thread, known.incarnation);
  }

  /** That of the session in which the run is which writes behind this checkpoint, also when that was never stored. */
  incarnationOf(thread: Thread, checkpointId: string): string | undefined {
    return this.get(thread, checkpointId)?.incarnation ?? this.#incarnations.get(thread.session);
  }

  /** `undefined` when a run begins in a session that has no checkpoint. */
  noteIncarnation({ session }: Thread, incarnation: string | undefined): void {
    if (incarnation === undefined) this.#incarnations.delete(session);
    else this.#incarnations.set(session, incarnation);
  }

  forget(session: string): void {
    this.#incarnations.delete(session);
    for (const name of this.#entries.keys()) if (JSON.parse(name)[0] === session) this.#entries.delete(name);
  }
}

function nameOf({ session, name }: Thread, checkpointId: string): string {
  return JSON.stringify([session, name, checkpointId]);
}
