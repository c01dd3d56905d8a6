import { AIMessage, HumanMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import {
  type Checkpoint,
  type CheckpointMetadata,
  copyCheckpoint,
  emptyCheckpoint,
  uuid6,
} from "@langchain/langgraph-checkpoint";
import { type DocumentStore, MemoryError, type Store } from "@relevo/core";
import { RelevoCheckpointer } from "../../src/langgraph/index.ts";

let clock = 0;
export const metadata: CheckpointMetadata = { source: "loop", step: 1, parents: {} };

/** A checkpoint after another one, in which the named channels are new. */
export function nextCheckpoint(
  values: Readonly<Record<string, unknown>>,
  before?: Checkpoint,
): { readonly checkpoint: Checkpoint; readonly versions: Record<string, number> } {
  const made = copyCheckpoint(before ?? emptyCheckpoint());
  const versions: Record<string, number> = {};
  for (const name of Object.keys(values)) versions[name] = Number(before?.channel_versions[name] ?? 0) + 1;
  return {
    checkpoint: {
      ...made,
      id: uuid6(++clock),
      channel_values: { ...made.channel_values, ...values },
      channel_versions: { ...made.channel_versions, ...versions },
    },
    versions,
  };
}

export const threadConfig = (thread_id: string, checkpoint_ns = ""): RunnableConfig => ({
  configurable: { thread_id, checkpoint_ns },
});

/** Appends messages one by one, as a conversation does, and returns the last configuration and checkpoint. */
export async function converse(
  saver: RelevoCheckpointer,
  thread: string,
  count: number,
): Promise<{
  readonly config: RunnableConfig;
  readonly checkpoint: Checkpoint;
  readonly messages: unknown[];
}> {
  let config = threadConfig(thread);
  let checkpoint: Checkpoint | undefined;
  let messages: unknown[] = [];
  for (let n = 1; n <= count; n++) {
    messages = [...messages, n % 2 ? new HumanMessage(`Question ${n}`) : new AIMessage(`Answer ${n}`)];
    const next = nextCheckpoint({ messages }, checkpoint);
    config = await saver.put(config, next.checkpoint, metadata, next.versions);
    checkpoint = next.checkpoint;
  }
  return { config, checkpoint: checkpoint ?? emptyCheckpoint(), messages };
}

/** A store that notes what is written, and can fail before a write. */
export function watchDocuments(store: Store): {
  readonly store: Pick<Store, "documents" | "log">;
  readonly written: { calls: number; bytes: number };
  fail: (() => boolean) | undefined;
} {
  const written = { calls: 0, bytes: 0 };
  const watched: {
    store: Pick<Store, "documents" | "log">;
    written: typeof written;
    fail: (() => boolean) | undefined;
  } = {
    written,
    fail: undefined,
    store: {
      log: store.log,
      documents: {
        ...bind(store.documents),
        async putMany(writes, options) {
          if (watched.fail?.()) throw new MemoryError("unavailable", "The store is down.");
          written.calls++;
          written.bytes += JSON.stringify(writes).length;
          return await store.documents.putMany(writes, options);
        },
      },
    },
  };
  return watched;
}

export function bind(documents: DocumentStore): DocumentStore {
  return {
    get: (...given) => documents.get(...given),
    getMany: (...given) => documents.getMany(...given),
    put: (...given) => documents.put(...given),
    putMany: (...given) => documents.putMany(...given),
    delete: (...given) => documents.delete(...given),
    deleteMany: (...given) => documents.deleteMany(...given),
    touch: (...given) => documents.touch(...given),
    find: (...given) => documents.find(...given),
    count: (...given) => documents.count(...given),
    namespaces: (...given) => documents.namespaces(...given),
  };
}

/** A channel of a checkpoint that is there. */
export async function channelOf<Value>(
  saver: RelevoCheckpointer,
  config: RunnableConfig,
  channel: string,
): Promise<Value> {
  const found = await saver.getTuple(config);
  if (found === undefined) throw new Error("The checkpoint is missing.");
  return found.checkpoint.channel_values[channel] as Value;
}

export function saverOn(store: Pick<Store, "documents" | "log">): RelevoCheckpointer {
  return new RelevoCheckpointer({ store, tenant: "acme" });
}

let threads = 0;
export const newThread = (): string => `thread-${process.pid}-${++threads}`;
