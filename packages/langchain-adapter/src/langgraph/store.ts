import type {
  BaseStore as BaseStoreClass,
  GetOperation,
  Item,
  Operation,
  OperationResults,
  PutOperation,
  SearchItem,
} from "@langchain/langgraph-checkpoint";
import {
  type Clock,
  type DocumentAddress,
  type DocumentStore,
  defaultLimits,
  type JsonObject,
  type MemoryError,
  type Recall,
  systemClock,
  unitOf,
} from "@relevo/core";
import {
  admitFields,
  admitId,
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
import { missingTeller } from "../missing-parts.ts";
import { indexName } from "./store-documents.ts";
import { itemOf, nameOf, refresh, type StoreSettings } from "./store-items.ts";
import { admitList, listNamespaces } from "./store-namespaces.ts";
import { admitSearch, runSearch } from "./store-search.ts";

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
  /** Whether `get` and `search` restart the lifetime of what they return; true when left out. */
  readonly refreshOnRead?: boolean | undefined;
  /** What the namespaces of the items begin with in the store, so that nothing else is found; `langgraph` when left out. */
  readonly root?: string | undefined;
  /**
   * Told, as `unavailable`, when a search with a query had to do without a part of its recall, such as the vectors while an embedder
   * is down: the items found are those of what was left. A process warning, the first time, when left out.
   */
  readonly onError?: ((error: MemoryError) => void) | undefined;
  /** Tells when a lifetime is worth starting again; the system's clock when left out. */
  readonly clock?: Clock | undefined;
}

const fields: FieldTable = fieldTable<RelevoStoreOptions>({
  store: "selects",
  tenant: "selects",
  recall: "refines",
  ttlMs: "refines",
  refreshOnRead: "refines",
  root: "refines",
  onError: "refines",
  clock: "refines",
});

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
  readonly #settings: StoreSettings;

  constructor(given: RelevoStoreOptions) {
    const { store, tenant, recall, ttlMs, refreshOnRead, root, onError, clock } = admitFields(
      given,
      "options",
      fields,
    );
    if (typeof store?.documents?.find !== "function")
      throw refuse("options.store", "must be a store of Relevo, with documents.");
    if (recall !== undefined && (typeof recall !== "object" || typeof recall?.search !== "function"))
      throw refuse("options.recall", "must be a recall, such as createRecall({ store, … }).");
    if (refreshOnRead !== undefined && typeof refreshOnRead !== "boolean")
      throw refuse("options.refreshOnRead", "must be true or false.");
    if (onError !== undefined && typeof onError !== "function")
      throw refuse("options.onError", "must be a function.");
    if (clock !== undefined && typeof clock?.now !== "function")
      throw refuse("options.clock", "must be a clock, with now().");
    super();
    this.#settings = {
      documents: store.documents,
      tenant: admitTenant(tenant, defaultLimits, "options.tenant"),
      recall,
      ttlMs: ttlMs === undefined ? undefined : admitTtl(ttlMs, "options.ttlMs"),
      refreshOnRead: refreshOnRead ?? true,
      root: admitRoot(root),
      clock: clock ?? systemClock,
      tellMissing: missingTeller(onError),
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

function admitOperation(settings: StoreSettings, operation: Operation, index: number): AdmittedOperation {
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
  { tenant, root }: StoreSettings,
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

function admitPut(settings: StoreSettings, operation: PutOperation, field: string): Write {
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

async function writeAll(settings: StoreSettings, writes: readonly Write[]): Promise<void> {
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

async function getItem(settings: StoreSettings, address: DocumentAddress): Promise<Item | null> {
  const document = await settings.documents.get(address);
  if (document === undefined) return null;
  await refresh(settings, [document]);
  return itemOf(document);
}
