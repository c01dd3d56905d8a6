import type { CallOptions, DocumentScope } from "@relevo/core";
import { maxPageSize } from "@relevo/core/input";
import type { MemoryStore } from "../runtime.ts";

/** Which documents of a scope are meant; all of it when empty. */
export type DocumentPlace =
  | { readonly namespace?: readonly string[] }
  | { readonly namespacePrefix: readonly string[] };

/** How many documents there are at a place. */
export async function countDocuments(
  { documents }: MemoryStore,
  scope: DocumentScope,
  place: DocumentPlace,
  options: CallOptions,
): Promise<number> {
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await documents.find(scope, { ...place, limit: maxPageSize, cursor, ...options });
    count += page.items.length;
    cursor = page.cursor;
  } while (cursor !== undefined);
  return count;
}
