import type { ChannelVersions } from "@langchain/langgraph-checkpoint";
import type { KnownChannel } from "./channel-codec.ts";
import type { Thread } from "./thread.ts";

/** What this process knows of a checkpoint that it wrote or read: enough to write the next one. */
export interface KnownCheckpoint {
  readonly versions: Readonly<ChannelVersions>;
  readonly channels: ReadonlyMap<string, KnownChannel>;
  /** The last pruning of the thread before that; see `pruneThread`. */
  readonly pruning: number;
}

/** The newest checkpoints that this process wrote or read, the newest last. */
export class KnownCheckpoints {
  readonly #entries: Map<string, KnownCheckpoint> = new Map();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get(thread: Thread, checkpointId: string): KnownCheckpoint | undefined {
    return this.#entries.get(nameOf(thread, checkpointId));
  }

  set(thread: Thread, checkpointId: string, known: KnownCheckpoint): void {
    const name = nameOf(thread, checkpointId);
    this.#entries.delete(name);
    this.#entries.set(name, known);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#most && oldest !== undefined) this.#entries.delete(oldest);
  }

  forget(session: string): void {
    for (const name of this.#entries.keys()) if (JSON.parse(name)[0] === session) this.#entries.delete(name);
  }
}

function nameOf({ session, name }: Thread, checkpointId: string): string {
  return JSON.stringify([session, name, checkpointId]);
}
