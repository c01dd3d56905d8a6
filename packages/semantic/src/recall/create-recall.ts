import {
  type CallOptions,
  type Clock,
  type Document,
  defaultLimits,
  type Embedder,
  isConflict,
  MemoryError,
  type MissingPart,
  type Recall,
  type RecallHit,
  type RecallQuery,
  type RecallResult,
  type Reranker,
  type SearchIndex,
  type SearchSelector,
  type Store,
  systemClock,
} from "@relevo/core";
import {
  admitCall,
  admitFields,
  admitInteger,
  admitOptions,
  admitRecallQuery,
  admitTenant,
  callKinds,
  defaultHalfLifeMs,
  type FieldTable,
  fieldTable,
  maxPageSize,
  maxTimerMs,
  refuse,
  throwIfAborted,
} from "@relevo/core/input";
import { createAnalysis } from "../analysis/create-analysis.ts";
import { type LanguageName, languageNames } from "../analysis/language.ts";
import { askIndex } from "../question/ask-index.ts";
import { Scratch } from "../scoring/lexical.ts";
import { scoreQuestion } from "../scoring/score-question.ts";
import type { FollowedStore } from "./follow-store.ts";
import { createIndexKeeper } from "./index-keeper.ts";
import { isOfLaterVersion, markOf } from "./index-mark.ts";
import { createPatientEmbedder } from "./patient-embedder.ts";
import { admitPolicy, type IndexingPolicy } from "./policy.ts";
import { readHits } from "./read-hits.ts";
import { createPatientReranker } from "./rerank.ts";
import { changeModel, type IndexOptions, isPending } from "./rewrite-index.ts";
import { searchFilterOf } from "./search-filter.ts";
import { placeSuperseding } from "./superseded.ts";

