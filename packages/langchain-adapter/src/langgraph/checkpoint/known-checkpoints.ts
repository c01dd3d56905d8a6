import type { ChannelVersions } from "@langchain/langgraph-checkpoint";
import type { KnownChannel } from "./channel-codec.ts";
import type { Thread } from "./thread.ts";

/** The head of a graph, as the last put left it that relied on what was known; see `pruneThread`. */
export interface KnownHead {
  version: number;
}

/** What this process knows of a checkpoint that it wrote or read: enough to write the next one. */
export interface KnownCheckpoint {
  readonly versions: Readonly<ChannelVersions>;
  readonly channels: ReadonlyMap<string, KnownChannel>;
  /** All that is known to be stored is, as long as the head is as it is known. Shared by checkpoints that lead to each other. */
  readonly head: KnownHead;
  /** Of the session that it is in. */
  readonly incarnation: string | undefined;
}

/** The newest checkpoints that this process wrote or read, the newest last. */
export class KnownCheckpoints {
  readonly #entries: Map<string, KnownCheckpoint> = new Map();
  /** Of sessions, as the newest run here knows them. */
  readonly #incarnations: Map<string, string> = new Map();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get(thread: Thread, checkpointId: string): KnownCheckpoint | undefined {
    return this.#entries.get(nameOf(thread, checkpointId));
  }

  set(thread: Thread, checkpointId: string, known: KnownCheckpoint): void {
    keep(this.#entries, nameOf(thread, checkpointId), known, this.#most);
    this.noteIncarnation(thread, known.incarnation);
  }

  /** That of the session in which the run is which writes behind this checkpoint, also when that was never stored. */
  incarnationOf(thread: Thread, checkpointId: string): string | undefined {
    return this.get(thread, checkpointId)?.incarnation ?? this.#incarnations.get(thread.session);
  }

  /** `undefined` when a run begins in a session that has no checkpoint. */
  noteIncarnation({ session }: Thread, incarnation: string | undefined): void {
    if (incarnation === undefined) this.#incarnations.delete(session);
    else keep(this.#incarnations, session, incarnation, this.#most);
  }

  forget(session: string): void {
    this.#incarnations.delete(session);
    for (const name of this.#entries.keys()) if (JSON.parse(name)[0] === session) this.#entries.delete(name);
  }
}

function keep<Value>(map: Map<string, Value>, name: string, value: Value, most: number): void {
  map.delete(name);
  map.set(name, value);
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}

function nameOf({ session, name }: Thread, checkpointId: string): string {
  return JSON.stringify([session, name, checkpointId]);
}
