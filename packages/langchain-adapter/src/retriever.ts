import { Document, type DocumentInterface } from "@langchain/core/documents";
import { BaseRetriever, type BaseRetrieverInput } from "@langchain/core/retrievers";
import type { MemoryError, RecallHit, RecallQuery, RecallResult } from "@relevo/core";
import {
  admitFields,
  admitRecallQuery,
  type FieldTable,
  fieldTable,
  readArray,
  recallKinds,
  refuse,
  requireObject,
} from "@relevo/core/input";
import type { Tenant } from "@relevo/memory";
import { missingTeller } from "./missing-parts.ts";

/** A query without its text and signal: what holds of each question. */
export type RetrieverQuery = Omit<RecallQuery, "text" | "signal">;

type BaseOptions = { readonly [Name in keyof BaseRetrieverInput]?: BaseRetrieverInput[Name] | undefined };

export interface RetrieverOptions extends BaseOptions {
  /** Of a memory with a recall: `createMemory({ store, recall }).tenant("acme")`. */
  readonly tenant: Pick<Tenant, "search">;
  /** What of the tenant is searched, and how many hits are returned; everything, and 10, when left out. */
  readonly query?: RetrieverQuery | undefined;
  /**
   * Told, as `unavailable`, when a search had to do without a part, such as the vectors while an embedder is down. A process
   * warning, the first time, when left out.
   */
  readonly onError?: ((error: MemoryError) => void) | undefined;
}

/** Where a document comes from, and how well it answers. */
export interface RetrievedMetadata {
  /** Comparable within one search only. */
  readonly score: number;
  /** When it was said or written, in milliseconds since the epoch. */
  readonly at: number;
  readonly speaker?: string;
  readonly source: RecallHit["source"];
  /** Of the message or the document. */
  readonly metadata: RecallHit["metadata"];
  readonly explain?: RecallHit["explain"];
  readonly neighbours?: RecallHit["neighbours"];
  readonly [name: string]: unknown;
}

const { text: _text, signal: _signal, ...queryKinds } = recallKinds;
const queryFields: FieldTable = fieldTable<RetrieverQuery>(queryKinds);
const fields: FieldTable = fieldTable<RetrieverOptions>({
  tenant: "selects",
  query: "refines",
  onError: "refines",
  callbacks: "refines",
  tags: "refines",
  metadata: "refines",
  verbose: "refines",
});

/**
 * What was said or stored in a tenant, as a retriever of LangChain: best first, one document for each hit.
 *
 * @throws `invalid-input` that names the option. `invoke` throws what the search throws, such as `unsupported` for a memory
 *   without a recall.
 */
export class RelevoRetriever extends BaseRetriever<RetrievedMetadata> {
  override lc_namespace: string[] = ["relevo", "retrievers"];
  override lc_serializable: boolean = false;
  readonly #tenant: Pick<Tenant, "search">;
  readonly #query: RetrieverQuery;
  readonly #tellMissing: (result: Pick<RecallResult, "missing">) => void;

  static override lc_name(): string {
    return "RelevoRetriever";
  }

  constructor(given: RetrieverOptions) {
    const { tenant, query, onError, ...base } = admitFields(given, "options", fields);
    // A text has a function with this name too.
    if (typeof tenant !== "object" || typeof tenant?.search !== "function")
      throw refuse("options.tenant", "must be a tenant of a memory, such as memory.tenant(id).");
    if (onError !== undefined && typeof onError !== "function")
      throw refuse("options.onError", "must be a function.");
    const admitted = query === undefined ? {} : admitFields(query, "options.query", queryFields);
    admitRecallQuery({ ...admitted, text: "" }, "options.query");
    super(admitBase(base));
    this.#tenant = tenant;
    this.#query = admitted;
    this.#tellMissing = missingTeller(onError);
  }

  override async _getRelevantDocuments(text: string): Promise<DocumentInterface<RetrievedMetadata>[]> {
    const found = await this.#tenant.search({ ...this.#query, text });
    this.#tellMissing(found);
    return found.hits.map(documentOf);
  }
}

/** What LangChain itself does not check. */
function admitBase(given: BaseOptions): BaseRetrieverInput {
  const { callbacks, tags, metadata, verbose } = given;
  if (callbacks !== undefined && (typeof callbacks !== "object" || callbacks === null))
    throw refuse("options.callbacks", "must be an array of handlers, or a CallbackManager of LangChain.");
  if (tags !== undefined)
    for (const [index, tag] of readArray(tags, "options.tags", "an array of texts", 1000).entries())
      if (typeof tag !== "string") throw refuse(`options.tags[${index}]`, "must be a text.");
  if (metadata !== undefined) requireObject(metadata, "options.metadata");
  if (verbose !== undefined && typeof verbose !== "boolean")
    throw refuse("options.verbose", "must be true or false.");
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function documentOf(hit: RecallHit): Document<RetrievedMetadata> {
  const { text, source, ...rest } = hit;
  const id =
    source.kind === "event"
      ? JSON.stringify([source.session, source.incarnation, source.seq])
      : JSON.stringify([
          ...(source.session === undefined ? [] : [source.session]),
          ...source.namespace,
          source.key,
        ]);
  return new Document<RetrievedMetadata>({ pageContent: text, id, metadata: { ...rest, source } });
}
