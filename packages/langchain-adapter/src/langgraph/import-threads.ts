import type { RunnableConfig } from "@langchain/core/runnables";
import type {
  BaseCheckpointSaver,
  BaseStore,
  Operation,
  PendingWrite,
} from "@langchain/langgraph-checkpoint";
import { type CallOptions, MemoryError } from "@relevo/core";
import {
  admitOptions,
  callKinds,
  type FieldTable,
  fieldTable,
  refuse,
  throwIfAborted,
} from "@relevo/core/input";

export interface ImportThreadsOptions extends CallOptions {
  /** Only this thread; all that the saver lists when left out. */
  readonly threadId?: string;
}

const threadFields: FieldTable = fieldTable<ImportThreadsOptions>({ ...callKinds, threadId: "selects" });
const itemFields: FieldTable = fieldTable<CallOptions>(callKinds);
const atOnce = 100;

/**
 * Copies the checkpoints of another saver, such as `MemorySaver` and `PostgresSaver`, with their writes, oldest first, so that
 * graphs go on where they were. A second run changes nothing. Nothing else should run the threads meanwhile.
 *
 * @returns how many checkpoints were copied.
 */
export async function importThreads(
  from: Pick<BaseCheckpointSaver, "list" | "getTuple">,
  to: Pick<BaseCheckpointSaver, "put" | "putWrites">,
  given?: ImportThreadsOptions,
): Promise<number> {
  const { threadId, signal } = admitOptions(given, threadFields);
  if (typeof from?.list !== "function" || typeof from.getTuple !== "function")
    throw refuse("from", "must be a checkpoint saver of LangGraph.");
  const configs: RunnableConfig[] = [];
  const all = { configurable: threadId === undefined ? {} : { thread_id: threadId } };
  for await (const { config } of from.list(all)) {
    throwIfAborted(signal);
    configs.push(config);
  }
  for (const config of configs.reverse()) {
    throwIfAborted(signal);
    const found = await from.getTuple(config);
    if (found === undefined) continue;
    const { checkpoint, metadata, parentConfig, pendingWrites = [] } = found;
    const { thread_id, checkpoint_ns = "" } = config.configurable ?? {};
    const parent = parentConfig?.configurable?.checkpoint_id;
    const place = { thread_id, checkpoint_ns, ...(parent === undefined ? {} : { checkpoint_id: parent }) };
    const written = await to.put(
      { configurable: place },
      checkpoint,
      metadata ?? { source: "loop", step: 0, parents: {} },
      { ...checkpoint.channel_versions },
    );
    const tasks = Map.groupBy(pendingWrites, ([task]) => task);
    for (const [task, writes] of tasks)
      await to.putWrites(
        written,
        writes.map(([, channel, value]): PendingWrite => [channel, value]),
        task,
      );
  }
  return configs.length;
}

/**
 * Copies the items of another store of LangGraph, such as `InMemoryStore` and `PostgresStore`. Times are those of the copy. A
 * second run stores them again, in place of what was put under their keys meanwhile.
 *
 * @returns how many items were copied.
 * @throws `conflict`, retryable, when items came and went in `from` while it was listed, because some would be missed. What was
 *   copied stays, and another run copies all.
 */
export async function importItems(
  from: Pick<BaseStore, "listNamespaces" | "search">,
  to: Pick<BaseStore, "batch">,
  given?: CallOptions,
): Promise<number> {
  const { signal } = admitOptions(given, itemFields);
  if (typeof from?.listNamespaces !== "function")
    throw refuse("from", "must be a store of LangGraph, with listNamespaces() and search().");
  let copied = 0;
  for await (const namespace of pages((page) => from.listNamespaces(page), JSON.stringify, signal)) {
    const name = JSON.stringify(namespace);
    let puts: Operation[] = [];
    for await (const item of pages((page) => from.search(namespace, page), placeOf, signal)) {
      // A search finds what is below a namespace too.
      if (JSON.stringify(item.namespace) !== name) continue;
      puts.push({ namespace, key: item.key, value: item.value });
      copied++;
      if (puts.length < atOnce) continue;
      await to.batch(puts);
      puts = [];
    }
    if (puts.length > 0) await to.batch(puts);
  }
  return copied;
}

function placeOf({ namespace, key }: { readonly namespace: string[]; readonly key: string }): string {
  return JSON.stringify([...namespace, key]);
}

/**
 * These stores page by offset, so that each page moves when something before it comes or goes. So each begins with the last
 * item of the one before, which shows it.
 */
async function* pages<Item>(
  read: (page: { readonly limit: number; readonly offset: number }) => Promise<readonly Item[]>,
  nameOf: (item: Item) => string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Item> {
  let last: string | undefined;
  for (let offset = 0; ; offset += atOnce - 1) {
    throwIfAborted(signal);
    const found = await read({ limit: atOnce, offset });
    const [first] = found;
    if (last !== undefined && (first === undefined || nameOf(first) !== last))
      throw new MemoryError(
        "conflict",
        "The store was written while its items were listed, and some would be missed. Stop what writes to it, and import again.",
        { retryable: true, details: { conflict: "import" } },
      );
    yield* last === undefined ? found : found.slice(1);
    const newest = found.at(-1);
    if (found.length < atOnce || newest === undefined) return;
    last = nameOf(newest);
  }
}
