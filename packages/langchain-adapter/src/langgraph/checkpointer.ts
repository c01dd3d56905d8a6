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
import { allPages, type DocumentStore, defaultLimits, type EventLog, isConflict } from "@relevo/core";
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
import type { DeltaHistory } from "./checkpoint/delta-history.ts";
import { type FoundCheckpoint, findCheckpoints } from "./checkpoint/find-checkpoints.ts";
import { KnownCheckpoints } from "./checkpoint/known-checkpoints.ts";
import { storeWrites } from "./checkpoint/pending-writes.ts";
import { pruneThread } from "./checkpoint/prune-thread.ts";
import { SessionWrites, type WriteGuard } from "./checkpoint/session-writes.ts";
import { hasMetadata, readStored } from "./checkpoint/stored-checkpoint.ts";
import { StoredCheckpoints } from "./checkpoint/stored-checkpoints.ts";
import {
  admitCheckpointId,
  admitConfig,
  checkpointNamespace,
  checkpoints,
  configOf,
  keysAt,
  nameIn,
  type Thread,
  threadOf,
} from "./checkpoint/thread.ts";

const peer = await loadPeer(
  "@langchain/langgraph-checkpoint",
  () => import("@langchain/langgraph-checkpoint"),
);
const BaseCheckpointSaver: typeof BaseCheckpointSaverClass = peer.BaseCheckpointSaver;
const snapshots = { is: peer.isDeltaSnapshot, make: (value: unknown) => new peer.DeltaSnapshot(value) };

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

