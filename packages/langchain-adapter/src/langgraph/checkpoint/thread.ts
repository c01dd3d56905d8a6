import type { RunnableConfig } from "@langchain/core/runnables";
import { type Document, type DocumentAddress, defaultLimits } from "@relevo/core";
import { admitId, refuse } from "@relevo/core/input";

/** What all documents of checkpoints begin with, among the documents of a session. */
export const root = "langgraph";
export const checkpoints: readonly string[] = [root, "checkpoints"];
export const blobs: readonly string[] = [root, "blobs"];
export const heads: readonly string[] = [root, "heads"];

/** The checkpoints of one graph, or subgraph, in one thread. */
export interface Thread {
  readonly tenant: string;
  readonly session: string;
  /** The `checkpoint_ns`. */
  readonly name: string;
}

export interface ThreadConfig {
  readonly threadId: string | undefined;
  /** `undefined` when the configuration names none: for a list that means all. */
  readonly name: string | undefined;
  readonly checkpointId: string | undefined;
}

/** @throws `invalid-input` for an id that is no id. */
export function admitConfig(config: RunnableConfig | undefined): ThreadConfig {
  const { thread_id, checkpoint_ns, checkpoint_id, thread_ts } = config?.configurable ?? {};
  const id: unknown = checkpoint_id || thread_ts || undefined;
  if (checkpoint_ns !== undefined && typeof checkpoint_ns !== "string")
    throw refuse("configurable.checkpoint_ns", "must be a text.");
  return {
    threadId:
      thread_id === undefined ? undefined : admitId(thread_id, "configurable.thread_id", defaultLimits),
    name: checkpoint_ns as string | undefined,
    checkpointId: id === undefined ? undefined : admitCheckpointId(id, "configurable.checkpoint_id"),
  };
}

export function threadOf(tenant: string, { threadId, name = "" }: ThreadConfig): Thread {
  if (threadId === undefined)
    throw refuse(
      "configurable.thread_id",
      'is missing. It names the conversation that the graph works on: graph.invoke(input, { configurable: { thread_id: "…" } }).',
    );
  return { tenant, session: threadId, name };
}

export function configOf({ session, name }: Thread, checkpointId: string): RunnableConfig {
  return { configurable: { thread_id: session, checkpoint_ns: name, checkpoint_id: checkpointId } };
}

/** An element must not be empty, as the name of the outermost graph is. */
export function checkpointNamespace({ name }: Thread): readonly string[] {
  return [...checkpoints, `:${name}`];
}

export function nameIn(namespace: readonly string[]): string {
  return (namespace.at(-1) ?? ":").slice(1);
}

/**
 * A checkpoint and the writes after it stand together, in the order of checkpoints, so that one page holds them. The space is
 * below all that an id may contain.
 */
export function checkpointAddress(thread: Thread, checkpointId: string): DocumentAddress {
  return addressIn(thread, checkpointNamespace(thread), `${checkpointId}${checkpointMark}`);
}

export function writeAddress(
  thread: Thread,
  checkpointId: string,
  taskId: string,
  index: number,
): DocumentAddress {
  return addressIn(thread, checkpointNamespace(thread), `${checkpointId} ${JSON.stringify([taskId, index])}`);
}

/** Where the document of a checkpoint is among the writes after it: it has the last key. */
const checkpointMark = " checkpoint";

export function isCheckpoint({ key }: Document): boolean {
  return key.endsWith(checkpointMark);
}

/** The id of the checkpoint that this is, or after which this write is. */
export function checkpointIdOf({ key }: Document): string {
  return key.slice(0, key.indexOf(" "));
}

/** The keys of a checkpoint and of the writes after it. */
export function keysAt(checkpointId: string): { readonly keyAfter: string; readonly keyBefore: string } {
  return { keyAfter: checkpointId, keyBefore: `${checkpointId}!` };
}

/** What each put to a graph in a thread writes; see `pruneThread`. */
export function headAddress(thread: Thread): DocumentAddress {
  return addressIn(thread, [...heads, `:${thread.name}`], "head");
}

export function blobAddress(thread: Thread, key: string): DocumentAddress {
  return addressIn(thread, blobs, key);
}

function addressIn({ tenant, session }: Thread, namespace: readonly string[], key: string): DocumentAddress {
  return { tenant, session, namespace, key };
}

/** @throws `invalid-input` for an invalid id, also for one with a space or a control character. */
export function admitCheckpointId(given: unknown, field: string): string {
  const id = admitId(given, field, defaultLimits);
  if (/[\0-\x20]/u.test(id)) throw refuse(field, "must not contain a space or a control character.");
  return id;
}
