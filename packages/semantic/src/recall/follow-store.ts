import {
  allPages,
  type CallOptions,
  type ChangedUnit,
  type JsonObject,
  MemoryError,
  type SearchStream,
  type Store,
} from "@relevo/core";
import { analysisVersion } from "../analysis/create-analysis.ts";
import { type DocumentIndexing, indexDocuments } from "./index-documents.ts";
import { indexSession, lacksVectors } from "./index-session.ts";

/** How far an index has followed a store, as the index keeps it. */
interface Mark {
  readonly cursor?: string;
  /** What the index was written with; anything else has to be rebuilt. */
  readonly analysis: number;
  readonly embedder: string | null;
  /** The namespaces of documents that are indexed, as text. */
  readonly documents: string;
  /** True when the embedder failed, and streams may wait for their vectors. */
  readonly unembedded?: boolean;
}

export interface FollowedStore extends DocumentIndexing {
  readonly store: Pick<Store, "log" | "documents" | "feed">;
}

const unitsAtOnce = 100;

/**
 * Brings the index up to date with everything that the store has written for the tenant, and answers how many units were
 * looked at. The cursor is stored when the units of its page are indexed, so that a crash repeats them and loses none.
 * When the analysis, the embedding model or the namespaces are others than the index was written with, or the store no
 * longer reaches back to the cursor, the index is rebuilt.
 *
 * @throws `unsupported` when the store has no change feed.
 */
export async function followStore(work: FollowedStore, tenant: string, call: CallOptions): Promise<number> {
  const { store, index } = work;
  if (store.feed === undefined)
    throw new MemoryError("unsupported", "The store has no change feed, so recall cannot follow it.");
  const wanted: Omit<Mark, "cursor"> = {
    analysis: analysisVersion,
    embedder: work.embedder?.model ?? null,
    documents: JSON.stringify(work.documents?.namespaces ?? []),
  };
  let mark = (await index.state(tenant, call)).mark as unknown as Mark | undefined;
  if (mark === undefined || !isWrittenFor(mark, wanted)) {
    await index.remove(tenant, { all: true }, call);
    mark = wanted;
    await index.mark(tenant, mark as unknown as JsonObject, call);
  }
  if (mark.unembedded === true && work.embedder?.isReady() === true) {
    const failures = work.embedder.failures();
    await embedTheRest(work, tenant, call);
    if (work.embedder.failures() === failures) {
      mark = { ...mark, unembedded: false };
      await index.mark(tenant, mark as unknown as JsonObject, call);
    }
  }
  let units = 0;
  for (;;) {
    const page = await changesAfter(store.feed, tenant, mark.cursor, call);
    if (page === undefined) {
      await index.remove(tenant, { all: true }, call);
      mark = wanted;
      continue;
    }
    const failures = work.embedder?.failures();
    for (const unit of page.units) await indexUnit(work, tenant, unit, call);
    units += page.units.length;
    if (page.cursor !== mark.cursor) {
      const unembedded: boolean =
        mark.unembedded === true ||
        work.embedder?.isReady() === false ||
        work.embedder?.failures() !== failures;
      mark = { ...wanted, cursor: page.cursor, unembedded };
      await index.mark(tenant, mark as unknown as JsonObject, call);
    }
    if (!page.more) return units;
  }
}

/** Indexes what waits for its vectors, until the embedder fails again. */
async function embedTheRest(work: FollowedStore, tenant: string, call: CallOptions): Promise<void> {
  const states = allPages((page) => work.index.streams(tenant, { all: true }, { ...page, ...call }));
  for await (const state of states) {
    if (work.embedder?.isReady() !== true) return;
    if (lacksVectors(state)) await indexUnit(work, tenant, unitOfStream(state.stream), call);
  }
}

function unitOfStream(stream: SearchStream): ChangedUnit {
  if (stream.session !== undefined) return { kind: "session", session: stream.session };
  const namespace = stream.kind === "document" ? stream.namespace.slice(0, 2) : [];
  return { kind: "owner", namespace };
}

function isWrittenFor(mark: Mark, wanted: Omit<Mark, "cursor">): boolean {
  return (
    mark.analysis === wanted.analysis &&
    mark.embedder === wanted.embedder &&
    mark.documents === wanted.documents
  );
}

/** `undefined` when the store no longer reaches back to the cursor. */
async function changesAfter(
  feed: NonNullable<Store["feed"]>,
  tenant: string,
  cursor: string | undefined,
  call: CallOptions,
): Promise<Awaited<ReturnType<typeof feed.changes>> | undefined> {
  try {
    return await feed.changes(tenant, {
      ...(cursor === undefined ? {} : { cursor }),
      limit: unitsAtOnce,
      ...call,
    });
  } catch (error) {
    if (cursor !== undefined && MemoryError.isInstance(error, "history-lost")) return undefined;
    throw error;
  }
}

async function indexUnit(
  work: FollowedStore,
  tenant: string,
  unit: ChangedUnit,
  call: CallOptions,
): Promise<void> {
  if (unit.kind === "session") await indexSession(work, tenant, unit.session, call);
  else await indexDocuments(work, tenant, unit.namespace, call);
}
