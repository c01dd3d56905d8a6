import type { NamespacesOptions, Page, PageOptions } from "@relevo/core";
import { type ListNames, mergeLists } from "../entries/merge-lists.ts";
import { namespaces } from "../namespaces.ts";
import type { MemoryStore, Runtime } from "../runtime.ts";

/** The ids of the people of whom something is kept. */
export function listUsers(runtime: Runtime, tenant: string, options: PageOptions): Promise<Page<string>> {
  const { users } = namespaces;
  const lists = storesOf(runtime).map((store) => namesBelow(store, tenant, users));
  return mergeLists(lists, options);
}

/** The names of the agents that have a memory across sessions, or outcomes. */
export function listAgents(runtime: Runtime, tenant: string, options: PageOptions): Promise<Page<string>> {
  const { agents } = namespaces;
  return mergeLists(
    [
      namesBelow(runtime.durable, tenant, [...agents, "durable"]),
      namesBelow(runtime.volatile, tenant, [...agents, "volatile"]),
      namesBelow(runtime.durable, tenant, namespaces.outcomes),
    ],
    options,
  );
}

/** The names of the workspaces that hold something. */
export function listWorkspaces(
  runtime: Runtime,
  tenant: string,
  options: PageOptions,
): Promise<Page<string>> {
  const { workspaces } = namespaces;
  const lists = storesOf(runtime).map((store) => namesBelow(store, tenant, workspaces));
  return mergeLists(lists, options);
}

/** The stores of a memory, each once. */
export function storesOf({ sessions, durable, volatile, archive }: Runtime): readonly MemoryStore[] {
  const stores = new Set([durable, volatile, sessions]);
  return [...(archive === undefined ? stores : stores.add(archive))];
}

/** The elements that follow the prefix. */
function namesBelow(store: MemoryStore, tenant: string, prefix: readonly string[]): ListNames {
  return async (page) => {
    const options: NamespacesOptions = { prefix, maxDepth: prefix.length + 1, ...page };
    const { items, cursor } = await store.documents.namespaces({ tenant }, options);
    const names = items.flatMap((namespace) => namespace.slice(prefix.length, prefix.length + 1));
    return cursor === undefined ? { items: names } : { items: names, cursor };
  };
}