export interface RecallOptions {
  /** Where the messages and documents are. It needs a change feed. Stays open. */
  readonly store: Pick<Store, "log" | "documents" | "feed" | "leases">;
  /** Where documents that stand alone are, when that is another store than that of the sessions. */
  readonly durable?: Pick<Store, "documents" | "feed"> | undefined;
  /** Where their words are kept; of these stores alone. */
  readonly index: SearchIndex;
  /**
   * What can be found, of all tenants or of each. Must be the same for a tenant at any time, and in all processes that share
   * the index: with another one, everything is looked at again.
   */
  readonly policy?: IndexingPolicy | ((tenant: string) => IndexingPolicy) | undefined;
  /**
   * The text of a memory, or of a document of the application; `undefined` for one that is not to be found. All strings of its
   * value, each on a line of its own, when left out. Must answer the same for the same document.
   */
  readonly textOf?: ((document: Document) => string | undefined) | undefined;
  /**
   * Adds the meaning of texts to their words. When it fails or is too slow, `onError` is told, it is left alone for half a
   * minute, searches answer by words and say so, and what is indexed meanwhile gets its vectors later.
   */
  readonly embedder?: Embedder | undefined;
  /** How long the embedder may take for a query, and for each 32 texts that are indexed; 10,000 when left out. */
  readonly embedTimeoutMs?: number | undefined;
  /** Orders the best candidates anew. When it fails or is too slow, they stay in their order, and the result says so. */
  readonly reranker?: Reranker | undefined;
  /** How long the reranker may take; 3,000 when left out. */
  readonly rerankTimeoutMs?: number | undefined;
  /** How many candidates the reranker gets; 30 when left out, and never less than the hits that are asked for. */
  readonly rerankCandidates?: number | undefined;
  /** The language of all messages; guessed for each session from its first messages when left out. */
  readonly language?: LanguageName | undefined;
  /**
   * Whether a search first brings the index up to date with the store, so that it finds what was written before it; true
   * when left out. With false, call `update` whenever it suits.
   */
  readonly updateBeforeSearch?: boolean | undefined;
  /** The system's clock when left out. */
  readonly clock?: Clock | undefined;
  /** Told of failures that searches get around. They are not reported anywhere else. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Recall over the messages and documents of a store. */
export interface StoreRecall extends Recall {
  /**
   * Brings the index up to date with what the store wrote for the tenant, and answers how many sessions and owners of
   * documents were looked at. Then, as `reindex` for the same model, what waits to be written again. Calls for one tenant
   * at the same time share the work. `onProgress` is told after each page.
   */
  update(tenant: string, options?: IndexOptions): Promise<number>;
  /**
   * Writes again what another version of the analysis or another model wrote, and makes the model of this process that of the
   * index. Searches answer meanwhile, by words alone until vectors are back. Continues after a crash where it ended;
   * `onProgress` is told after each session and document. One process at a time does it in an index that is shared.
   *
   * @throws `conflict` with `details.conflict` = `lease` when another process is at it.
   */
  reindex(tenant: string, options?: IndexOptions): Promise<void>;
  /**
   * Removes what the index holds, at once, so that `createMemory({ indexes: [recall] })` empties it with an erasure. What
   * the store still has comes back with the next update.
   */
  remove(tenant: string, selector: SearchSelector, options?: CallOptions): Promise<number>;
}

const fields: FieldTable = fieldTable<RecallOptions>({
  store: "selects",
  durable: "refines",
  index: "selects",
  policy: "refines",
  textOf: "refines",
  embedder: "refines",
  embedTimeoutMs: "refines",
  reranker: "refines",
  rerankTimeoutMs: "refines",
  rerankCandidates: "refines",
  language: "refines",
  updateBeforeSearch: "refines",
  clock: "refines",
  onError: "refines",
});

const rewriteFields: FieldTable = fieldTable<IndexOptions>({ ...callKinds, onProgress: "refines" });

/** How long an embedder or a reranker is left alone after a failure. */
const restMs = 30_000;
/** How many more items than hits are scored, because some may be pieces of one text, or gone from the store. */
const spareItems = 32;
const nearestItems = 1000;
const ignore = (): void => undefined;

/**
 * Finds what was said in the sessions of a store: by words, with what question and answer, neighbours, session, speaker and
 * calendar tell; and by meaning with an embedder. The index follows the store through its change feed.
 *
 * A hit is read from the store before it is returned, so a search never returns what was erased, retracted or deleted.
 *
 * @throws `invalid-input` that names the option.
 *
 * @example
 * ```ts
 * import { createRecall, createSearchIndex } from "@relevo/semantic";
 * import { createMemoryStore } from "@relevo/store-memory";
 *
 * await using store = createMemoryStore();
 * const recall = createRecall({ store, index: createSearchIndex() });
 * await store.log.append({ tenant: "acme", session: "s" }, [
 *   { type: "message", body: { role: "user", content: "My dog is called Canelo." } },
 * ]);
 * const { hits } = await recall.search("acme", { text: "What is the name of the dog?" });
 * console.log(hits[0]?.text); // prints: My dog is called Canelo.
 * ```
 */
export function createRecall(given: RecallOptions): StoreRecall {
  const {
    store,
    durable = store,
    index,
    language,
    textOf,
    updateBeforeSearch = true,
    clock = systemClock,
    onError = ignore,
    ...parts
  } = admitFields(given, "options", fields);
  if (typeof store?.log?.read !== "function") throw refuse("options.store", "must be a store.");
  if (typeof durable?.documents?.find !== "function") throw refuse("options.durable", "must be a store.");
  if (typeof index?.read !== "function") throw refuse("options.index", "must be a search index.");
  if (language !== undefined && !languageNames.includes(language))
    throw refuse("options.language", `must be one of ${languageNames.join(", ")}.`);
  if (textOf !== undefined && typeof textOf !== "function")
    throw refuse("options.textOf", "must be a function.");
  if (parts.embedder !== undefined) requireEmbedder(parts.embedder);
  if (parts.reranker !== undefined && typeof parts.reranker?.rerank !== "function")
    throw refuse("options.reranker", "must be a reranker, with model and rerank().");
  const policyOf = admitPolicies(parts.policy);
  const timeout = (name: "embedTimeoutMs" | "rerankTimeoutMs", byDefault: number): number =>
    admitInteger(parts[name] ?? byDefault, `options.${name}`, 1, maxTimerMs);
  const patience = { clock, restMs, onError };
  const embedTimeoutMs = timeout("embedTimeoutMs", 10_000);
  const rerankTimeoutMs = timeout("rerankTimeoutMs", 3000);
  const embedder =
    parts.embedder && createPatientEmbedder(parts.embedder, { ...patience, timeoutMs: embedTimeoutMs });
  const reranker =
    parts.reranker && createPatientReranker(parts.reranker, { ...patience, timeoutMs: rerankTimeoutMs });
  const candidates = admitInteger(parts.rerankCandidates ?? 30, "options.rerankCandidates", 1, maxPageSize);
  const analysis = createAnalysis();
  const scratch = new Scratch();
  function workFor(tenant: string): FollowedStore {
    return { store, durable, index, analysis, embedder, language, textOf, onError, policy: policyOf(tenant) };
  }

  const keeper = createIndexKeeper({ workFor, embedder, onError });

  return {
    async search(tenantGiven: string, queryGiven: RecallQuery): Promise<RecallResult> {
      const tenant = admitTenant(tenantGiven, defaultLimits);
      const query = admitRecallQuery(queryGiven);
      const { text, limit = 10, neighbours = 0, explain = false, asker, importance, signal } = query;
      const call: CallOptions = { signal };
      if (updateBeforeSearch) await keeper.follow(tenant, call);
      const state = await index.state(tenant, call);
      if (updateBeforeSearch) keeper.rewriteBehind(tenant, state);
      if (text.trim() === "" || state.items === 0) return { hits: [], missing: [] };
      const work = workFor(tenant);
      const missing: MissingPart[] = [];
      const vector = await keeper.vectorOf(tenant, text, state, call);
      const isWhole = vector !== undefined && markOf(state)?.unembedded !== true;
      if (embedder !== undefined && !isWhole) missing.push("vectors");
      const wanted = reranker === undefined ? limit : Math.max(limit, candidates);
      const { weight = 0, halfLifeMs = defaultHalfLifeMs } = query.recency ?? {};
      const best = await askIndex(
        index,
        tenant,
        text,
        analysis,
        {
          state,
          filter: searchFilterOf(query, work.policy),
          now: query.now,
          asker,
          vector,
          nearest: nearestItems,
          recency: weight === 0 ? undefined : { weight, halfLifeMs, now: query.now ?? clock.now() },
          importance,
        },
        (reading, question) => scoreQuestion(reading, question, wanted + spareItems, scratch),
        call,
      );
      const options = { limit: wanted, neighbours, explain, users: query.users };
      let hits: readonly RecallHit[] = await readHits(work, tenant, best, options, call);
      if (reranker !== undefined) {
        const reranked = await reranker.rerank(text, hits, call);
        if (reranked === undefined) missing.push("reranking");
        hits = reranked ?? hits;
      }
      const inserts = !filtersTexts(query);
      hits = await placeSuperseding(work, tenant, hits.slice(0, limit), { ...options, inserts }, call);
      return { hits: hits.slice(0, limit), missing };
    },
    async update(tenantGiven: string, given?: IndexOptions): Promise<number> {
      const tenant = admitTenant(tenantGiven, defaultLimits);
      const options = admitRewrite(given);
      const call: CallOptions = { signal: options.signal };
      const units = await keeper.followPatiently(tenant, options);
      const mark = markOf(await index.state(tenant, call));
      if (isOfLaterVersion(mark) || !isPending(workFor(tenant), mark)) return units;
      await keeper.rewrite(tenant, options).catch((error: unknown) => {
        // Another process is at it.
        if (!isConflict(error, "lease")) throw error;
      });
      return units;
    },
    async reindex(tenantGiven: string, given?: IndexOptions): Promise<void> {
      const tenant = admitTenant(tenantGiven, defaultLimits);
      const options = admitRewrite(given);
      const call: CallOptions = { signal: options.signal };
      await keeper.followPatiently(tenant, options);
      if (isOfLaterVersion(markOf(await index.state(tenant, call))))
        throw new MemoryError(
          "unsupported",
          "A later version of this package writes the index. Update this process.",
        );
      await changeModel(workFor(tenant), tenant, call);
      await keeper.rewrite(tenant, options);
    },
    async remove(tenant: string, selector: SearchSelector, options?: CallOptions): Promise<number> {
      return await index.remove(admitTenant(tenant, defaultLimits), selector, admitCall(options));
    },
  };
}

/** Whether the query leaves texts out that are not of another kind or another person. */
function filtersTexts({ sessions, agents, namespaces, where, since, until }: RecallQuery): boolean {
  return [sessions, agents, namespaces, where, since, until].some((filter) => filter !== undefined);
}

function admitRewrite(given: IndexOptions | undefined): IndexOptions {
  const options = admitOptions(given, rewriteFields);
  throwIfAborted(options.signal);
  if (options.onProgress !== undefined && typeof options.onProgress !== "function")
    throw refuse("options.onProgress", "must be a function.");
  return options;
}

function requireEmbedder({ model, dimensions, embed }: Embedder): void {
  if (typeof model !== "string" || model === "" || typeof embed !== "function")
    throw refuse("options.embedder", "must be an embedder, with model, dimensions and embed().");
  admitInteger(dimensions, "options.embedder.dimensions", 1);
}

function admitPolicies(given: RecallOptions["policy"]): (tenant: string) => FollowedStore["policy"] {
  if (typeof given === "function")
    return (tenant) => admitPolicy(given(tenant), `options.policy(${JSON.stringify(tenant)})`);
  const policy = admitPolicy(given, "options.policy");
  return () => policy;
}
