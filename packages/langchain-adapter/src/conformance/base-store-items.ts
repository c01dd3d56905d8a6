import type { BaseStore, Operation } from "@langchain/langgraph-checkpoint";

/** Past the checks of `BaseStore.put`, which refuses names that a database may hold. */
export async function putAll(
  store: BaseStore,
  items: readonly (readonly [namespace: string[], key: string, value: Record<string, unknown>])[],
): Promise<void> {
  await store.batch(items.map(([namespace, key, value]): Operation => ({ namespace, key, value })));
}

export async function keysBelow(
  store: BaseStore,
  prefix: string[],
  filter?: Record<string, unknown>,
): Promise<string[]> {
  const found = await store.search(prefix, { limit: 100, ...(filter === undefined ? {} : { filter }) });
  return found.map(({ key }) => key).sort();
}

/** By `batch`, past the checks of `get`. */
export async function valueAt(store: BaseStore, namespace: string[], key: string): Promise<unknown> {
  const [item] = await store.batch([{ namespace, key }]);
  return item?.value;
}

/** By `batch`, past the checks of `search`. */
export async function valuesBelow(store: BaseStore, namespacePrefix: string[]): Promise<readonly unknown[]> {
  const [found] = await store.batch([{ namespacePrefix, limit: 100 }]);
  return (found ?? []).map(({ value }) => value);
}
