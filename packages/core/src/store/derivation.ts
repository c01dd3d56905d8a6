import type { DocumentAddress, SessionAddress } from "../address.ts";
import { fingerprint } from "../fingerprint.ts";
import { conflict } from "../input/conflict.ts";
import { rangesOf } from "../input/ranges.ts";
import { MemoryError } from "../memory-error.ts";
import type { DocumentSources } from "../ports/document-sources.ts";
import type { Document } from "../ports/document-store.ts";
import type { EraseResult } from "../ports/event-log.ts";
import { afterWrite } from "./after-write.ts";
import type { AdmittedDelete, AdmittedDocument, AdmittedPut } from "./document-calls.ts";
import type { RemovedSource, StoreDriver } from "./driver.ts";
import { erasedSources, type RestoredDocuments, smallestExport } from "./erased-sources.ts";
import type { AdmittedErase } from "./log-calls.ts";
import { wasRemovedSince } from "./removals.ts";
import { settle } from "./settle.ts";

/** Documents that one step removes. */
const batch = 100;

/** What the seam does so that no document outlives what it is derived from. */
export interface Derivation {
  /**
   * The writes whose sources are all there; not those that leave standing what was derived already.
   *
   * @throws `conflict` when a source of one of the writes was removed since it was read.
   */
  requireSources(request: AdmittedPut): Promise<readonly AdmittedDocument[]>;
  /** As `requireSources`, after the write: it removes what was stored, when a removal has overtaken one of these. */
  keepSourced(
    request: AdmittedPut,
    sourced: readonly AdmittedDocument[],
    stored: readonly Document[],
  ): Promise<void>;
  followErase(request: AdmittedErase, result: EraseResult): Promise<EraseResult>;
  followDelete(request: AdmittedDelete): Promise<void>;
  /** Of a session that has moved to another store. */
  followMoved(address: SessionAddress, incarnation: string): Promise<readonly DocumentAddress[]>;
  /**
   * @throws `conflict` when one of the documents repeats an event that was erased here after the document was derived;
   *   `unsupported` for documents with sources, in a store that does not follow them.
   */
  requireUnerased(restored: RestoredDocuments, signal: AbortSignal | undefined): Promise<void>;
  /** As `requireUnerased`, after the write: it removes what repeats such an event. */
  keepUnerased(restored: RestoredDocuments): Promise<void>;
}

export function hasSources({
  writes,
}: {
  readonly writes: readonly { readonly derivedFrom: DocumentSources | undefined }[];
}): boolean {
  return writes.some(({ derivedFrom }) => derivedFrom !== undefined);
}

type Parts = Pick<StoreDriver, "documents" | "transfer" | "log">;

