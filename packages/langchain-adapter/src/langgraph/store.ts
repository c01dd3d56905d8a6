import type {
  BaseStore as BaseStoreClass,
  GetOperation,
  Item,
  ListNamespacesOperation,
  MatchCondition,
  Operation,
  OperationResults,
  PutOperation,
  SearchItem,
  SearchOperation,
} from "@langchain/langgraph-checkpoint";
import {
  allPages,
  type Clock,
  type Document,
  type DocumentAddress,
  type DocumentStore,
  defaultLimits,
  type JsonObject,
  type JsonValue,
  MemoryError,
  type Recall,
  systemClock,
  unitOf,
} from "@relevo/core";
import {
  admitFields,
  admitId,
  admitInteger,
  admitNamespace,
  admitTenant,
  admitTtl,
  type FieldTable,
  fieldTable,
  maxPageSize,
  readArray,
  refuse,
  tooLarge,
} from "@relevo/core/input";
import { loadPeer } from "../load-peer.ts";
import { indexName } from "./store-documents.ts";
import { whereOf } from "./store-filter.ts";

const BaseStore: typeof BaseStoreClass = (
  await loadPeer("@langchain/langgraph-checkpoint", () => import("@langchain/langgraph-checkpoint"))
).BaseStore;

export interface RelevoStoreOptions {
  /** Where the items are. Stays open. */
  readonly store: { readonly documents: DocumentStore };
  readonly tenant: string;
  /**
   * Answers searches with a `query`, such as `createRecall({ store, …, ...storeDocuments() })` of
   * `@relevo/semantic`. Without one, a search with a query is `unsupported`.
   */
  readonly recall?: Recall | undefined;
  /** How long an item lives after it was put; for ever when left out. */
  readonly ttlMs?: number | undefined;
  /** Whether `get` and `search` start the lifetime of what they return anew; true when left out. */
  readonly refreshOnRead?: boolean | undefined;
  /** What the namespaces of the items begin with in the store, so that nothing else is found; `langgraph` when left out. */
  readonly root?: string | undefined;
  /** Tells when a lifetime is worth starting anew; the system's clock when left out. */
  readonly clock?: Clock | undefined;
}

const fields: FieldTable = fieldTable<RelevoStoreOptions>({
  store: "selects",
  tenant: "selects",
  recall: "refines",
  ttlMs: "refines",
  refreshOnRead: "refines",
  root: "refines",
  clock: "refines",
});

interface Settings {
  readonly documents: DocumentStore;
  readonly tenant: string;
  readonly recall: Recall | undefined;
  readonly ttlMs: number | undefined;
  readonly refreshOnRead: boolean;
  readonly root: string;
  readonly clock: Clock;
}

/** A read that was repeated within this share of the lifetime is no reason to write. */
const restartShare = 0.1;

/**
 * A store of LangGraph on any store of Relevo, for one tenant.
 *
 * - Namespaces match by their elements: `["user", "1"]` finds nothing of `["user", "10"]`. Labels may hold any character
 *   in `batch`; `put` of LangGraph itself refuses periods.
 * - `search` without a query, and `listNamespaces`, answer in the order of namespace and key as UTF-8 bytes; with a query
 *   best first.
 * - In a batch, reads see what was there before it, and the last of several writes to one key counts. All operations are
 *   checked before the first is done. Puts to namespaces with the same first element are stored all or none, and so are
 *   deletes; at most 1,000 at once.
 * - What `search` and `get` return are copies.
 *
 * @throws `invalid-input` that names the option, and from the operations for a namespace, key, value or filter that is none;
 *   `unsupported` for a query without a recall; what the store throws.
 *
 * @example
 * ```ts
 * const store = new RelevoStore({ store: createMemoryStore(), tenant: "acme" });
 * await store.put(["users", "u1"], "preferences", { language: "es" });
 * const agent = createAgent({ model, tools, store });
 * ```
 */
export class RelevoStore extends BaseStore {
  readonly #settings: Settings;