/** Only other writers and prunings refuse a put, and a whole one that fits one write is never refused; more means something else. */
const attempts = 20;

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
  readonly #sessions: SessionWrites;
  readonly #known: KnownCheckpoints;
  readonly #stored: StoredCheckpoints;

  constructor(given: RelevoCheckpointerOptions) {
    const { store, tenant, serde, remembered } = admitFields(given, "options", fields);
    if (typeof store?.documents?.putMany !== "function" || typeof store.log?.list !== "function")
      throw refuse("options.store", "must be a store of Relevo, with documents and log.");
    if (
      serde !== undefined &&
      (typeof serde?.dumpsTyped !== "function" || typeof serde.loadsTyped !== "function")
    )
      throw refuse("options.serde", "must be a serializer of LangGraph, with dumpsTyped() and loadsTyped().");
    super(serde);
    const { documents, log } = store;
    this.#documents = documents;
    this.#log = log;
    this.#tenant = admitTenant(tenant, defaultLimits, "options.tenant");
    this.#sessions = new SessionWrites(documents);
    this.#known = new KnownCheckpoints(
      admitInteger(remembered === undefined ? 100 : remembered, "options.remembered", 1),
    );
    this.#stored = new StoredCheckpoints(documents, this.#sessions, this.serde, this.#known, snapshots);
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const { thread, found } = (await this.#find(config)) ?? {};
    if (thread === undefined) return undefined;
    // A subgraph begins in the middle of a run.
    if (found !== undefined || thread.name === "")
      this.#known.noteIncarnation(thread, found?.document.incarnation);
    return found && (await this.#tupleOf(thread, found));
  }

  override async *list(
    config: RunnableConfig,
    options: CheckpointListOptions = {},
  ): AsyncGenerator<CheckpointTuple> {
    const { threadId, name, checkpointId } = admitConfig(config);
    const before = admitConfig(options.before).checkpointId;
    let left =
      options.limit === undefined ? Number.POSITIVE_INFINITY : admitInteger(options.limit, "limit", 0);
    const keys = {
      ...(checkpointId === undefined ? {} : keysAt(checkpointId)),
      ...(before === undefined ? {} : { keyBefore: before }),
    };
    for await (const session of this.#sessionsOf(threadId)) {
      const scope = { tenant: this.#tenant, session };
      const place =
        name === undefined
          ? { namespacePrefix: checkpoints }
          : { namespace: checkpointNamespace({ ...scope, name }) };
      for await (const found of findCheckpoints(this.#documents, scope, { ...place, ...keys })) {
        if (left <= 0) return;
        if (checkpointId !== undefined && found.id !== checkpointId) continue;
        const thread = { ...scope, name: nameIn(found.document.namespace) };
        if (!hasMetadata(await this.#stored.metadataOf(thread, readStored(found.document)), options.filter))
          continue;
        yield await this.#tupleOf(thread, found);
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
    const id = admitCheckpointId(checkpoint?.id, "checkpoint.id");
    const { checkpointId: parent } = admitted;
    const given = { id, parent, checkpoint, metadata, newVersions };
    let before =
      (parent && (this.#known.get(thread, parent) ?? (await this.#stored.learn(thread, parent)))) ||
      undefined;
    // A run continues in the session in which it began: one that was erased or deleted meanwhile does not come back.
    const guard = guardOf(parent && (before?.incarnation ?? this.#known.incarnationOf(thread, parent)));
    for (let attempt = 0; ; attempt++) {
      const expected = before?.head.version;
      try {
        this.#known.set(thread, id, await this.#stored.store(thread, given, before, guard));
        return configOf(thread, id);
      } catch (error) {
        if (!isConflict(error, "version") || attempt === attempts) throw error;
        // A put of this process came first, and has noted the new version.
        if (before?.head.version !== expected) continue;
        // Another process wrote or pruned: what was known to be stored may have been removed.
        before = attempt === 0 && parent ? await this.#stored.learn(thread, parent) : undefined;
      }
    }
  }

  override async putWrites(
    config: RunnableConfig,
    writes: PendingWrite[],
    taskId: string,
    taskPath: string = "",
  ): Promise<void> {
    const admitted = admitConfig(config);
    const thread = threadOf(this.#tenant, admitted);
    const { checkpointId } = admitted;
    if (checkpointId === undefined)
      throw refuse("configurable.checkpoint_id", "is missing. Writes belong to a checkpoint.");
    if (typeof taskPath !== "string") throw refuse("taskPath", "must be a text.");
    if (
      !Array.isArray(writes) ||
      !writes.every((write) => Array.isArray(write) && typeof write[0] === "string")
    )
      throw refuse("writes", "must be an array of [channel, value].");
    const task = { id: admitId(taskId, "taskId", defaultLimits), path: taskPath, writes };
    const guard = guardOf(this.#known.incarnationOf(thread, checkpointId));
    const to = {
      documents: this.#documents,
      sessions: this.#sessions,
      serde: this.serde,
      special: peer.WRITES_IDX_MAP,
    };
    await storeWrites(to, thread, checkpointId, task, guard);
  }

  /** As of `BaseCheckpointSaver`, in a few reads: a channel may be rebuilt from a thousand ancestors. */
  override async getDeltaChannelHistory(options: {
    config: RunnableConfig;
    channels: string[];
  }): Promise<Record<string, DeltaHistory>> {
    if (options.channels.length === 0) return {};
    const { thread, found } = (await this.#find(options.config)) ?? {};
    const parent = found && readStored(found.document).parent;
    if (thread === undefined)
      return Object.fromEntries(options.channels.map((name) => [name, { writes: [] }]));
    return await this.#stored.historiesOf(thread, parent, options.channels);
  }

  /** Removes the checkpoints of the thread. The session with this id, if it has messages, stays. */
  override async deleteThread(threadId: string): Promise<void> {
    const session = admitId(threadId, "threadId", defaultLimits);
    this.#known.forget(session);
    await pruneThread(this.#documents, { tenant: this.#tenant, session }, "nothing");
  }

  /**
   * Removes what a thread can be continued without: all checkpoints but the newest of each graph in it, and the ancestors that
   * its delta channels are rebuilt from. Other processes may write meanwhile.
   *
   * @returns how many checkpoints were removed.
   */
  async pruneThread(threadId: string): Promise<number> {
    const session = admitId(threadId, "threadId", defaultLimits);
    this.#known.forget(session);
    return await pruneThread(this.#documents, { tenant: this.#tenant, session }, async (thread, stored) => {
      const { counters_since_delta_snapshot: counters } = (await this.#stored.metadataOf(
        thread,
        stored,
      )) as CheckpointMetadata<{ counters_since_delta_snapshot?: object }>;
      return Object.keys(counters ?? {});
    });
  }

  async #find(
    config: RunnableConfig,
  ): Promise<{ readonly thread: Thread; readonly found: FoundCheckpoint | undefined } | undefined> {
    const admitted = admitConfig(config);
    if (admitted.threadId === undefined) return undefined;
    const thread = threadOf(this.#tenant, admitted);
    const { checkpointId } = admitted;
    const keys = checkpointId === undefined ? {} : keysAt(checkpointId);
    const place = { namespace: checkpointNamespace(thread), ...keys };
    const { tenant, session } = thread;
    for await (const found of findCheckpoints(this.#documents, { tenant, session }, place))
      return { thread, found };
    return { thread, found: undefined };
  }

  async *#sessionsOf(threadId: string | undefined): AsyncGenerator<string> {
    if (threadId !== undefined) yield threadId;
    else for await (const head of allPages((page) => this.#log.list(this.#tenant, page))) yield head.session;
  }

  async #tupleOf(thread: Thread, found: FoundCheckpoint): Promise<CheckpointTuple> {
    const tuple = await this.#stored.tupleOf(thread, found);
    const { checkpoint, parentConfig } = tuple;
    if (checkpoint.v < 4 && parentConfig !== undefined) await this.#addSends(parentConfig, checkpoint);
    return tuple;
  }

  /** Checkpoints before version 4 had what was sent to tasks among the writes of their parents. */
  async #addSends(parentConfig: RunnableConfig, checkpoint: Checkpoint): Promise<void> {
    const { thread, found } = (await this.#find(parentConfig)) ?? {};
    const writes = thread === undefined ? [] : await this.#stored.writesOf(thread, found);
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
}

function guardOf(incarnation: string | undefined): WriteGuard {
  return incarnation === undefined ? {} : { incarnation };
}
