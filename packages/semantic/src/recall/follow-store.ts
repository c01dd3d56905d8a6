import {
  allPages,
  type CallOptions,
  type ChangedUnit,
  MemoryError,
  type SearchStream,
  type Store,
} from "@relevo/core";
import { analysisVersion } from "../analysis/create-analysis.ts";
import { type DocumentIndexing, indexDocuments, indexSessionDocuments } from "./index-documents.ts";
import { isOfLaterVersion, type Mark, markOf, storeMark } from "./index-mark.ts";
import { indexSession } from "./index-session.ts";
import { createSleepingEmbedder } from "./patient-embedder.ts";

export interface FollowedStore extends DocumentIndexing {
  /** Told of what cannot be indexed. */
  readonly onError: (error: unknown) => void;
  readonly store: Pick<Store, "log" | "documents" | "feed" | "leases">;
  readonly durable: Pick<Store, "documents" | "feed">;
}

const unitsAtOnce = 100;

/** A feed with the place in the mark where its cursor is, and the units of it that are indexed. */
interface Source {
  readonly feed: NonNullable<Store["feed"]>;
  readonly cursor: "cursor" | "durableCursor";
  readonly takes: (unit: ChangedUnit) => boolean;
}

/**
 * Brings the index up to date with everything that the store has written for the tenant, and answers how many units were
 * looked at. The cursor is stored when the units of its page are indexed, so that a crash repeats them and loses none.
 *
 * When the analysis is newer, or the policy another one, or the store no longer reaches back to the cursor, everything
 * is looked at again; what is there is found until it has been written again. An index that a later version writes is left
 * to it.
 *
 * @throws `unsupported` when the store has no change feed.
 */
export async function followStore(
  work: FollowedStore,
  tenant: string,
  onUnits: (done: number) => void,
  call: CallOptions,
): Promise<number> {
  const sources = sourcesOf(work);
  const { index } = work;
  const found = markOf(await index.state(tenant, call));
  if (isOfLaterVersion(found)) return 0;
  let mark = await prepare(work, tenant, found, call);
  const writer = writerFor(work, mark);
  let units = 0;
  for (const { feed, cursor, takes } of sources) {
    for (;;) {
      const page = await changesAfter(feed, tenant, mark[cursor], call);
      if (page === undefined) {
        const { [cursor]: _, ...rest } = mark;
        mark = await storeMark(index, tenant, rest, call);
        await sweep(work, tenant, mark, call);
        continue;
      }
      const failures = writer.embedder?.failures();
      const taken = page.units.filter(takes);
      for (const unit of taken) await indexOrTell(writer, tenant, unit, call);
      units += taken.length;
      if (taken.length > 0) onUnits(units);
      if (page.cursor !== mark[cursor]) {
        const waits: boolean =
          writer.embedder?.isReady() === false || writer.embedder?.failures() !== failures;
        // Another process may have finished what was to be written again, or begun with something else.
        const now = markOf(await index.state(tenant, call)) ?? mark;
        if (!isSameWork(now, mark)) return units + (await followStore(work, tenant, onUnits, call));
        const unembedded = waits || now.unembedded === true;
        mark = await storeMark(index, tenant, { ...now, [cursor]: page.cursor, unembedded }, call);
      }
      if (!page.more) break;
    }
  }
  return units;
}

/** Whether the index takes what was written under the other mark. */
function isSameWork(now: Mark, mark: Mark): boolean {
  return now.embedder === mark.embedder && now.analysis === mark.analysis;
}

function sourcesOf({ store, durable }: FollowedStore): readonly Source[] {
  const { feed } = store;
  const durableFeed = durable.feed;
  if (feed === undefined || durableFeed === undefined)
    throw new MemoryError("unsupported", "The store has no change feed, so recall cannot follow it.");
  if (durable === store) return [{ feed, cursor: "cursor", takes: () => true }];
  return [
    { feed, cursor: "cursor", takes: ({ kind }) => kind === "session" },
    { feed: durableFeed, cursor: "durableCursor", takes: ({ kind }) => kind === "owner" },
  ];
}

/** One session or owner that cannot be indexed must not keep all others from being found. */
export async function indexOrTell(
  work: FollowedStore,
  tenant: string,
  unit: ChangedUnit,
  call: CallOptions,
): Promise<void> {
  try {
    await indexUnit(work, tenant, unit, call);
  } catch (error) {
    if (!isAboutTheUnit(error)) throw error;
    work.onError(error);
  }
}

/** Another try would end the same way: the content cannot be read, or is refused by the index, or has no text. */
function isAboutTheUnit(error: unknown): boolean {
  return (["corrupt", "too-large", "invalid-input"] as const).some((code) =>
    MemoryError.isInstance(error, code),
  );
}

/** The mark that this process continues with. */
async function prepare(
  work: FollowedStore,
  tenant: string,
  found: Mark | undefined,
  call: CallOptions,
): Promise<Mark> {
  const { index, policy } = work;
  const model = work.embedder?.model ?? null;
  if (found === undefined) {
    await index.remove(tenant, { all: true }, call);
    const first = { analysis: analysisVersion, embedder: model, policy: policy.fingerprint };
    return await storeMark(index, tenant, first, call);
  }
  let mark = found;
  if (mark.analysis < analysisVersion) mark = { ...mark, analysis: analysisVersion, rewriting: "analysis" };
  // Without vectors so far, so none of another model.
  if (mark.embedder === null && model !== null) mark = { ...mark, embedder: model, unembedded: true };
  if (mark.policy !== policy.fingerprint) {
    const { cursor: _, durableCursor: __, ...rest } = mark;
    mark = { ...rest, policy: policy.fingerprint };
    await sweep(work, tenant, mark, call);
  }
  return mark === found ? mark : await storeMark(index, tenant, mark, call);
}

/** Indexing with the embedder, as long as its vectors go with those of the index. What waits for vectors gets them later. */
export function writerFor<Work extends FollowedStore>(work: Work, mark: Mark): Work {
  const { embedder, rewriting } = mark;
  if (embedder === null || (embedder === work.embedder?.model && rewriting !== "model")) return work;
  return { ...work, embedder: createSleepingEmbedder(embedder) };
}

/** Looks at everything that the index holds, so that what the policy leaves out or the store no longer has goes. */
async function sweep(work: FollowedStore, tenant: string, mark: Mark, call: CallOptions): Promise<void> {
  const sweeping = { ...writerFor(work, mark), sweeps: true };
  const seen = new Set<string>();
  const states = allPages((page) => work.index.streams(tenant, { all: true }, { ...page, ...call }));
  for await (const { stream } of states) {
    const unit = unitOfStream(stream);
    const name = JSON.stringify(unit);
    if (seen.has(name)) continue;
    seen.add(name);
    await indexOrTell(sweeping, tenant, unit, call);
  }
}

export function unitOfStream(stream: SearchStream): ChangedUnit {
  if (stream.session !== undefined) return { kind: "session", session: stream.session };
  const namespace = stream.kind === "document" ? stream.namespace.slice(0, 2) : [];
  return { kind: "owner", namespace };
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
  if (unit.kind === "owner") {
    await indexDocuments(work, tenant, unit.namespace, call);
    return;
  }
  const { session } = unit;
  if (work.policy.messages) await indexSession(work, tenant, session, call);
  else if (work.sweeps === true || (await work.store.log.head({ tenant, session }, call)) === undefined)
    await work.index.remove(tenant, { session }, call);
  await indexSessionDocuments(work, tenant, session, call);
}
