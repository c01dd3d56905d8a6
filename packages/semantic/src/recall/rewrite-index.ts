import { allPages, type CallOptions, isConflict, isSharedIndex, type Lease, MemoryError } from "@relevo/core";
import { type FollowedStore, indexOrTell, unitOfStream, writerFor } from "./follow-store.ts";
import { type Mark, markOf, storeMark } from "./index-mark.ts";
import { isMadeBy, lacksVectors } from "./indexing.ts";

/** How far the work on an index has come. */
export interface IndexProgress {
  readonly tenant: string;
  /** `following` the store, or `rewriting` what another analysis or model wrote and adding vectors. */
  readonly step: "following" | "rewriting";
  /** Sessions and owners of documents that were followed; sessions and single documents that were looked at. */
  readonly done: number;
  /** How many there were at the start; not known while following. */
  readonly total?: number;
}

export interface IndexOptions extends CallOptions {
  readonly onProgress?: ((progress: IndexProgress) => void) | undefined;
}

const leaseMs = 60_000;
/** Renewed so often that a slow stream does not lose it. */
const streamsPerRenewal = 20;
/** A session of this name need not exist. */
const leaseSession = "relevo:recall";
const pageSize = 1000;

/** Whether something waits to be written again. */
export function isPending(work: FollowedStore, mark: Mark | undefined): boolean {
  if (mark === undefined) return false;
  return mark.rewriting !== undefined || (mark.unembedded === true && canEmbed(work, mark));
}

function canEmbed({ embedder }: FollowedStore, mark: Mark): boolean {
  return embedder?.isReady() === true && mark.embedder === embedder.model;
}

/**
 * Writes again what an older analysis or another model wrote, then adds the vectors that are missing. What is there is found
 * until it is replaced, by its words while models change. Each stream says what it was made by, so that a rewrite continues
 * after a crash where it ended.
 *
 * An index that processes share is rewritten by one of them, under a lease of the store.
 *
 * @throws `conflict` with `details.conflict` = `lease` when another process is at it.
 */
export async function rewriteIndex(
  work: FollowedStore,
  tenant: string,
  options: IndexOptions,
): Promise<void> {
  const call: CallOptions = { signal: options.signal };
  await using lease = await leaseOf(work, tenant, call);
  const { index } = work;
  const mark = markOf(await index.state(tenant, call));
  if (mark?.rewriting !== undefined) {
    await rewriteStreams(work, tenant, mark, lease, options);
    const { rewriting, ...done } = markOf(await index.state(tenant, call)) ?? mark;
    await storeMark(index, tenant, rewriting === "model" ? { ...done, unembedded: true } : done, call);
  }
  const now = markOf(await index.state(tenant, call));
  if (now?.unembedded !== true || !canEmbed(work, now)) return;
  const failures = work.embedder?.failures();
  await rewriteStreams(work, tenant, now, lease, options);
  const after = markOf(await index.state(tenant, call)) ?? now;
  if (work.embedder?.failures() !== failures) return;
  await storeMark(index, tenant, { ...after, unembedded: false }, call);
  // A process whose embedder was down may have said so just before.
  const left = allPages((page) =>
    index.streams(tenant, { all: true }, { ...page, ...call, limit: pageSize }),
  );
  for await (const state of left) {
    if (!lacksVectors(state)) continue;
    const last = markOf(await index.state(tenant, call)) ?? after;
    await storeMark(index, tenant, { ...last, unembedded: true }, call);
    return;
  }
}

/** Makes the model of this process that of the index, and drops the vectors of the other. */
export async function changeModel(
  { index, embedder }: FollowedStore,
  tenant: string,
  call: CallOptions,
): Promise<void> {
  const mark = markOf(await index.state(tenant, call));
  if (mark === undefined || embedder === undefined || mark.embedder === embedder.model) return;
  await storeMark(index, tenant, { ...mark, embedder: embedder.model, rewriting: "model" }, call);
}

async function rewriteStreams(
  work: FollowedStore,
  tenant: string,
  mark: Mark,
  lease: HeldLease,
  { signal, onProgress }: IndexOptions,
): Promise<void> {
  const call: CallOptions = { signal };
  const writer = writerFor(work, mark);
  const all = () =>
    allPages((page) => work.index.streams(tenant, { all: true }, { ...page, ...call, limit: pageSize }));
  let total = 0;
  for await (const _ of all()) total++;
  let done = 0;
  const seen = new Set<string>();
  for await (const state of all()) {
    const unit = unitOfStream(state.stream);
    // The documents of one owner, or of one session, are written together.
    const name = JSON.stringify(unit);
    if (!seen.has(name) && (!isMadeBy(writer, state) || lacksVectors(state))) {
      seen.add(name);
      await indexOrTell(writer, tenant, unit, call);
    }
    done++;
    if (done % streamsPerRenewal === 0) await lease.renew(call);
    onProgress?.({ tenant, step: "rewriting", done, total: Math.max(done, total) });
    // Down again: the rest waits, and nobody waits for it.
    if (mark.rewriting === undefined && work.embedder?.isReady() !== true) return;
  }
}

interface HeldLease extends AsyncDisposable {
  renew(call: CallOptions): Promise<void>;
}

async function leaseOf(
  { index, store }: FollowedStore,
  tenant: string,
  { signal }: CallOptions,
): Promise<HeldLease> {
  // An index of this process alone has no other writer.
  if (!isSharedIndex(index) || store.leases === undefined)
    return { renew: async () => undefined, [Symbol.asyncDispose]: async () => undefined };
  let lease: Lease = await store.leases
    .acquire({ tenant, session: leaseSession }, { ttlMs: leaseMs, signal })
    .catch((error: unknown) => {
      if (!isConflict(error, "lease")) throw error;
      throw new MemoryError("conflict", "Another process is writing this index again.", {
        retryable: true,
        details: { conflict: "lease" },
        cause: error,
      });
    });
  return {
    async renew(call) {
      lease = await lease.renew(call);
    },
    // It ends by itself when the store cannot be reached.
    [Symbol.asyncDispose]: () => lease.release().catch(() => undefined),
  };
}
