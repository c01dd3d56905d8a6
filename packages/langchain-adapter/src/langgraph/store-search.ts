import type { SearchItem, SearchOperation } from "@langchain/langgraph-checkpoint";
import { allPages, type Document, type DocumentAddress, defaultLimits, MemoryError } from "@relevo/core";
import { admitInteger, admitNamespace, maxPageSize, refuse } from "@relevo/core/input";
import { whereOf } from "./store-filter.ts";
import { itemOf, nameOf, refresh, type StoreSettings } from "./store-items.ts";

export interface StoreSearch {
  readonly prefix: readonly string[];
  readonly where: ReturnType<typeof whereOf>;
  readonly limit: number;
  readonly offset: number;
  readonly query: string | undefined;
}

export function admitSearch(
  { root, recall }: StoreSettings,
  given: SearchOperation,
  field: string,
): StoreSearch {
  const { namespacePrefix, filter, limit, offset, query } = given;
  const prefix = [root, ...admitNamespace(namespacePrefix, `${field}.namespacePrefix`, defaultLimits)];
  if (query !== undefined && typeof query !== "string") throw refuse(`${field}.query`, "must be a text.");
  const admitted: StoreSearch = {
    prefix,
    where: whereOf(filter),
    limit: admitInteger(limit ?? 10, `${field}.limit`, 0),
    offset: admitInteger(offset ?? 0, `${field}.offset`, 0),
    query: query === "" ? undefined : query,
  };
  if (admitted.query === undefined) return admitted;
  if (recall === undefined)
    throw new MemoryError(
      "unsupported",
      "A search with a query needs a recall. Give new RelevoStore({ …, recall }) one, such as createRecall({ store, index, ...storeDocuments() }) of @relevo/semantic.",
    );
  if (admitted.limit + admitted.offset > maxPageSize)
    throw refuse(
      `${field}.limit`,
      `must be at most ${maxPageSize} together with offset when there is a query.`,
    );
  return admitted;
}

export async function runSearch(settings: StoreSettings, search: StoreSearch): Promise<SearchItem[]> {
  const found = await (search.query === undefined
    ? findItems(settings, search)
    : recallItems(settings, search));
  await refresh(
    settings,
    found.map(({ document }) => document),
  );
  return found.map(({ document, score }) =>
    score === undefined ? itemOf(document) : { ...itemOf(document), score },
  );
}

interface Found {
  readonly document: Document;
  readonly score?: number;
}

async function findItems(
  { documents, tenant }: StoreSettings,
  { prefix, where, limit, offset }: StoreSearch,
): Promise<readonly Found[]> {
  const wanted = limit + offset;
  if (limit === 0) return [];
  const found: Found[] = [];
  let passed = 0;
  const pages = allPages((page) =>
    documents.find(
      { tenant },
      {
        namespacePrefix: prefix,
        limit: Math.min(wanted, maxPageSize),
        ...(where === undefined ? {} : { where }),
        ...page,
      },
    ),
  );
  for await (const document of pages) {
    if (++passed <= offset) continue;
    found.push({ document });
    if (passed === wanted) break;
  }
  return found;
}

async function recallItems(
  { documents, recall, tenant, tellMissing }: StoreSettings,
  { prefix, where, limit, offset, query = "" }: StoreSearch,
): Promise<readonly Found[]> {
  if (recall === undefined || limit === 0) return [];
  const found = await recall.search(tenant, {
    text: query,
    in: ["documents"],
    namespaces: [prefix],
    limit: limit + offset,
    ...(where === undefined ? {} : { where }),
  });
  tellMissing(found);
  // A long document is found by each of its pieces.
  const best = new Map<string, { readonly address: DocumentAddress; readonly score: number }>();
  for (const { source, score } of found.hits) {
    if (source.kind !== "document") continue;
    const address = { tenant, namespace: source.namespace, key: source.key };
    const name = nameOf(address);
    if (!best.has(name)) best.set(name, { address, score });
  }
  const page = [...best.values()].slice(offset, offset + limit);
  const read = await Promise.all(page.map(({ address }) => documents.get(address)));
  return page.flatMap(({ score }, place) => {
    const document = read[place];
    return document === undefined ? [] : [{ document, score }];
  });
}
