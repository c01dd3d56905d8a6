export type { DocumentAddress, DocumentScope, SessionAddress } from "./address.ts";
export {
  type AdmittedDelete,
  type AdmittedDocument,
  type AdmittedDocumentTouch,
  type AdmittedFind,
  type AdmittedNamespaces,
  type AdmittedPut,
  admitDelete,
  admitDeleteMany,
  admitFind,
  admitGetMany,
  admitNamespaces,
  admitPut,
  admitPutMany,
  admitTouchDocument,
  admitUnitGuard,
} from "./admission/document-calls.ts";
export {
  type AdmittedEvent,
  admitEvent,
  admitEvents,
  admitEventType,
  checkRetraction,
  retractedRanges,
} from "./admission/events.ts";
export {
  admitFields,
  admitOptions,
  type FieldKind,
  type FieldKinds,
  type FieldTable,
  fieldTable,
  readInput,
  requireKnownFields,
  requireObject,
} from "./admission/fields.ts";
export {
  admitDocumentAddress,
  admitDocumentScope,
  admitId,
  admitNamespace,
  admitOptionalId,
  admitSessionAddress,
  admitTags,
  admitTenant,
} from "./admission/ids.ts";
export { type AdmittedJson, admitJson, admitMetadata } from "./admission/json.ts";
export {
  type AdmittedAppend,
  type AdmittedGuard,
  type AdmittedListSessions,
  type AdmittedRead,
  type AdmittedScan,
  type AdmittedSessionGuard,
  type AdmittedTouch,
  type AdmittedTrim,
  admitAppend,
  admitCall,
  admitDeleteSession,
  admitErase,
  admitExport,
  admitGuard,
  admitListSessions,
  admitRead,
  admitScan,
  admitTouch,
  admitTrim,
  admitUnseal,
} from "./admission/log-calls.ts";
export { admitMessage, type MessageOrigin } from "./admission/message.ts";
export {
  abortError,
  admitChoice,
  admitInteger,
  admitLimit,
  admitNullableTtl,
  admitOptionalInteger,
  admitRanges,
  admitTime,
  admitTtl,
  defaultPageSize,
  maxImportedVersion,
  maxPageSize,
  throwIfAborted,
} from "./admission/numbers.ts";
export { callKinds, guardKinds, pageKinds } from "./admission/option-kinds.ts";
export { readArray } from "./admission/read-array.ts";
export { refuse, tooLarge } from "./admission/refuse.ts";
export {
  type AdmittedTransferBatch,
  type AdmittedTransferHead,
  admitTransferBatch,
  compareCopies,
} from "./admission/transfer-batch.ts";
export {
  type AdmittedAcquire,
  type AdmittedTenants,
  admitAcquire,
  admitExpire,
  admitRenew,
  admitTenants,
} from "./admission/upkeep-calls.ts";
export { admitViewForm } from "./admission/view-form.ts";
export { admitWhere } from "./admission/where.ts";
export { type Clock, createManualClock, type ManualClock, systemClock } from "./clock.ts";
export { type ConflictKind, closedError, conflict, historyLost } from "./conflict.ts";
export { decodeCursor, encodeCursor } from "./cursor.ts";
export { createEventLoopPacer, type EventLoopPacer } from "./event-loop.ts";
export {
  type EventBodies,
  type EventInput,
  type EventType,
  type ExecutionRecord,
  type ExecutionStatus,
  type HandoffArrangement,
  type HandoffContext,
  type HandoffPriority,
  type HandoffRecord,
  type HandoffStatus,
  isEvent,
  type Retraction,
  type SeqRange,
  type StoredEvent,
  type StoredEventOf,
  type Summary,
  type Tombstone,
} from "./events.ts";
export { type FindBounds, findBounds, findMatcher } from "./find.ts";
export { canonicalJson, fingerprint } from "./fingerprint.ts";
export { createUuidGenerator, type IdGenerator } from "./id-generator.ts";
export type { JsonArray, JsonObject, JsonValue } from "./json.ts";
export { defaultLimits, type LimitOverrides, type Limits, resolveLimits } from "./limits.ts";
export { MemoryError, type MemoryErrorCode, type MemoryErrorOptions, type Outcome } from "./memory-error.ts";
export {
  type ContentPart,
  type FilePart,
  type ImagePart,
  type Message,
  type NativePart,
  type Provider,
  type ReasoningPart,
  type Role,
  type TextPart,
  type ToolApprovalRequestPart,
  type ToolApprovalResponsePart,
  type ToolCallPart,
  type ToolResultPart,
  textOf,
} from "./message.ts";
export {
  beginsLikePattern,
  matchesNamespace,
  namespaceListStart,
  placeBehindNamespace,
} from "./namespace-list.ts";
export { compareNamespaces, compareUtf8, documentSortKey, namespaceSortPrefix, sessionKey } from "./order.ts";
export type { CallOptions, Page, PageOptions } from "./ports/common.ts";
export type {
  DeleteDocumentOptions,
  Document,
  DocumentDelete,
  DocumentInput,
  DocumentStore,
  DocumentWrite,
  FindOptions,
  NamespacesOptions,
  PutOptions,
  TouchDocumentOptions,
} from "./ports/document-store.ts";
export {
  type AppendOptions,
  type AppendResult,
  type DeleteSessionOptions,
  type EraseOptions,
  type EraseResult,
  type EventLog,
  type EventScan,
  type EventTransfer,
  type ExportOptions,
  isEventScan,
  isEventTransfer,
  type ListSessionsOptions,
  type Operation,
  type OperationRecord,
  type ReadOptions,
  type ReadResult,
  type ScannedEvent,
  type ScanOptions,
  type SessionGuard,
  type SessionHead,
  type SessionInit,
  type TouchOptions,
  type TransferBatch,
  type TrimOptions,
  type TrimResult,
  type UnsealOptions,
} from "./ports/event-log.ts";
export type { HandoffHandle, HandoffRecorder, HandoffStart } from "./ports/handoff-recorder.ts";
export type { AcquireOptions, Lease, LeaseHolder, Leases, RenewOptions } from "./ports/leases.ts";
export type { Embedder, Summarizer, SummaryRequest, TokenCounter } from "./ports/models.ts";
export type { Recall, RecallHit, RecallQuery } from "./ports/recall.ts";
export type {
  CandidateQuery,
  DirtyUnit,
  ScoredItem,
  SearchIndex,
  SearchItem,
  SearchSelector,
  SearchSource,
} from "./ports/search-index.ts";
export type { Durability, ExpireOptions, ExpireResult, Maintenance, Store } from "./ports/store.ts";
export type { DroppedRange, View, ViewForm, ViewSource, ViewStrategy } from "./ports/view-strategy.ts";
export { printable } from "./printable.ts";
export { countRanges, normalizeRanges, rangesInclude, rangesIntersect, rangesOf } from "./ranges.ts";
export { allPages, readAll } from "./read-all.ts";
export {
  addRemoval,
  maxRemovedRanges,
  mergeRemovals,
  type RemovedRange,
  wasRemovedSince,
} from "./removals.ts";
export { searchableText } from "./searchable-text.ts";
export { type UpdateOptions, updateDocument } from "./update-document.ts";
export {
  jsonEquals,
  valueAt,
  type Where,
  type WhereCondition,
  type WherePath,
  type WhereSubject,
} from "./where.ts";
export { whereMatcher, whereOperators } from "./where-matcher.ts";
