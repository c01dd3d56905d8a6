import type { RunnableConfig } from "@langchain/core/runnables";
import { type DocumentAddress, defaultLimits } from "@relevo/core";
import { admitId, refuse } from "@relevo/core/input";

/** What all documents of checkpoints begin with, among the documents of a session. */
export const root = "langgraph";
export const checkpoints: readonly string[] = [root, "checkpoints"];
export const writes: readonly string[] = [root, "writes"];
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
    checkpointId: id === undefined ? undefined : admitId(id, "configurable.checkpoint_id", defaultLimits),
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

export function checkpointAddress(thread: Thread, checkpointId: string): DocumentAddress {
  const { tenant, session } = thread;
  return { tenant, session, namespace: checkpointNamespace(thread), key: checkpointId };
}

/** What each put to a graph in a thread writes; see `pruneThread`. */
export function headAddress({ tenant, session, name }: Thread): DocumentAddress {
  return { tenant, session, namespace: [...heads, `:${name}`], key: "head" };
}

export function writesNamespace({ name }: Thread, checkpointId: string): readonly string[] {
  return [...writes, `:${name}`, checkpointId];
}

export function blobAddress({ tenant, session }: Thread, key: string): DocumentAddress {
  return { tenant, session, namespace: blobs, key };
}
