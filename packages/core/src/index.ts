export {
  type DocumentAddress,
  type DocumentScope,
  type SessionAddress,
  type Unit,
  unitOf,
} from "./address.ts";
export { type Clock, createManualClock, type ManualClock, systemClock } from "./clock.ts";
export {
  type EventBodies,
  type EventInput,
  type EventType,
  type ExecutionRecord,
  type ExecutionStatus,
  type HandoffArrangement,
  type HandoffContext,
  type HandoffMode,
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
export { canonicalJson, fingerprint } from "./fingerprint.ts";
export { createUuidGenerator, type IdGenerator } from "./id-generator.ts";
export { type ConflictKind, isConflict } from "./input/conflict.ts";
export type { JsonArray, JsonObject, JsonValue } from "./json.ts";
export { defaultLimits, type LimitOverrides, type Limits } from "./limits.ts";
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
export type { BelowPage, BelowPart } from "./ports/below-page.ts";
export type {
  ChangedOwner,
  ChangedSession,
  ChangedUnit,
  ChangeFeed,
  ChangesOptions,
  ChangesPage,
} from "./ports/change-feed.ts";
export type { CallOptions, Page, PageOptions } from "./ports/common.ts";
export type { DocumentSource, DocumentSources, EventSource } from "./ports/document-sources.ts";
export type {
  CountOptions,
  DeleteDocumentOptions,
  Document,
  DocumentDelete,
  DocumentInput,
  DocumentStore,
  DocumentWrite,
  DocumentWriteOptions,
  FindOptions,
  NamespacesOptions,
  PutOptions,
  TouchDocumentOptions,
} from "./ports/document-store.ts";
export {
  type DocumentBatch,
  type DocumentTransfer,
  type EraseDerivedOptions,
  type ImportDocumentsResult,
  isDocumentTransfer,
  type TransferredDocument,
} from "./ports/document-transfer.ts";
export type {
  AppendOptions,
  AppendResult,
  ChangedHead,
  DeleteSessionOptions,
  EraseOptions,
  EraseResult,
  EventLog,
  ListSessionsOptions,
  Operation,
  OperationRecord,
  OperationResult,
  ReadOptions,
  ReadResult,
  SealOptions,
  SessionGuard,
  SessionHead,
  SessionInit,
  TouchOptions,
  TrimOptions,
  TrimResult,
} from "./ports/event-log.ts";
export type { ScannedEvent, ScanOptions } from "./ports/event-scan.ts";
export {
  type EventTransfer,
  type ExportOptions,
  type ImportOptions,
  isEventTransfer,
  type TransferBatch,
} from "./ports/event-transfer.ts";
export type { HandoffHandle, HandoffRecorder, HandoffStart } from "./ports/handoff-recorder.ts";
export { type InProcessLog, isInProcessLog } from "./ports/in-process-log.ts";
export type { AcquireOptions, Lease, LeaseHolder, Leases, RenewOptions } from "./ports/leases.ts";
export type {
  Embedder,
  FactRequest,
  FactWriter,
  Reranker,
  RerankRequest,
  SpokenMessage,
  Summarizer,
  SummaryRequest,
  TokenCounter,
  WrittenFact,
} from "./ports/models.ts";
export type {
  MissingPart,
  Recall,
  RecalledText,
  RecallHit,
  RecallPlace,
  RecallQuery,
  RecallResult,
  Recency,
  SupersedingDocument,
} from "./ports/recall.ts";
export {
  isSharedIndex,
  type SearchChange,
  type SearchFilter,
  type SearchIndex,
  type SearchIndexState,
  type SearchItem,
  type SearchPostings,
  type SearchReading,
  type SearchRequest,
  type SearchSelector,
  type SearchSource,
  type SearchStream,
  type SearchStreamState,
  type SearchTerm,
  type SharedSearchIndex,
} from "./ports/search-index.ts";
export type {
  SessionObject,
  SessionReference,
  SessionTurn,
  SessionWriteGuard,
} from "./ports/session-reference.ts";
export type { Durability, ExpireOptions, ExpireResult, Maintenance, Store } from "./ports/store.ts";
export type { TokenChange } from "./ports/token-change.ts";
export type {
  DroppedRange,
  View,
  ViewAllowance,
  ViewForm,
  ViewReads,
  ViewRequest,
  ViewSource,
  ViewStrategy,
} from "./ports/view-strategy.ts";
export { printable } from "./printable.ts";
export { allPages, readAll, readPages } from "./read-all.ts";
export { type RecalledBlock, type RenderRecalledOptions, renderRecalled } from "./render-recalled.ts";
export { type UpdateOptions, updateDocument } from "./update-document.ts";
export type { Where, WhereCondition, WherePath, WhereSubject } from "./where.ts";
