import type { RunnableConfig } from "@langchain/core/runnables";
import type {
  BaseCheckpointSaver as BaseCheckpointSaverClass,
  ChannelVersions,
  Checkpoint,
  CheckpointListOptions,
  CheckpointMetadata,
  CheckpointTuple,
  PendingWrite,
  SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import {
  allPages,
  type Document,
  type DocumentStore,
  type DocumentWrite,
  defaultLimits,
  type EventLog,
  isConflict,
  type JsonValue,
} from "@relevo/core";
import {
  admitFields,
  admitId,
  admitInteger,
  admitTenant,
  type FieldTable,
  fieldTable,
  refuse,
} from "@relevo/core/input";
import { loadPeer } from "../load-peer.ts";
import { ChannelCodec, type KnownChannel, keysOfChannel } from "./checkpoint/channel-codec.ts";
import { type KnownCheckpoint, KnownCheckpoints } from "./checkpoint/known-checkpoints.ts";
import { readBlobs, readWrites, storeWrites, type WriteGuard } from "./checkpoint/pending-writes.ts";
import { pruneThread } from "./checkpoint/prune-thread.ts";
import { type BlobWrite, keysOfValue, type StoredValue, storeValue } from "./checkpoint/stored-bytes.ts";
import { hasMetadata, readStored, type StoredCheckpoint, toJson } from "./checkpoint/stored-checkpoint.ts";
import {
  admitConfig,
  blobAddress,
  checkpointAddress,
  checkpointNamespace,
  checkpoints,
  configOf,
  headAddress,
  nameIn,
  type Thread,
  threadOf,
} from "./checkpoint/thread.ts";

const peer = await loadPeer(
  "@langchain/langgraph-checkpoint",
  () => import("@langchain/langgraph-checkpoint"),
);
const BaseCheckpointSaver: typeof BaseCheckpointSaverClass = peer.BaseCheckpointSaver;
const order = { special: peer.WRITES_IDX_MAP };

export interface RelevoCheckpointerOptions {
  /** Where the checkpoints are. Stays open. */
  readonly store: { readonly documents: DocumentStore; readonly log: EventLog };
  readonly tenant: string;
  /** Turns values into bytes and back; that of LangGraph when left out. */
  readonly serde?: SerializerProtocol | undefined;
  /** Of how many checkpoints this process remembers what is stored already; 100 when left out. */
  readonly remembered?: number | undefined;
}

const fields: FieldTable = fieldTable<RelevoCheckpointerOptions>({
  store: "selects",
  tenant: "selects",
  serde: "refines",
  remembered: "refines",
});

/** What a put was given, with the id of the checkpoint before it. */
interface GivenCheckpoint {
  readonly id: string;
  readonly parent: string | undefined;
  readonly checkpoint: Checkpoint;
  readonly metadata: CheckpointMetadata;
  readonly newVersions: ChannelVersions;
}

/** Only other writers and prunings refuse a put, and a whole one that fits one write is never refused; more means something else. */
const attempts = 20;
/** Few enough for one write of a store. */
const blobsAtOnce = 100;
const listPage = 100;

/**
 * Checkpoints of LangGraph on any store of Relevo, for one tenant. A thread is the session with its id: its checkpoints are
 * documents of that session, and are deleted, exported and erased with it.
 *
 * - A put is stored whole or not at all, and costs what changed since the checkpoint before it: of a list of messages the new
 *   ones are written, however long it is. Elements of lists count as unchanged when they are the same objects with the same
 *   fields; change states through reducers, as LangGraph asks, and not deeply in place.
 * - Writes of a task are stored all or none, once for each index; special ones (errors, interrupts, resumes) replace each
 *   other. They are returned in the order of task path, task and index, by code points.
 * - Any number of processes may use one thread. To keep two runs of it from interleaving, use the middleware `relevoMemory`.
 *
 * @throws `invalid-input` that names the option, and from the methods for an id that is none; what the store throws;
 *   `corrupt` when a part of a checkpoint is missing.
 *
 * @example
 * ```ts
 * const checkpointer = new RelevoCheckpointer({ store, tenant: "acme" });
 * const agent = createAgent({ model, tools, checkpointer });
 * await agent.invoke({ messages: "Hello" }, { configurable: { thread_id: "chat-1" } });
 * ```
 */
export class RelevoCheckpointer extends BaseCheckpointSaver {
  readonly #documents: DocumentStore;
  readonly #log: EventLog;
  readonly #tenant: string;
  readonly #codec: ChannelCodec;
  readonly #known: KnownCheckpoints;

  constructor(given: RelevoCheckpointerOptions) {
    const { store, tenant, serde, remembered } = admitFields(given, "options", fields);
    if (typeof store?.documents?.putMany !== "function" || typeof store.log?.list !== "function")
      throw refuse("options.store", "must be a store of Relevo, with documents and log.");
    super(serde);
    this.#documents = store.documents;
    this.#log = store.log;
    this.#tenant = admitTenant(tenant, defaultLimits);
    this.#known = new KnownCheckpoints(admitInteger(remembered ?? 100, "options.remembered", 1));
    this.#codec = new ChannelCodec(this.serde);
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const admitted = admitConfig(config);
    if (admitted.threadId === undefined) return undefined;
    const thread = threadOf(this.#tenant, admitted);
    const { checkpointId } = admitted;
    const document =
      checkpointId === undefined
        ? await this.#newest(thread)
        : await this.#documents.get(checkpointAddress(thread, checkpointId));
    // A subgraph begins in the middle of a run.
    if (document !== undefined || thread.name === "")
      this.#known.noteIncarnation(thread, document?.incarnation);
    return document && (await this.#tupleOf(thread, document));
  }

  override async *list(
    config: RunnableConfig,
    options: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    const { threadId, name, checkpointId } = admitConfig(config);
    const before = admitConfig(options.before).checkpointId;
    const limit =
      options.limit === undefined ? Number.POSITIVE_INFINITY : admitInteger(options.limit, "limit", 0);
    let left = limit;
    for await (const session of this.#sessions(threadId)) {
      const place =
        name === undefined
          ? { namespacePrefix: checkpoints }
          : { namespace: checkpointNamespace({ tenant: this.#tenant, session, name }) };
      const pages = allPages((page) =>
        this.#documents.find(
          { tenant: this.#tenant, session },
          {
            ...place,
            direction: "backward",
            limit: Math.min(Math.max(left, 1), listPage),
            ...(before === undefined ? {} : { keyBefore: before }),
            ...page,
          },
        ),
      );
      for await (const document of pages) {
        if (left <= 0) return;
        if (checkpointId !== undefined && document.key !== checkpointId) continue;
        const tuple = await this.#tupleOf(
          { tenant: this.#tenant, session, name: nameIn(document.namespace) },
          document,
        );
        if (!hasMetadata(tuple.metadata, options.filter)) continue;
        yield tuple;
        left--;
      }
    }
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const admitted = admitConfig(config);
    const thread = threadOf(this.#tenant, admitted);
    const id = admitId(checkpoint?.id, "checkpoint.id", defaultLimits);
    const given = { id, parent: admitted.checkpointId, checkpoint, metadata, newVersions };
    let before = given.parent === undefined ? undefined : await this.#knownOf(thread, given.parent);
    // A run continues in the session in which it began: one that was erased or deleted meanwhile does not come back.
    const guard = guardOf(
      given.parent && (before?.incarnation ?? this.#known.incarnationOf(thread, given.parent)),
    );
    for (let attempt = 0; ; attempt++) {
      const expected = before?.head.version;
      try {
        this.#known.set(thread, id, await this.#store(thread, given, before, guard));
        break;
      } catch (error) {
        if (!isConflict(error, "version") || attempt === attempts) throw error;
        // Unless a put of this process came first, what was known to be stored may have been removed.
        if (before?.head.version === expected) before = undefined;
      }
    }
    return configOf(thread, id);
  }

  override async putWrites(
    config: RunnableConfig,
    writes: PendingWrite[],
    taskId: string,
    taskPath: string = "",
  ): Promise<void> {
    const admitted = admitConfig(config);
    const thread = threadOf(this.#tenant, admitted);
    if (admitted.checkpointId === undefined)
      throw refuse("configurable.checkpoint_id", "is missing. Writes belong to a checkpoint.");
    if (typeof taskPath !== "string") throw refuse("taskPath", "must be a text.");
    const id = admitId(taskId, "taskId", defaultLimits);
    const task = { id, path: taskPath, writes };
    const guard = guardOf(this.#known.incarnationOf(thread, admitted.checkpointId));
    await storeWrites(this.#documents, this.serde, thread, admitted.checkpointId, task, { ...order, guard });
  }

  /** Removes the checkpoints of the thread. The session with this id, if it has messages, stays. */
  override async deleteThread(threadId: string): Promise<void> {
    const session = admitId(threadId, "threadId", defaultLimits);
    this.#known.forget(session);
    await pruneThread(this.#documents, { tenant: this.#tenant, session }, "nothing");
  }

  /**
   * Removes what a thread can be continued without: all checkpoints but the newest of each graph in it. Other processes may write
   * meanwhile.
   *
   * @returns how many checkpoints were removed.
   */
  async pruneThread(threadId: string): Promise<number> {
    const session = admitId(threadId, "threadId", defaultLimits);
    this.#known.forget(session);
    return await pruneThread(this.#documents, { tenant: this.#tenant, session }, "newest");
  }

  async #newest(thread: Thread): Promise<Document | undefined> {
    const { tenant, session } = thread;
    const namespace = checkpointNamespace(thread);
    const { items } = await this.#documents.find(
      { tenant, session },
      { namespace, direction: "backward", limit: 1 },
    );
    return items[0];
  }

  async *#sessions(threadId: string | undefined): AsyncGenerator<string> {
    if (threadId !== undefined) yield threadId;
    else for await (const head of allPages((page) => this.#log.list(this.#tenant, page))) yield head.session;
  }

  async #tupleOf(thread: Thread, document: Document): Promise<CheckpointTuple> {
    const stored = readStored(document);
    const { channels, frame, metadata, parent } = stored;
    const keys = [...keysOfValue(frame), ...keysOfValue(metadata)];
    const recalled = channels.map(([, channel]) => this.#codec.recall(channel));
    for (const [index, [, channel]] of channels.entries())
      for (const key of keysOfChannel(channel, recalled[index])) keys.push(key);
    const id = document.key;
    // What is stored is known of a moment at which the checkpoint and the head are there together.
    const [[blobs, there, head], pendingWrites] = await Promise.all([
      readBlobs(this.#documents, thread, keys, [checkpointAddress(thread, id), headAddress(thread)]),
      readWrites(this.#documents, this.serde, thread, id),
    ]);
    const known = new Map<string, KnownChannel>();
    const values: Record<string, unknown> = {};
    for (const [index, [name, channel]] of channels.entries()) {
      const value = await this.#codec.load(channel, blobs, recalled[index]);
      // The name could be `__proto__`, which an assignment would not make a field of.
      Object.defineProperty(values, name, { value, enumerable: true, writable: true, configurable: true });
      known.set(name, this.#codec.know(channel, value));
    }
    const checkpoint = { ...((await this.#read(frame, blobs)) as Checkpoint), channel_values: values };
    if (there !== undefined && head !== undefined) {
      const versions = { ...checkpoint.channel_versions };
      const { incarnation } = document;
      this.#known.set(thread, id, {
        versions,
        channels: known,
        head: { version: head.version },
        incarnation,
      });
    }
    if (checkpoint.v < 4 && parent !== undefined) await this.#addSends(thread, parent, checkpoint);
    return {
      config: configOf(thread, id),
      checkpoint,
      metadata: (await this.#read(metadata, blobs)) as CheckpointMetadata,
      pendingWrites,
      ...(parent === undefined ? {} : { parentConfig: configOf(thread, parent) }),
    };
  }

  /** Checkpoints before version 4 had what was sent to tasks among the writes of their parents. */
  async #addSends(thread: Thread, parent: string, checkpoint: Checkpoint): Promise<void> {
    const writes = await readWrites(this.#documents, this.serde, thread, parent);
    const versions = Object.values(checkpoint.channel_versions ?? {});
    checkpoint.channel_values[peer.TASKS] = writes.flatMap(([, channel, value]) =>
      channel === peer.TASKS ? [value] : [],
    );
    checkpoint.channel_versions = {
      ...checkpoint.channel_versions,
      [peer.TASKS]:
        versions.length > 0 ? peer.maxChannelVersion(...versions) : this.getNextVersion(undefined),
    };
  }

  /** What is stored of a checkpoint; `undefined` when it is not there. */
  async #knownOf(thread: Thread, checkpointId: string): Promise<KnownCheckpoint | undefined> {
    const known = this.#known.get(thread, checkpointId);
    if (known !== undefined) return known;
    const [document, head] = await this.#documents.getMany([
      checkpointAddress(thread, checkpointId),
      headAddress(thread),
    ]);
    if (document === undefined || head === undefined) return undefined;
    const { frame, channels } = readStored(document);
    const [blobs] = await readBlobs(this.#documents, thread, keysOfValue(frame));
    const { channel_versions: versions } = (await this.#read(frame, blobs)) as Checkpoint;
    const stored = channels.map(
      ([name, channel]) => [name, { stored: channel, elements: undefined }] as const,
    );
    const { incarnation } = document;
    return { versions, channels: new Map(stored), head: { version: head.version }, incarnation };
  }

  async #read(stored: StoredValue, blobs: ReadonlyMap<string, JsonValue>): Promise<unknown> {
    return await this.#codec.load({ value: stored }, blobs);
  }

  async #store(
    thread: Thread,
    put: GivenCheckpoint,
    before: KnownCheckpoint | undefined,
    guard: WriteGuard,
  ): Promise<KnownCheckpoint> {
    const { channel_values: values = {}, ...frame } = put.checkpoint;
    const blobs = new Map<string, BlobWrite>();
    const write = (blob: BlobWrite): void => void blobs.set(blob.key, blob);
    const channels = new Map<string, KnownChannel>();
    for (const name of Object.keys(values)) {
      const old = before?.channels.get(name);
      const isNew = Object.hasOwn(put.newVersions ?? {}, name);
      // Nothing of what did not change has been stored before, so there is nothing that it could be.
      if (!isNew && put.parent === undefined) continue;
      const isKept = !isNew && old !== undefined && before?.versions[name] === frame.channel_versions?.[name];
      channels.set(name, isKept ? old : await this.#codec.store(values[name], old, write));
    }
    const [framed, described] = [
      await this.serde.dumpsTyped(frame),
      await this.serde.dumpsTyped(put.metadata),
    ];
    const stored: StoredCheckpoint = {
      ...(put.parent === undefined ? {} : { parent: put.parent }),
      frame: storeValue(framed, write),
      metadata: storeValue(described, write),
      channels: [...channels].map(([name, known]) => [name, known.stored]),
    };
    const head = headAddress(thread);
    const parts = [...blobs.values()].map(
      ({ key, value }): DocumentWrite => ({ address: blobAddress(thread, key), value }),
    );
    let expected = before?.head.version;
    // Parts that are too many for one write are stored before what refers to them.
    if (parts.length > blobsAtOnce)
      expected ??= (await this.#documents.put(head, { value: null }, guard)).version;
    while (parts.length > blobsAtOnce) await this.#documents.putMany(parts.splice(0, blobsAtOnce / 4), guard);
    const writes: readonly DocumentWrite[] = [
      { address: head, value: null, ...(expected === undefined ? {} : { expectedVersion: expected }) },
      ...parts,
      { address: checkpointAddress(thread, put.id), value: toJson(stored) },
    ];
    const [written] = await this.#documents.putMany(writes, guard);
    const { version, incarnation } = written as Document;
    if (before !== undefined) before.head.version = version;
    return {
      versions: { ...frame.channel_versions },
      channels,
      head: before?.head ?? { version },
      incarnation,
    };
  }
}

function guardOf(incarnation: string | undefined): WriteGuard {
  return incarnation === undefined ? {} : { incarnation };
}