export function createDerivation({ documents, transfer, log }: Parts): Derivation {
  async function removedSource(
    tenant: string,
    { events, documents: sources = [] }: DocumentSources,
    signal: AbortSignal | undefined,
  ): Promise<MemoryError | undefined> {
    if (events !== undefined) {
      const { session, incarnation, removalRevision, ranges } = events;
      const address = { tenant, session };
      const page = await settle(transfer.export({ address, ...smallestExport, signal }));
      const current = page?.head.incarnation === incarnation ? page.head.removalRevision : undefined;
      const isGone =
        current === undefined ||
        removalRevision > current ||
        wasRemovedSince(page?.removed ?? [], removalRevision, ranges);
      if (isGone) return conflict("removal", { removalRevision: current ?? 0 });
    }
    if (sources.length === 0) return undefined;
    const addresses = sources.map(({ version: _, ...place }) => ({ tenant, ...place }));
    const found = await settle(documents.get({ addresses, signal }));
    const gone = sources.findIndex(({ version }, index) => found[index]?.version !== version);
    return gone === -1 ? undefined : conflict("removal", { version: found[gone]?.version ?? 0 });
  }

  /**
   * Whether the version that the write takes the place of names the same sources. An erasure of one would have removed it,
   * and whatever else has become of them lets it stand: so it can be noted at, too.
   */
  async function stands(
    { address, derivedFrom, expectedVersion = 0 }: AdmittedDocument,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    if (expectedVersion === 0) return false;
    const [current] = await settle(documents.get({ addresses: [address], signal }));
    const sources = current?.version === expectedVersion ? current.derivedFrom : undefined;
    return sources !== undefined && fingerprint(sources) === fingerprint(derivedFrom);
  }

  /** Removes what is derived from the source, and what is derived from that. Not aborted: half would stay. */
  async function eraseDerived(tenant: string, source: RemovedSource): Promise<DocumentAddress[]> {
    const all: DocumentAddress[] = [];
    if (documents.eraseDerived === undefined) return all;
    const pending: RemovedSource[] = [source];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const request = { tenant, source: next, limit: batch, signal: undefined };
      const { erased, more } = await settle(documents.eraseDerived(request));
      if (more) pending.push(next);
      if (erased.length === 0) continue;
      for (const address of erased) all.push(address);
      pending.push({ documents: erased });
    }
    return all;
  }

  function requireFollowing(): void {
    if (documents.eraseDerived === undefined)
      throw new MemoryError("unsupported", "This store does not follow derivedFrom of documents.");
  }

  return {
    async requireSources(request) {
      requireFollowing();
      const { scope, writes, signal } = request;
      const sourced: AdmittedDocument[] = [];
      for (const write of writes) {
        const removed = write.derivedFrom && (await removedSource(scope.tenant, write.derivedFrom, signal));
        if (removed === undefined) sourced.push(write);
        else if (!(await stands(write, signal))) throw removed;
      }
      return sourced;
    },

    async keepSourced(request, sourced, stored) {
      const removed = await afterWrite(async () => {
        let found: MemoryError | undefined;
        for (const { derivedFrom } of sourced)
          found ??= derivedFrom && (await removedSource(request.scope.tenant, derivedFrom, undefined));
        if (found === undefined) return undefined;
        for (const [index, { address, sortKey }] of request.writes.entries()) {
          // What another writer has replaced, or the erasure has found, is gone either way.
          await documents.delete({
            ...request,
            deletes: [{ address, sortKey, expectedVersion: stored[index]?.version ?? 0 }],
            operation: undefined,
            signal: undefined,
          });
        }
        return found;
      });
      // Nothing of it is left: it was not applied.
      if (removed !== undefined) throw removed;
    },

    async followErase({ address, ranges, signal }, result) {
      if (documents.eraseDerived === undefined || ranges.length === 0) return result;
      return afterWrite(async () => {
        const head = await settle(log.head({ address, signal }));
        if (head === undefined) return result;
        const { tenant, session } = address;
        const { incarnation } = head;
        // The ranges too: what was trimmed before is not blank, but what was derived from it still tells of it.
        const removed = [...ranges, ...rangesOf(result.erased)];
        const erased = await eraseDerived(tenant, { session, incarnation, ranges: removed });
        return erased.length === 0 ? result : { ...result, documents: erased };
      });
    },

    async followDelete({ scope, deletes }) {
      if (documents.eraseDerived === undefined) return;
      const source = { documents: deletes.map(({ address }) => address) };
      await afterWrite(() => eraseDerived(scope.tenant, source));
    },

    followMoved: ({ tenant, session }, incarnation) =>
      eraseDerived(tenant, { session, incarnation, ranges: [{ from: 1, to: Number.MAX_SAFE_INTEGER }] }),

    async requireUnerased(restored, signal) {
      requireFollowing();
      const [first] = await erasedSources({ transfer, log }, restored, signal);
      if (first !== undefined) throw first.error;
    },

    async keepUnerased(restored) {
      const all = await erasedSources({ transfer, log }, restored, undefined);
      for (const { source } of all) await eraseDerived(restored.scope.tenant, source);
      if (all[0] !== undefined) throw all[0].error;
    },
  };
}
