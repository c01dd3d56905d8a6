export type {
  AgentMemory,
  ChangeValue,
  EntriesOptions,
  ForgetOptions,
  HistoryListOptions,
  KeyedMemory,
  MemoryWriteOptions,
  RecallOptions,
  RememberOptions,
  RevertOptions,
  SupersedingOptions,
  TierEntriesOptions,
  TierOptions,
  UpdateMemoryOptions,
  UserNotes,
  UserReference,
  WorkingMemory,
} from "./agents/agent-memory.ts";
export type {
  ExecutionFilter,
  ExecutionsOptions,
  ExportExecutionsOptions,
  RecordedExecution,
} from "./agents/executions.ts";
export type {
  AgentPerformance,
  Feedback,
  HalfLife,
  LearningAgent,
  Outcome,
  PerformanceOptions,
  Recommendation,
  RecommendOptions,
  RecordOutcomeOptions,
  StrategyPerformance,
  SuccessRate,
} from "./agents/outcome.ts";
export type { MoveAllOptions } from "./archive/archive-calls.ts";
export type { MovedSession, MoveOptions } from "./archive/archive-session.ts";
export type {
  ArchivedSession,
  ArchiveIdleOptions,
  ArchiveIdleReport,
} from "./archive/list-archive.ts";
export type { SessionCacheOptions } from "./cache/cache-options.ts";
export { admitContextOptions } from "./context/admit-context.ts";
export type { ContextOptions, MemoryContext } from "./context/context.ts";
export type { ContextPart, LeftOut } from "./context/context-parts.ts";
export type { ContextBudget, ContextShares, PartBudget } from "./context/fit-context.ts";
export { type RenderedContext, renderContext } from "./context/render-context.ts";
export {
  createMemory,
  type Memory,
  type MemoryOptions,
  type OneStoreOptions,
  type TwoStoreOptions,
} from "./create-memory.ts";
export type { MemoryEntry, MemorySummary, Tier } from "./entries/entry.ts";
export type { KeyedValue } from "./entries/keyed-values.ts";
export type {
  EraseCounts,
  EraseOptions,
  EraseReport,
  EraseSelector,
  Hold,
  HoldSelector,
  OutOfReach,
} from "./erasure/erase-report.ts";
export type { HoldOptions } from "./erasure/holds.ts";
export { diffValues, type ValueChange } from "./history/diff-values.ts";
export type { HistoryOptions } from "./history/history-options.ts";
export type { PastEntry } from "./history/past-values.ts";
export type {
  Knowledge,
  KnowledgeEntriesOptions,
  KnowledgeEntry,
  KnowledgeText,
  KnowledgeWriteOptions,
  SimilarOptions,
} from "./knowledge/knowledge.ts";
export type { SessionUser, User, UserSessionsOptions } from "./people/user.ts";
export type { ExportProgressOptions } from "./portability/export-data.ts";
export type { ExportCounts, ExportHeader, ExportSelector } from "./portability/export-format.ts";
export type { ImportOptions, ImportReport } from "./portability/import-data.ts";
export type { TextSource } from "./portability/split-lines.ts";
export type { RecalledContext } from "./recall/recall-for-task.ts";
export type { RecallsOptions, RecordedRecall, RecordRecallsOptions } from "./recall/recorded-recall.ts";
export { type Importance, recencyUseAndWeight, type Use } from "./retention/importance.ts";
export type {
  ApplyOptions,
  DocumentSelection,
  EventSelection,
  RemovalOptions,
  RetentionPolicy,
} from "./retention/policy.ts";
export type { RetentionCounts, RetentionRecord } from "./retention/reports.ts";
export type { Retention, RetentionPlan, RetentionReport } from "./retention/retention.ts";
export type { CountUsesOptions } from "./retention/use-counts.ts";
export type { CopyHolder, CopySelector, MemoryStore } from "./runtime.ts";
export { currentSession } from "./scope.ts";
export type { OpenTurn, Session, TurnSession } from "./session/session.ts";
export type {
  ActivityOptions,
  HandoffActivity,
  OpenCall,
  SessionActivity,
} from "./session/session-activity.ts";
export type {
  AbandonOptions,
  AnswerPiece,
  AppendInput,
  EraseEventsOptions,
  EraseEventsResult,
  ExecutionInput,
  ForkOptions,
  ForkOrigin,
  LeaseOptions,
  MessagesOptions,
  NamedEvents,
  RecordExecutionOptions,
  ReplaceOptions,
  RetractNamedOptions,
  SessionAppendOptions,
  SessionMessage,
  SessionOptions,
  SessionWriteOptions,
  StreamOptions,
  TurnOptions,
  ViewBound,
  ViewOptions,
} from "./session/session-options.ts";
export type { SessionUsage } from "./session/usage.ts";
export {
  type MemoryFromEnvOptions,
  memoryFromEnv,
  type OpenedMemoryStores,
  type OpenedStore,
  type OpenStore,
} from "./settings/memory-from-env.ts";
export type { Environment, StoreSettings } from "./settings/read-settings.ts";
export type { SessionStats, StatsOptions, TenantStats } from "./stats/tenant-stats.ts";
export type { Tenant } from "./tenant.ts";
export type { ExplainedMessage, ExplainedView, ExplainOptions } from "./view/explain-view.ts";
export type { ViewRecordOptions } from "./view/view-record.ts";
export type {
  ImportResult,
  SharedMemory,
  Workspace,
  WorkspaceAccess,
  WorkspaceActor,
  WorkspaceGrant,
  WorkspaceParty,
  WorkspaceRefusal,
} from "./workspaces/workspace.ts";
