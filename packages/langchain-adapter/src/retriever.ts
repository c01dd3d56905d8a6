import { Document, type DocumentInterface } from "@langchain/core/documents";
import { BaseRetriever, type BaseRetrieverInput } from "@langchain/core/retrievers";
import type { MemoryError, RecallHit, RecallQuery, RecallResult } from "@relevo/core";
import { admitFields, type FieldTable, fieldTable, recallKinds, refuse } from "@relevo/core/input";
import type { Tenant } from "@relevo/memory";
import { missingTeller } from "./missing-parts.ts";

/** A query without its text and signal: what holds of each question. */
export type RetrieverQuery = Omit<RecallQuery, "text" | "signal">;

export interface RetrieverOptions extends BaseRetrieverInput {
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
    const { tenant, query, onError, ...base } = given ?? {};
    if (typeof tenant?.search !== "function")
      throw refuse("options.tenant", "must be a tenant of a memory, such as memory.tenant(id).");
    if (onError !== undefined && typeof onError !== "function")
      throw refuse("options.onError", "must be a function.");
    const admitted = query === undefined ? {} : admitFields(query, "options.query", queryFields);
    super(base);
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
