import { allPages, type CallOptions, type Document } from "@relevo/core";
import { manySourcesTag } from "../entries/entry.ts";
import { heldTags } from "../erasure/holds.ts";
import { pastFacts } from "../history/past-values.ts";
import { userNamespace } from "../namespaces.ts";
import type { MemoryStore, Runtime } from "../runtime.ts";
import type { MemoryKind } from "./memory-kinds.ts";
import type { DocumentSelection } from "./policy.ts";

export const pinnedTag = "pinned";
/** Documents whose uses are read together. */
const atOnce = 100;

/** Where to look, and which of what is there. */
export interface DocumentSearch extends DocumentSelection {
  readonly namespacePrefix: readonly string[];
  /** Which namespaces below the prefix; all when left out. */
  readonly isWanted?: ((namespace: readonly string[]) => boolean) | undefined;
  /** Documents that are left alone, and not counted by `keep`. */
  readonly isLeftOut?: ((document: Document) => boolean) | undefined;
}

/** What of the documents of one namespace is due, and all that is there. */
export interface DueGroup {
  readonly due: readonly Document[];
  readonly all: readonly Document[];
}

/** What the selection does not keep, one by one. */
export async function* dueDocuments(
  runtime: Runtime,
  store: MemoryStore,
  tenant: string,
  search: DocumentSearch,
  options: CallOptions,
): AsyncGenerator<Document, void, void> {
  const { keep, isWanted = all, isLeftOut = none } = search;
  // The newest of a namespace are known when all of it was read.
  if (keep !== undefined) {
    for await (const { due } of dueGroups(runtime, store, tenant, search, options)) yield* due;
    return;
  }
  const dueOf = await dueBy(runtime, tenant, search);
  let batch: Document[] = [];
  for await (const document of documentsIn(store, tenant, search, options)) {
    if (!isWanted(document.namespace) || isLeftOut(document)) continue;
    batch.push(document);
    if (batch.length < atOnce) continue;
    yield* await dueOf(batch);
    batch = [];
  }
  yield* await dueOf(batch);
}

/** As `dueDocuments`, a namespace at a time. Holds the documents of one namespace. */
export async function* dueGroups(
  runtime: Runtime,
  store: MemoryStore,
  tenant: string,
  search: DocumentSearch,
  options: CallOptions,
): AsyncGenerator<DueGroup, void, void> {
  const { keep = 0, isWanted = all, isLeftOut = none } = search;
  const dueOf = await dueBy(runtime, tenant, search);
  const groupOf = async (documents: readonly Document[]): Promise<DueGroup> => ({
    all: documents,
    due: await dueOf(
      documents
        .filter((document) => !isLeftOut(document))
        .sort(newestFirst)
        .slice(keep),
    ),
  });
  // The order of `find` keeps each namespace together, so that one at a time is held.
  let namespace = "";
  let group: Document[] = [];
  for await (const document of documentsIn(store, tenant, search, options)) {
    if (!isWanted(document.namespace)) continue;
    const own = JSON.stringify(document.namespace);
    if (own !== namespace) yield await groupOf(group);
    if (own !== namespace) group = [];
    namespace = own;
    group.push(document);
  }
  yield await groupOf(group);
}

/** By the last write; of one moment in the reverse order of their keys, so that each run has the same order. */
function newestFirst(left: Document, right: Document): number {
  if (left.updatedAt !== right.updatedAt) return right.updatedAt - left.updatedAt;
  if (left.version !== right.version) return right.version - left.version;
  return left.key < right.key ? 1 : -1;
}

const all = (): boolean => true;
const none = (): boolean => false;

function documentsIn(
  store: MemoryStore,
  tenant: string,
  { namespacePrefix, tags }: DocumentSearch,
  { signal }: CallOptions,
): AsyncIterable<Document> {
  return allPages((cursor) =>
    store.documents.find({ tenant }, { namespacePrefix, ...(tags && { tags }), ...cursor, signal }),
  );
}

async function dueBy(
  { clock, importance, uses }: Runtime,
  tenant: string,
  { olderThanMs, belowImportance }: DocumentSelection,
): Promise<(documents: readonly Document[]) => Promise<readonly Document[]>> {
  const now = clock.now();
  if (belowImportance !== undefined) await uses?.flush();
  return async (documents) => {
    const old = documents.filter(
      ({ tags, updatedAt }) =>
        !tags.includes(pinnedTag) && (olderThanMs === undefined || updatedAt <= now - olderThanMs),
    );
    if (belowImportance === undefined) return old;
    const due: Document[] = [];
    for (let start = 0; start < old.length; start += atOnce) {
      const some = old.slice(start, start + atOnce);
      const used = (await uses?.of(tenant, some)) ?? [];
      due.push(
        ...some.filter((document, index) => importance.score(document, now, used[index]) < belowImportance),
      );
    }
    return due;
  };
}

/** Past values that are so old, whatever is in their place now. Counts, tags and importance are of what is there now. */
export async function* duePast(
  { durable: { documents }, clock }: Runtime,
  tenant: string,
  kind: MemoryKind,
  name: string | undefined,
  { olderThanMs, ...others }: DocumentSelection,
  { signal }: CallOptions,
): AsyncGenerator<Document, void, void> {
  if (olderThanMs === undefined || Object.keys(others).length > 0) return;
  const before = clock.now() - olderThanMs;
  const namespacePrefix = kind.pastPrefix(name);
  const find = (cursor: { readonly cursor?: string }) =>
    documents.find({ tenant }, { namespacePrefix, ...cursor, signal });
  for await (const document of allPages(find)) {
    const facts = pastFacts(document);
    if (facts === undefined || facts.at > before || facts.tags.includes(pinnedTag)) continue;
    if (kind.isPastOf(document, name)) yield document;
  }
}

/** Finds out whether a document comes from what was held when this was called, or belongs to a person who was. */
export async function holderOf(
  runtime: Runtime,
  tenant: string,
  options: CallOptions,
): Promise<(document: Document) => boolean> {
  const held = await heldTags(runtime, tenant, options);
  const people = new Set(
    [...held.values()].flatMap(({ selector }) =>
      "user" in selector ? [JSON.stringify(userNamespace(selector.user))] : [],
    ),
  );
  // What comes from more than it can name may come from what is held.
  return ({ tags, namespace }) =>
    tags.some((tag) => held.has(tag) || (tag === manySourcesTag && held.size > 0)) ||
    people.has(JSON.stringify(namespace.slice(0, 2)));
}
