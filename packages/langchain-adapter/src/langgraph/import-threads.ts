import type { RunnableConfig } from "@langchain/core/runnables";
import type {
  BaseCheckpointSaver,
  BaseStore,
  PendingWrite,
  PutOperation,
} from "@langchain/langgraph-checkpoint";
import { type CallOptions, defaultLimits, MemoryError, printable } from "@relevo/core";
import {
  admitId,
  admitOptions,
  callKinds,
  type FieldTable,
  fieldTable,
  refuse,
  throwIfAborted,
} from "@relevo/core/input";
import { naming, quoted, readFrom } from "../import-failures.ts";

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
 * @throws `invalid-input`, `too-large` and `corrupt`, which name the checkpoint and its thread; `unavailable` when `from` cannot be
 *   reached. Those before it have been copied.
 */
export async function importThreads(
  from: Pick<BaseCheckpointSaver, "list" | "getTuple">,
  to: Pick<BaseCheckpointSaver, "put" | "putWrites">,
  given?: ImportThreadsOptions,
): Promise<number> {
  const { threadId, signal } = admitOptions(given, threadFields);
  if (typeof from?.list !== "function" || typeof from.getTuple !== "function")
    throw refuse("from", "must be a checkpoint saver of LangGraph, such as new MemorySaver().");
  if (typeof to?.put !== "function" || typeof to.putWrites !== "function")
    throw refuse("to", "must be a checkpoint saver, such as new RelevoCheckpointer({ store, tenant }).");
  if (threadId !== undefined) admitId(threadId, "options.threadId", defaultLimits);
  const configs: RunnableConfig[] = [];
  const all = { configurable: threadId === undefined ? {} : { thread_id: threadId } };
  const listed = from.list(all)[Symbol.asyncIterator]();
  for (;;) {
    const last = configs.at(-1);
    const place = last === undefined ? "from.list()" : `from.list(), after ${checkpointOf(last)},`;
    const { done, value } = await readFrom(place, () => listed.next());
    throwIfAborted(signal);
    if (done === true) break;
    configs.push(value.config);
  }
  for (const config of configs.reverse()) {
    throwIfAborted(signal);
    try {
      await copyCheckpoint(from, to, config);
    } catch (error) {
      throw naming(checkpointOf(config), error);
    }
  }
  return configs.length;
}

function checkpointOf({ configurable }: RunnableConfig): string {
  const { checkpoint_id, thread_id, checkpoint_ns } = configurable ?? {};
  const graph = checkpoint_ns ? ` in namespace ${quoted(checkpoint_ns)}` : "";
  return `checkpoint ${quoted(checkpoint_id)} of thread ${quoted(thread_id)}${graph}`;
}

async function copyCheckpoint(
  from: Pick<BaseCheckpointSaver, "getTuple">,
  to: Pick<BaseCheckpointSaver, "put" | "putWrites">,
  config: RunnableConfig,
): Promise<void> {
  const found = await readFrom("from.getTuple()", () => from.getTuple(config));
  if (found === undefined) return;
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

interface Page {
  readonly limit: number;
  readonly offset: number;
}

/**
 * Copies the items of another store of LangGraph, such as `InMemoryStore` and `PostgresStore`. Times are those of the copy. A
 * second run stores them again, in place of what was put under their keys meanwhile.
 *
 * @returns how many items were copied.
 * @throws `conflict`, retryable, when items came and went in `from` while it was listed, because some would be missed. What was
 *   copied stays, and another run copies all. Otherwise as `importThreads`, naming the item.
 */
export async function importItems(
  from: Pick<BaseStore, "listNamespaces" | "search">,
  to: Pick<BaseStore, "batch">,
  given?: CallOptions,
): Promise<number> {
  const { signal } = admitOptions(given, itemFields);
  if (typeof from?.listNamespaces !== "function")
    throw refuse("from", "must be a store of LangGraph, with listNamespaces() and search().");
  if (typeof to?.batch !== "function")
    throw refuse("to", "must be a store of LangGraph, such as new RelevoStore({ store, tenant }).");
  const list = (page: Page) => readFrom("from.listNamespaces()", () => from.listNamespaces(page));
  let copied = 0;
  for await (const namespace of pages(list, JSON.stringify, signal)) {
    const name = JSON.stringify(namespace);
    const search = (page: Page) =>
      readFrom(`from.search(${printable(name)})`, () => from.search(namespace, page));
    let puts: PutOperation[] = [];
    for await (const item of pages(search, placeOf, signal)) {
      // A search finds what is below a namespace too.
      if (JSON.stringify(item.namespace) !== name) continue;
      puts.push({ namespace, key: item.key, value: item.value });
      copied++;
      if (puts.length < atOnce) continue;
      await copyItems(to, puts);
      puts = [];
    }
    if (puts.length > 0) await copyItems(to, puts);
  }
  return copied;
}

async function copyItems(to: Pick<BaseStore, "batch">, puts: PutOperation[]): Promise<void> {
  try {
    await to.batch(puts);
  } catch (error) {
    const place = /^(?:operations|writes)\[(\d+)\]/u.exec(
      String(MemoryError.isInstance(error) && error.details.field),
    );
    const put = puts[Number(place?.[1])];
    if (put === undefined) throw error;
    throw naming(`item ${quoted(put.key)} of ${printable(JSON.stringify(put.namespace))}`, error);
  }
}

function placeOf({ namespace, key }: { readonly namespace: string[]; readonly key: string }): string {
  return JSON.stringify([...namespace, key]);
}

/**
 * These stores page by offset, so that each page moves when something before it comes or goes. So each begins with the last
 * item of the one before, which shows it.
 */
async function* pages<Item>(
  read: (page: Page) => Promise<readonly Item[]>,
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
