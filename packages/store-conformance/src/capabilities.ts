import {
  type DocumentStore,
  type DocumentTransfer,
  type EventLog,
  type EventTransfer,
  isDocumentTransfer,
  isEventTransfer,
} from "@relevo/core";
import type { CaseContext, ConformanceCase, StoreFixture } from "./harness.ts";

/** A log with its second interface of the port. */
export type FullLog = EventLog & EventTransfer;

/** A document store with its second interface of the port. */
export type FullDocuments = DocumentStore & DocumentTransfer;

/** Capabilities that the case needs and this fixture lacks. */
export function missingCapabilities(
  entry: ConformanceCase,
  fixture: Omit<StoreFixture, typeof Symbol.asyncDispose>,
): readonly string[] {
  const present = {
    transfer: isEventTransfer(fixture.store.log),
    documentTransfer: isDocumentTransfer(fixture.store.documents),
    leases: fixture.store.leases !== undefined,
    feed: fixture.store.feed !== undefined,
    maintenance: fixture.store.maintenance !== undefined,
    rewind: fixture.rewind !== undefined,
    loseSession: fixture.loseSession !== undefined,
    search: fixture.store.search !== undefined,
  };
  return (entry.needs ?? []).filter((capability) => !present[capability]);
}

/** Two handles on one set of data that documents and sessions can be moved in and out of. */
export interface TransferHandles {
  readonly log: FullLog;
  readonly documents: FullDocuments;
  /** Through the second handle. */
  readonly other: { readonly log: FullLog; readonly documents: FullDocuments };
}

/** Both handles with the transfer of documents, or `undefined` when the store does not offer it. */
export function transferHandles({ store, other }: CaseContext): TransferHandles | undefined {
  const [log, documents] = [store.log, store.documents];
  if (!isEventTransfer(log) || !isDocumentTransfer(documents)) return undefined;
  if (!isEventTransfer(other.log) || !isDocumentTransfer(other.documents)) return undefined;
  return { log, documents, other: { log: other.log, documents: other.documents } };
}

/** Both handles' logs with transfer, or `undefined` when the store does not offer it. */
export function transferLogs(
  context: CaseContext,
): readonly [EventLog & EventTransfer, EventLog & EventTransfer] | undefined {
  const { log } = context.store;
  const other = context.other.log;
  return isEventTransfer(log) && isEventTransfer(other) ? [log, other] : undefined;
}