  constructor(given: RelevoStoreOptions) {
    const { store, tenant, recall, ttlMs, refreshOnRead, root, clock } = admitFields(
      given,
      "options",
      fields,
    );
    if (typeof store?.documents?.find !== "function")
      throw refuse("options.store", "must be a store of Relevo, with documents.");
    if (recall !== undefined && typeof recall.search !== "function")
      throw refuse("options.recall", "must have a function search().");
    if (refreshOnRead !== undefined && typeof refreshOnRead !== "boolean")
      throw refuse("options.refreshOnRead", "must be true or false.");
    super();
    this.#settings = {
      documents: store.documents,
      tenant: admitTenant(tenant, defaultLimits),
      recall,
      ttlMs: ttlMs === undefined ? undefined : admitTtl(ttlMs, "options.ttlMs"),
      refreshOnRead: refreshOnRead ?? true,
      root: admitRoot(root),
      clock: clock ?? systemClock,
    };
  }

  override async batch<Operations extends Operation[]>(
    operations: Operations,
  ): Promise<OperationResults<Operations>> {
    const given = readArray(operations, "operations", "an array of operations", Number.MAX_SAFE_INTEGER);
    // All are checked before the first is done.
    const admitted = given.map((operation, index) =>
      admitOperation(this.#settings, operation as Operation, index),
    );
    const results = await Promise.all(admitted.map((operation) => operation.read?.()));
    await writeAll(
      this.#settings,
      admitted.flatMap(({ write }) => write ?? []),
    );
    return results as OperationResults<Operations>;
  }
}

/** Reserved by `@relevo/memory`. */
function admitRoot(given: string | undefined): string {
  const root = admitId(given ?? "langgraph", "options.root", defaultLimits);
  if (root === "relevo" || root.startsWith("relevo:"))
    throw refuse("options.root", "is reserved: names that are relevo or begin with relevo: are not free.");
  return root;
}

interface Write {
  readonly address: DocumentAddress;
  /** `null` removes the item. */
  readonly value: JsonObject | null;
  readonly metadata: JsonObject;
}

interface AdmittedOperation {
  readonly read?: () => Promise<Item | null | SearchItem[] | string[][]>;
  readonly write?: Write;
}

function admitOperation(settings: Settings, operation: Operation, index: number): AdmittedOperation {
  const field = `operations[${index}]`;
  if (typeof operation !== "object" || operation === null) throw refuse(field, "must be an object.");
  if ("namespacePrefix" in operation) {
    const search = admitSearch(settings, operation, field);
    return { read: () => runSearch(settings, search) };
  }
  if ("value" in operation) return { write: admitPut(settings, operation, field) };
  if ("key" in operation) {
    const address = addressOf(settings, operation, field);
    return { read: () => getItem(settings, address) };
  }
  const list = admitList(operation, field);
  return { read: () => listNamespaces(settings, list) };
}

function addressOf(
  { tenant, root }: Settings,
  { namespace, key }: Pick<GetOperation, "namespace" | "key">,
  field: string,
): DocumentAddress {
  const elements = admitNamespace(namespace, `${field}.namespace`, defaultLimits);
  if (elements.length === 0) throw refuse(`${field}.namespace`, "must have at least one element.");
  return {
    tenant,
    namespace: [root, ...elements],
    key: admitId(key, `${field}.key`, defaultLimits),
  };
}

function admitPut(settings: Settings, operation: PutOperation, field: string): Write {
  const address = addressOf(settings, operation, field);
  if (address.namespace[1] === "langgraph")
    throw refuse(`${field}.namespace`, 'must not begin with "langgraph", which LangGraph keeps for itself.');
  const { value, index } = operation;
  if (value === undefined || typeof value !== "object" || Array.isArray(value))
    throw refuse(`${field}.value`, "must be an object, or null to delete the item.");
  if (index === undefined) return { address, value, metadata: {} };
  const paths =
    index === false
      ? false
      : readArray(index, `${field}.index`, "false or an array of paths", maxPageSize).map((path, place) =>
          admitId(path, `${field}.index[${place}]`, defaultLimits),
        );
  return { address, value, metadata: { [indexName]: paths } };
}

async function writeAll(settings: Settings, writes: readonly Write[]): Promise<void> {
  const { documents, ttlMs } = settings;
  const newest = new Map(writes.map((write) => [nameOf(write.address), write]));
  const units = Map.groupBy(newest.values(), ({ address }) => JSON.stringify(unitOf(address)));
  for (const unit of units.values())
    if (unit.length > defaultLimits.batchItems)
      throw tooLarge("operations", "batchItems", defaultLimits.batchItems, unit.length);
  for (const unit of units.values()) {
    const puts = unit.flatMap(({ address, value, metadata }) =>
      value === null ? [] : [{ address, value, metadata, ...(ttlMs === undefined ? {} : { ttlMs }) }],
    );
    const deletes = unit.flatMap(({ address, value }) => (value === null ? [{ address }] : []));
    if (puts.length > 0) await documents.putMany(puts);
    if (deletes.length > 0) await documents.deleteMany(deletes);
  }
}

function nameOf({ namespace, key }: Pick<DocumentAddress, "namespace" | "key">): string {
  return JSON.stringify([namespace, key]);
}

