import { type CallOptions, type DocumentStore, isConflict, type Page, type PageOptions } from "@relevo/core";
import { categoryTag } from "../entries/entry.ts";
import { workspaceEntriesNamespace, workspaceNamespace } from "../namespaces.ts";
import type { Runtime } from "../runtime.ts";
import type { WorkspacePlace } from "./grants.ts";

/** Where the names of categories are, so that they can be listed without reading entries. */
function categoriesNamespace(name: string): readonly string[] {
  return [...workspaceNamespace(name), "categories"];
}

/** Makes a category known before the first entry of it is written. One write for each category. */
export async function noteCategory(
  documents: DocumentStore,
  { tenant, name }: WorkspacePlace,
  category: string,
  options: CallOptions,
): Promise<void> {
  const address = { tenant, namespace: categoriesNamespace(name), key: category };
  try {
    await documents.put(address, { value: {} }, { expectedVersion: 0, ...options });
  } catch (error) {
    if (!isConflict(error, "version")) throw error;
  }
}

/** The categories that have durable entries. One look for each, since entries go without telling their category. */
export async function listCategories(
  { durable: { documents } }: Runtime,
  { tenant, name }: WorkspacePlace,
  options: PageOptions,
): Promise<Page<string>> {
  const page = await documents.find({ tenant }, { ...options, namespace: categoriesNamespace(name) });
  const namespace = workspaceEntriesNamespace(name, "durable");
  const used = await Promise.all(
    page.items.map(async ({ key }) => {
      const tags = { all: [categoryTag(key)] };
      const { items } = await documents.find(
        { tenant },
        { namespace, tags, limit: 1, signal: options.signal },
      );
      return items.length > 0 ? [key] : [];
    }),
  );
  return { ...page, items: used.flat() };
}
