export { retractedRanges } from "../input/events.ts";
export { maxImportedVersion } from "../input/numbers.ts";
export { compareNamespaces, namespaceSortPrefix, sessionKey } from "../order.ts";
export { valueAt } from "../where.ts";
export type { Answer, ImportRefusal, Refusal } from "./answer.ts";
export { maxPinnedBelow, maxSummariesLookedAt, summariesInForce } from "./below-page.ts";
export { type CreatedStore, createStore, isCreatedStore } from "./create-store.ts";
export { decodeCursor, encodeCursor } from "./cursor.ts";
export type {
  AdmittedDocumentImport,
  AdmittedExportDocuments,
  AdmittedRestore,
} from "./document-batch.ts";
export type {
  AdmittedDelete,
  AdmittedDocument,
  AdmittedDocumentTouch,
  AdmittedDocumentWrite,
  AdmittedGet,
  AdmittedPut,
} from "./document-calls.ts";
export {
  type DocumentOperationRecord,
  type RecordedWrite,
  recordPut,
  replayDelete,
  replayPut,
} from "./document-operation.ts";
export {
  type AdmittedCount,
  type AdmittedFind,
  type AdmittedNamespaces,
  admitFind,
  type DocumentPosition,
} from "./document-queries.ts";
export type {
  Awaitable,
  DerivedRequest,
  DocumentDriver,
  DriverChanges,
  DriverDocuments,
  DriverPage,
  ErasedDocuments,
  FeedDriver,
  HeldLease,
  LeaseDriver,
  LeaseGrant,
  LeaseRequest,
  LogDriver,
  MaintenanceDriver,
  RemovedSource,
  ScanDriver,
  StoreDriver,
  TransferDriver,
} from "./driver.ts";
export { asOfVersion, type EventFilter, matchesFilter } from "./event-filter.ts";
export type { AdmittedChanges } from "./feed-calls.ts";
export { type FindBounds, findBounds, findMatcher } from "./find.ts";
export {
  createKeyValueDriver,
  type KeyRange,
  type KeyValueChange,
  type KeyValueCondition,
  type KeyValueDriver,
  type KeyValueDriverOptions,
  type KeyValueEntry,
  type KeyValueLimits,
  type KeyValueReadRequest,
  type KeyValueReadResult,
  type KeyValueSpace,
  type KeyVersion,
} from "./key-value/index.ts";
export type {
  AdmittedListSessions,
  AdmittedScan,
  ListPosition,
  ScanPosition,
} from "./list-calls.ts";

export {
  type AdmittedAppend,
  type AdmittedBelow,
  type AdmittedCall,
  type AdmittedDeleteSession,
  type AdmittedErase,
  type AdmittedGuard,
  type AdmittedOperation,
  type AdmittedRead,
  type AdmittedSessionCall,
  type AdmittedTouch,
  type AdmittedTrim,
  admitAppend,
} from "./log-calls.ts";
export {
  beginsLikePattern,
  matchesNamespace,
  namespaceListStart,
  placeBehindNamespace,
} from "./namespace-list.ts";
export { type ImportPlan, type ImportTarget, planImport } from "./plan-import.ts";
export { prefixEnd } from "./prefix-end.ts";
export {
  addRemoval,
  maxRemovedRanges,
  mergeRemovals,
  type RemovedRange,
  wasRemovedSince,
} from "./removals.ts";
export { retractionsOf } from "./retractions.ts";
export {
  admitSearchCall,
  admitSearchChange,
  admitSearchGroups,
  admitSearchMark,
  admitSearchPage,
  admitSearchRequest,
  admitSearchSelector,
} from "./search-calls.ts";
export {
  isOneEditAway,
  isSimilarTerm,
  mostSimilarTerms,
  searchStreamFilter,
  searchStreamKey,
  searchStreamPrefix,
  shortestSimilarTerm,
  similarPrefixLength,
} from "./search-matching.ts";
export { searchableText } from "./searchable-text.ts";
export { createTokenGenerator } from "./token-generator.ts";
export type { AdmittedTransferBatch, AdmittedTransferHead } from "./transfer-batch.ts";
export type { AdmittedExport, AdmittedImport, AdmittedSeal } from "./transfer-calls.ts";
export type { AdmittedAcquire, AdmittedExpire, AdmittedTenants } from "./upkeep-calls.ts";
export { whereMatcher, whereOperators } from "./where-matcher.ts";
