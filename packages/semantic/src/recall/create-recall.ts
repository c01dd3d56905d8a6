import {
  type CallOptions,
  type Clock,
  defaultLimits,
  type Embedder,
  type Recall,
  type RecallHit,
  type RecallQuery,
  type SearchFilter,
  type SearchIndex,
  type SearchSelector,
  type Store,
  systemClock,
} from "@relevo/core";
import {
  abortable,
  admitCall,
  admitFields,
  admitNamespace,
  admitTenant,
  type FieldTable,
  fieldTable,
  maxPageSize,
  readArray,
  refuse,
} from "@relevo/core/input";
import { createAnalysis } from "../analysis/create-analysis.ts";
import { type LanguageName, languageNames } from "../analysis/language.ts";
import { askIndex } from "../question/ask-index.ts";
import { Scratch } from "../scoring/lexical.ts";
import { scoreQuestion } from "../scoring/score-question.ts";
import { type FollowedStore, followStore } from "./follow-store.ts";
import type { IndexedDocuments } from "./index-documents.ts";
import { createPatientEmbedder } from "./patient-embedder.ts";
import { readHits } from "./read-hits.ts";
import { admitQuery } from "./recall-options.ts";

export interface RecallOptions {
  /** Where the messages and documents are. It needs a change feed. Stays open. */
  readonly store: Pick<Store, "log" | "documents" | "feed">;
  /** Where their words are kept; of this store alone. */
  readonly index: SearchIndex;
  /** Which documents can be found too; none when left out. */
  readonly documents?: IndexedDocuments | undefined;
  /**
   * Adds the meaning of texts to their words. When it fails, `onError` is told, it is left alone for half a minute, searches
   * answer by words, and what is indexed meanwhile gets its vectors later.
   */
  readonly embedder?: Embedder | undefined;
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
   * Brings the index up to date with what the store wrote for the tenant, and answers how many sessions were looked at.
   * Calls for one tenant at the same time share the work.
   */
  update(tenant: string, options?: CallOptions): Promise<number>;
  /**
   * Removes what the index holds, at once, so that `createMemory({ indexes: [recall] })` empties it with an erasure. What
   * the store still has comes back with the next update.
   */
  remove(tenant: string, selector: SearchSelector, options?: CallOptions): Promise<number>;
}

const documentFields: FieldTable = fieldTable<IndexedDocuments>({ namespaces: "selects", text: "refines" });

const fields: FieldTable = fieldTable<RecallOptions>({
  store: "selects",
  index: "selects",
  documents: "refines",
  embedder: "refines",
  language: "refines",
  updateBeforeSearch: "refines",
  clock: "refines",
  onError: "refines",
});

/** How many more items than hits are scored, because some may be pieces of one text, or gone from the store. */
/** How long an embedder is left alone after a failure. */
const restMs = 30_000;
const ignore = (): void => undefined;
const spareItems = 32;
const nearestItems = 1000;

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
 * const [hit] = await recall.search("acme", { text: "What is the name of the dog?" });
 * console.log(hit?.text); // prints: My dog is called Canelo.
 * ```
 */
export function createRecall(given: RecallOptions): StoreRecall {
  const {
    store,
    index,
    language,
    updateBeforeSearch = true,
    clock = systemClock,
    onError = ignore,
    ...parts
  } = admitFields(given, "options", fields);
  if (typeof store?.log?.read !== "function") throw refuse("options.store", "must be a store.");
  if (typeof index?.read !== "function") throw refuse("options.index", "must be a search index.");
  if (language !== undefined && !languageNames.includes(language))
    throw refuse("options.language", `must be one of ${languageNames.join(", ")}.`);
  const analysis = createAnalysis();
  const scratch = new Scratch();
  const documents = parts.documents && admitDocuments(parts.documents);
  const embedder = parts.embedder && createPatientEmbedder(parts.embedder, { clock, restMs, onError });
  const work: FollowedStore = { store, index, analysis, documents, embedder, language };
  const updates = new Map<string, Promise<number>>();

  async function update(tenant: string, { signal }: CallOptions): Promise<number> {
    // A round that began earlier may have passed by what was written since; the next one has not.
    const earlier: Promise<unknown> | undefined = updates.get(tenant);
    if (earlier !== undefined)
      await abortable(
        earlier.catch(() => undefined),
        { signal },
      );
    let running = updates.get(tenant);
    if (running === undefined) {
      // Others may wait for it too, so no caller's signal ends it.
      running = followStore(work, tenant, {}).finally(() => updates.delete(tenant));
      updates.set(tenant, running);
    }
    return await abortable(running, { signal });
  }

  return {
    async search(tenantGiven: string, queryGiven: RecallQuery): Promise<readonly RecallHit[]> {
      const tenant = admitTenant(tenantGiven, defaultLimits);
      const query = admitQuery(queryGiven);
      const { text, limit = 10, neighbours = 0, explain = false, now, asker, signal } = query;
      const call: CallOptions = { signal };
      if (updateBeforeSearch) await update(tenant, call);
      const vector = (await embedder?.embed([text], call))?.[0];
      const best = await askIndex(
        index,
        tenant,
        text,
        analysis,
        { filter: filterOf(query), now, asker, vector, nearest: nearestItems },
        (reading, question) => scoreQuestion(reading, question, limit + spareItems, scratch),
        call,
      );
      return await readHits(work, tenant, best, { limit, neighbours, explain }, call);
    },
    async update(tenant: string, options?: CallOptions): Promise<number> {
      return await update(admitTenant(tenant, defaultLimits), admitCall(options));
    },
    async remove(tenant: string, selector: SearchSelector, options?: CallOptions): Promise<number> {
      return await index.remove(admitTenant(tenant, defaultLimits), selector, admitCall(options));
    },
  };
}

function admitDocuments(given: IndexedDocuments): IndexedDocuments {
  const { namespaces, text } = admitFields(given, "options.documents", documentFields);
  if (text !== undefined && typeof text !== "function")
    throw refuse("options.documents.text", "must be a function.");
  const field = "options.documents.namespaces";
  const admitted = readArray(namespaces, field, "an array of namespaces", maxPageSize).map((one, index) =>
    admitNamespace(one, `${field}[${index}]`, defaultLimits),
  );
  return { namespaces: admitted, text };
}

function filterOf(query: RecallQuery): SearchFilter {
  const { sessions, agents, users, namespaces, where, since, until } = query;
  return {
    ...(sessions === undefined ? {} : { sessions }),
    ...(agents === undefined ? {} : { agents }),
    ...(users === undefined ? {} : { subjects: users }),
    ...(namespaces === undefined ? {} : { namespaces }),
    ...(query.in === undefined
      ? {}
      : { kinds: query.in.map((place) => (place === "messages" ? "session" : "document")) }),
    ...(where === undefined ? {} : { where }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  };
}
