import type {
  ChannelVersions,
  Checkpoint,
  CheckpointMetadata,
  CheckpointPendingWrite,
  CheckpointTuple,
  SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import type { Document, DocumentStore, JsonValue } from "@relevo/core";
import { Blobs } from "./blobs.ts";
import { ChannelCodec, type DeltaSnapshots, keysOfChannel, type StoredChannel } from "./channel-codec.ts";
import { type DeltaHistory, findHistories } from "./delta-history.ts";
import type { FoundCheckpoint } from "./find-checkpoints.ts";
import type { KnownCheckpoint, KnownCheckpoints } from "./known-checkpoints.ts";
import { loadWrites } from "./pending-writes.ts";
import type { SessionWrites, WriteGuard } from "./session-writes.ts";
import { type BlobWrite, keysOfValue, type StoredValue, storeValue } from "./stored-bytes.ts";
import { readStored, type StoredCheckpoint, toJson } from "./stored-checkpoint.ts";
import { checkpointAddress, configOf, headAddress, type Thread } from "./thread.ts";

/** What a put was given, with the id of the checkpoint before it. */
export interface GivenCheckpoint {
  readonly id: string;
  readonly parent: string | undefined;
  readonly checkpoint: Checkpoint;
  readonly metadata: CheckpointMetadata;
  readonly newVersions: ChannelVersions;
}

/** Turns checkpoints into documents and back. */
export class StoredCheckpoints {
  readonly #documents: DocumentStore;
  readonly #sessions: SessionWrites;
  readonly #serde: SerializerProtocol;
  readonly #known: KnownCheckpoints;
  readonly #codec: ChannelCodec;
  readonly #blobs: Blobs;

  constructor(
    documents: DocumentStore,
    sessions: SessionWrites,
    serde: SerializerProtocol,
    known: KnownCheckpoints,
    snapshots: DeltaSnapshots,
  ) {
    this.#documents = documents;
    this.#sessions = sessions;
    this.#serde = serde;
    this.#known = known;
    this.#codec = new ChannelCodec(serde, snapshots);
    this.#blobs = new Blobs(documents);
  }

  /** @throws `corrupt` when a part of it is missing. */
  async tupleOf(thread: Thread, found: FoundCheckpoint): Promise<CheckpointTuple> {
    const { document, id } = found;
    const { channels, frame, metadata, parent } = readStored(document);
    const keys = [...keysOfValue(frame), ...keysOfValue(metadata)];
    const recalled = channels.map(([, channel]) => this.#codec.recall(channel));
    for (const [index, [, channel]] of channels.entries())
      for (const key of keysOfChannel(channel, recalled[index])) keys.push(key);
    const isKnown = this.#known.get(thread, id)?.incarnation === document.incarnation;
    // What is stored is known of a moment at which the checkpoint and the head are there together.
    const others = isKnown ? [] : [checkpointAddress(thread, id), headAddress(thread)];
    const [[blobs, there, head], pendingWrites] = await Promise.all([
      this.#blobs.read(thread, keys, others),
      this.writesOf(thread, found),
    ]);
    const values: Record<string, unknown> = {};
    for (const [index, [name, channel]] of channels.entries()) {
      const value = await this.#codec.load(channel, blobs, recalled[index]);
      // The name could be `__proto__`, which an assignment would not make a field of.
      Object.defineProperty(values, name, { value, enumerable: true, writable: true, configurable: true });
    }
    const checkpoint = { ...((await this.#read(frame, blobs)) as Checkpoint), channel_values: values };
    if (there !== undefined && head !== undefined)
      this.#known.set(thread, id, knownOf(checkpoint.channel_versions, channels, head));
    return {
      config: configOf(thread, id),
      checkpoint,
      metadata: (await this.#read(metadata, blobs)) as CheckpointMetadata,
      pendingWrites,
      ...(parent === undefined ? {} : { parentConfig: configOf(thread, parent) }),
    };
  }

  async metadataOf(
    thread: Thread,
    { metadata }: Pick<StoredCheckpoint, "metadata">,
  ): Promise<CheckpointMetadata> {
    const [blobs] = await this.#blobs.read(thread, keysOfValue(metadata));
    return (await this.#read(metadata, blobs)) as CheckpointMetadata;
  }

  /** What is stored of a checkpoint, as it is now; `undefined` when it is not there. */
  async learn(thread: Thread, checkpointId: string): Promise<KnownCheckpoint | undefined> {
    const [document, head] = await this.#documents.getMany([
      checkpointAddress(thread, checkpointId),
      headAddress(thread),
    ]);
    if (document === undefined || head === undefined) return undefined;
    const { frame, channels } = readStored(document);
    const [blobs] = await this.#blobs.read(thread, keysOfValue(frame));
    const { channel_versions: versions } = (await this.#read(frame, blobs)) as Checkpoint;
    return knownOf(versions, channels, head);
  }

  /** Stores a checkpoint whole or not at all: of its channels what is not known of the one before. */
  async store(
    thread: Thread,
    put: GivenCheckpoint,
    before: KnownCheckpoint | undefined,
    guard: WriteGuard,
  ): Promise<KnownCheckpoint> {
    const { channel_values: values = {}, ...frame } = put.checkpoint;
    const parts = new Map<string, BlobWrite>();
    const write = (part: BlobWrite): void => void parts.set(part.key, part);
    const channels: [string, StoredChannel][] = [];
    for (const name of Object.keys(values)) {
      const old = before?.channels.get(name);
      const isNew = Object.hasOwn(put.newVersions ?? {}, name);
      // Nothing of what did not change has been stored before, so there is nothing that it could be.
      if (!isNew && put.parent === undefined) continue;
      const isKept = !isNew && old !== undefined && before?.versions[name] === frame.channel_versions?.[name];
      channels.push([name, isKept ? old : await this.#codec.store(values[name], old, write)]);
    }
    const [framed, described] = [
      await this.#serde.dumpsTyped(frame),
      await this.#serde.dumpsTyped(put.metadata),
    ];
    const stored: StoredCheckpoint = {
      ...(put.parent === undefined ? {} : { parent: put.parent }),
      frame: storeValue(framed, write),
      metadata: storeValue(described, write),
      channels,
    };
    const head = await this.#sessions.writeWhole(
      thread,
      {
        parts: [...parts.values()],
        documents: [{ address: checkpointAddress(thread, put.id), value: toJson(stored) }],
        head: { isWritten: true, expectedVersion: before?.head.version },
      },
      guard,
    );
    for (const part of parts.values()) this.#blobs.note(part);
    const known = knownOf(frame.channel_versions, channels, head);
    if (before === undefined) return known;
    before.head.version = head.version;
    return { ...known, head: before.head };
  }

  /** See `findHistories`. */
  async historiesOf(
    thread: Thread,
    parent: string | undefined,
    channels: readonly string[],
  ): Promise<Record<string, DeltaHistory>> {
    const { histories } = await findHistories(this.#documents, thread, parent, channels);
    const loaded: Record<string, DeltaHistory> = {};
    for (const [name, { seed, writes }] of histories) {
      const value: DeltaHistory = { writes: await loadWrites(this.#serde, this.#blobs, thread, writes) };
      if (seed !== undefined) value.seed = await this.#valueOf(thread, seed, name);
      Object.defineProperty(loaded, name, { value, enumerable: true, writable: true, configurable: true });
    }
    return loaded;
  }

  async #valueOf(thread: Thread, { document }: FoundCheckpoint, channel: string): Promise<unknown> {
    const [, stored] = readStored(document).channels.find(([name]) => name === channel) ?? [];
    if (stored === undefined) return undefined;
    const recalled = this.#codec.recall(stored);
    const [blobs] = await this.#blobs.read(thread, keysOfChannel(stored, recalled));
    return await this.#codec.load(stored, blobs, recalled);
  }

  async writesOf(thread: Thread, found: FoundCheckpoint | undefined): Promise<CheckpointPendingWrite[]> {
    return await loadWrites(this.#serde, this.#blobs, thread, found?.writes ?? []);
  }

  async #read(stored: StoredValue, blobs: ReadonlyMap<string, JsonValue>): Promise<unknown> {
    return await this.#codec.load({ value: stored }, blobs);
  }
}

/** The head is of the session that the checkpoint is in. */
function knownOf(
  versions: ChannelVersions | undefined,
  channels: readonly (readonly [string, StoredChannel])[],
  { version, incarnation }: Document,
): KnownCheckpoint {
  return { versions: { ...versions }, channels: new Map(channels), head: { version }, incarnation };
}
