export { retractedRanges } from "../input/events.ts";
export { maxImportedVersion } from "../input/numbers.ts";
export { compareNamespaces, compareUtf8, namespaceSortPrefix, sessionKey } from "../order.ts";
export { valueAt } from "../where.ts";
export type { Answer, ImportRefusal, Refusal } from "./answer.ts";
export { type CreatedStore, createStore, isCreatedStore } from "./create-store.ts";
export { decodeCursor, encodeCursor } from "./cursor.ts";
export {
  type AdmittedDelete,
  type AdmittedDocument,
  type AdmittedDocumentTouch,
  type AdmittedFind,
  type AdmittedGet,
  type AdmittedNamespaces,
  type AdmittedPut,
  admitFind,
  type DocumentPosition,
} from "./document-calls.ts";
export type {
  Awaitable,
  DocumentDriver,
  DriverPage,
  HeldLease,
  LeaseDriver,
  LeaseGrant,
  LeaseRequest,
  LogDriver,
  MaintenanceDriver,
  ScanDriver,
  StoreDriver,
  TransferDriver,
} from "./driver.ts";
export { asOfVersion, type EventFilter, matchesFilter } from "./event-filter.ts";
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
export {
  type AdmittedAppend,
  type AdmittedCall,
  type AdmittedDeleteSession,
  type AdmittedErase,
  type AdmittedGuard,
  type AdmittedListSessions,
  type AdmittedOperation,
  type AdmittedRead,
  type AdmittedScan,
  type AdmittedSessionCall,
  type AdmittedTouch,
  type AdmittedTrim,
  admitAppend,
  type ScanPosition,
} from "./log-calls.ts";
export {
  beginsLikePattern,
  matchesNamespace,
  namespaceListStart,
  placeBehindNamespace,
} from "./namespace-list.ts";
export { type ImportPlan, type ImportTarget, planImport } from "./plan-import.ts";
export {
  addRemoval,
  maxRemovedRanges,
  mergeRemovals,
  type RemovedRange,
  wasRemovedSince,
} from "./removals.ts";
export { searchableText } from "./searchable-text.ts";
export type { AdmittedTransferBatch, AdmittedTransferHead } from "./transfer-batch.ts";
export type { AdmittedExport, AdmittedImport, AdmittedSeal } from "./transfer-calls.ts";
export type { AdmittedAcquire, AdmittedExpire, AdmittedTenants } from "./upkeep-calls.ts";
export { whereMatcher, whereOperators } from "./where-matcher.ts";