async function getItem(settings: Settings, address: DocumentAddress): Promise<Item | null> {
  const document = await settings.documents.get(address);
  if (document === undefined) return null;
  await refresh(settings, [document]);
  return itemOf(document);
}

async function refresh(settings: Settings, found: readonly Document[]): Promise<void> {
  const { documents, tenant, ttlMs, refreshOnRead, clock } = settings;
  if (ttlMs === undefined || !refreshOnRead) return;
  const aged = found.filter(
    ({ expiresAt }) => expiresAt !== undefined && expiresAt - clock.now() < ttlMs * (1 - restartShare),
  );
  await Promise.all(aged.map(({ namespace, key }) => documents.touch({ tenant, namespace, key }, { ttlMs })));
}

function itemOf({ namespace, key, value, createdAt, updatedAt }: Document): Item {
  return {
    // A user of the item may change it.
    value: structuredClone(value) as Record<string, JsonValue>,
    key,
    namespace: namespace.slice(1),
    createdAt: new Date(createdAt),
    updatedAt: new Date(updatedAt),
  };
}

interface Search {
  readonly prefix: readonly string[];
  readonly where: ReturnType<typeof whereOf>;
  readonly limit: number;
  readonly offset: number;
  readonly query: string | undefined;
}

function admitSearch({ root, recall }: Settings, given: SearchOperation, field: string): Search {
  const { namespacePrefix, filter, limit, offset, query } = given;
  const prefix = [root, ...admitNamespace(namespacePrefix, `${field}.namespacePrefix`, defaultLimits)];
  if (query !== undefined && typeof query !== "string") throw refuse(`${field}.query`, "must be a text.");
  const admitted: Search = {
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

async function runSearch(settings: Settings, search: Search): Promise<SearchItem[]> {
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
  { documents, tenant }: Settings,
  { prefix, where, limit, offset }: Search,
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
  { documents, recall, tenant }: Settings,
  { prefix, where, limit, offset, query = "" }: Search,
): Promise<readonly Found[]> {
  if (recall === undefined || limit === 0) return [];
  const { hits } = await recall.search(tenant, {
    text: query,
    in: ["documents"],
    namespaces: [prefix],
    limit: limit + offset,
    ...(where === undefined ? {} : { where }),
  });
  // A long document is found by each of its pieces.
  const best = new Map<string, { readonly address: DocumentAddress; readonly score: number }>();
  for (const { source, score } of hits) {
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

function admitList(operation: ListNamespacesOperation, field: string): ListNamespacesOperation {
  const { matchConditions = [], maxDepth, limit, offset } = operation;
  const conditions = readArray(matchConditions, `${field}.matchConditions`, "an array", maxPageSize);
  return {
    matchConditions: conditions.map((condition, place): MatchCondition => {
      const { matchType, path } = condition as MatchCondition;
      const name = `${field}.matchConditions[${place}]`;
      if (matchType !== "prefix" && matchType !== "suffix")
        throw refuse(`${name}.matchType`, "must be prefix or suffix.");
      return { matchType, path: [...admitNamespace(path, `${name}.path`, defaultLimits)] };
    }),
    ...(maxDepth === undefined ? {} : { maxDepth: admitInteger(maxDepth, `${field}.maxDepth`, 1) }),
    limit: admitInteger(limit ?? 100, `${field}.limit`, 0),
    offset: admitInteger(offset ?? 0, `${field}.offset`, 0),
  };
}

/** Reads the namespaces of the longest prefix asked for. */
async function listNamespaces(
  { documents, tenant, root }: Settings,
  { matchConditions = [], maxDepth, limit, offset }: ListNamespacesOperation,
): Promise<string[][]> {
  const prefixes = matchConditions.filter(({ matchType }) => matchType === "prefix");
  const [longest] = prefixes.toSorted((one, other) => other.path.length - one.path.length);
  const pages = allPages((page) =>
    documents.namespaces(
      { tenant },
      { prefix: [root, ...(longest?.path ?? [])], limit: maxPageSize, ...page },
    ),
  );
  const found = new Map<string, string[]>();
  for await (const namespace of pages) {
    const own = namespace.slice(1);
    if (!matchConditions.every((condition) => matches(condition, own))) continue;
    const cut = own.slice(0, maxDepth);
    found.set(JSON.stringify(cut), cut);
    // They come in order, so that what is cut alike follows each other.
    if (found.size > offset + limit) break;
  }
  return [...found.values()].slice(offset, offset + limit);
}

function matches({ matchType, path }: MatchCondition, namespace: readonly string[]): boolean {
  if (path.length > namespace.length) return false;
  const from = matchType === "prefix" ? 0 : namespace.length - path.length;
  return path.every((element, place) => element === "*" || element === namespace[from + place]);
}
