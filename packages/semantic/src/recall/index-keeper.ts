import { type CallOptions, isConflict, MemoryError, type SearchIndexState } from "@relevo/core";
import { abortable } from "@relevo/core/input";
import { type FollowedStore, followStore } from "./follow-store.ts";
import { hasVectorsOf, markOf } from "./index-mark.ts";
import { createBoundedEmbedder, type PatientEmbedder } from "./patient-embedder.ts";
import { type IndexOptions, type IndexProgress, isPending, rewriteIndex } from "./rewrite-index.ts";

export interface IndexKeeperOptions {
  readonly workFor: (tenant: string) => FollowedStore;
  readonly embedder: PatientEmbedder | undefined;
  readonly onError: (error: unknown) => void;
}

/** Keeps the index of each tenant up to date, with one round of each kind at a time. */
export interface IndexKeeper {
  /** Before a search: what has many texts to embed gets its words, and its vectors later. */
  follow(tenant: string, call: CallOptions): Promise<number>;
  /** With all vectors, and told to whoever wants to know how far it is. */
  followPatiently(tenant: string, options: IndexOptions): Promise<number>;
  rewrite(tenant: string, options: IndexOptions): Promise<void>;
  /** Searches do not wait for what is written again. */
  rewriteBehind(tenant: string, state: SearchIndexState): void;
  /** The vector of a question; `undefined` when there is none, or none that the index can be asked with. */
  vectorOf(
    tenant: string,
    text: string,
    state: SearchIndexState,
    call: CallOptions,
  ): Promise<readonly number[] | undefined>;
}

/** A search does not wait for the vectors of a page with more new texts: it goes by words, and they come behind it. */
const embeddedBeforeSearch = 64;
/** Tenants whose mismatch of models was reported. */
const mostTold = 10_000;

export function createIndexKeeper({ workFor, embedder, onError }: IndexKeeperOptions): IndexKeeper {
  const updates = new Map<string, Promise<number>>();
  const listeners = new Map<string, Set<NonNullable<IndexOptions["onProgress"]>>>();
  const rewrites = new Map<string, Promise<void>>();
  const toldOf = new Set<string>();

  /** A listener must not end what others wait for. */
  function tell(listener: NonNullable<IndexOptions["onProgress"]>, progress: IndexProgress): void {
    try {
      listener(progress);
    } catch (error) {
      onError(error);
    }
  }

  /** `isPatient` when much may be embedded meanwhile. */
  async function followOnce(tenant: string, isPatient: boolean, { signal }: CallOptions): Promise<number> {
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
      const work = workFor(tenant);
      const quick = embedder && createBoundedEmbedder(embedder, embeddedBeforeSearch);
      const onUnits = (done: number): void => {
        for (const listener of listeners.get(tenant) ?? [])
          tell(listener, { tenant, step: "following", done });
      };
      running = followStore(isPatient ? work : { ...work, embedder: quick }, tenant, onUnits, {}).finally(
        () => updates.delete(tenant),
      );
      updates.set(tenant, running);
    }
    return await abortable(running, { signal });
  }

  async function followPatiently(tenant: string, { onProgress, signal }: IndexOptions): Promise<number> {
    const all = listeners.get(tenant) ?? new Set();
    listeners.set(tenant, all);
    if (onProgress !== undefined) all.add(onProgress);
    try {
      return await followOnce(tenant, true, { signal });
    } finally {
      if (onProgress !== undefined) all.delete(onProgress);
      if (all.size === 0) listeners.delete(tenant);
    }
  }

  /** One at a time; what an earlier one has done is not done again. */
  async function rewrite(tenant: string, options: IndexOptions): Promise<void> {
    for (let earlier = rewrites.get(tenant); earlier !== undefined; earlier = rewrites.get(tenant))
      await abortable(
        earlier.catch(() => undefined),
        { signal: options.signal },
      );
    const running = rewriteIndex(workFor(tenant), tenant, options).finally(() => rewrites.delete(tenant));
    rewrites.set(tenant, running);
    await running;
  }

  function rewriteBehind(tenant: string, state: SearchIndexState): void {
    if (rewrites.has(tenant) || !isPending(workFor(tenant), markOf(state))) return;
    rewrite(tenant, {}).catch((error: unknown) => {
      // Another process is at it.
      if (!isConflict(error, "lease")) onError(error);
    });
  }

  async function vectorOf(
    tenant: string,
    text: string,
    state: SearchIndexState,
    call: CallOptions,
  ): Promise<readonly number[] | undefined> {
    if (embedder === undefined) return undefined;
    const mark = markOf(state);
    if (hasVectorsOf(mark, embedder.model)) return (await embedder.embed([text], call))?.[0];
    if (mark?.embedder !== embedder.model && !toldOf.has(tenant)) {
      if (toldOf.size === mostTold) toldOf.clear();
      toldOf.add(tenant);
      onError(
        new MemoryError(
          "unsupported",
          `The index has vectors of ${mark?.embedder}, which those of ${embedder.model} cannot be compared with. Searches go by words until recall.reindex(tenant) was run.`,
          { details: { reason: "model", tenant } },
        ),
      );
    }
    return undefined;
  }

  return {
    follow: (tenant, call) => followOnce(tenant, false, call),
    followPatiently,
    rewrite,
    rewriteBehind,
    vectorOf,
  };
}
