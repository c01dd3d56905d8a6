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
