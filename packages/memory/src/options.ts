import type { CallOptions, PageOptions, RecallQuery, TouchOptions } from "@relevo/core";
import {
  callKinds,
  type FieldKinds,
  type FieldTable,
  fieldTable,
  pageKinds,
  recallKinds,
} from "@relevo/core/input";
import type {
  EntriesOptions,
  ForgetOptions,
  HistoryListOptions,
  MemoryWriteOptions,
  RecallOptions,
  RememberOptions,
  RevertOptions,
  SupersedingOptions,
  TierEntriesOptions,
  TierOptions,
  UpdateMemoryOptions,
} from "./agents/agent-memory.ts";
import type { ContextOptions } from "./context/context.ts";
import type { UserSessionsOptions } from "./people/user.ts";
import type { RecallsOptions } from "./recall/recorded-recall.ts";
import type { Session } from "./session/session.ts";
import type { ActivityOptions } from "./session/session-activity.ts";
import type {
  AbandonOptions,
  EraseEventsOptions,
  ExecutionInput,
  ForkOptions,
  LeaseOptions,
  MessagesOptions,
  NamedEvents,
  RecordExecutionOptions,
  ReplaceOptions,
  RetractNamedOptions,
  RetractOptions,
  SessionAppendOptions,
  SessionOptions,
  SessionWriteOptions,
  StreamOptions,
  TurnOptions,
  ViewOptions,
} from "./session/session-options.ts";
import type { ExplainOptions } from "./view/explain-view.ts";

// The options of each call, and whether they select or refine.

/** For calls on documents of a session. */
export type Fenced<Options> = Options & { readonly fence?: number };

export const sessionFields: FieldTable = fieldTable<SessionOptions>({
  subject: "selects",
  metadata: "refines",
  ttlMs: "refines",
  incarnation: "selects",
  onDispose: "refines",
});

const writeKinds: FieldKinds<SessionWriteOptions> = {
  ...callKinds,
  operationId: "selects",
  fence: "selects",
};

export const writeFields: FieldTable = fieldTable<SessionWriteOptions>(writeKinds);

export const appendFields: FieldTable = fieldTable<SessionAppendOptions>({
  ...writeKinds,
  expectedVersion: "selects",
  removalRevision: "selects",
  agent: "selects",
  ttlMs: "refines",
});

export const retractFields: FieldTable = fieldTable<RetractOptions>({ ...writeKinds, reason: "refines" });

export const messagesFields: FieldTable = fieldTable<MessagesOptions>({
  ...callKinds,
  limit: "refines",
  direction: "refines",
  agent: "selects",
});

export const viewFields: FieldTable = fieldTable<ViewOptions>({
  ...callKinds,
  for: "refines",
  prefill: "refines",
  strategy: "refines",
  fence: "selects",
  record: "refines",
  partial: "refines",
  within: "refines",
});

export const streamFields: FieldTable = fieldTable<StreamOptions>({
  ...writeKinds,
  agent: "selects",
  id: "selects",
  metadata: "refines",
  atEnd: "refines",
});

export const explainFields: FieldTable = fieldTable<ExplainOptions>({ ...callKinds, agent: "selects" });

export const executionFields: FieldTable = fieldTable<ExecutionInput>({
  input: "refines",
  output: "refines",
  status: "refines",
  agent: "selects",
  durationMs: "refines",
  error: "refines",
  metadata: "refines",
  executionId: "selects",
  derivedFrom: "refines",
});

export const recordExecutionFields: FieldTable = fieldTable<RecordExecutionOptions>({
  ...writeKinds,
  removalRevision: "selects",
});

export const leaseFields: FieldTable = fieldTable<LeaseOptions>({
  ...callKinds,
  ttlMs: "refines",
  waitMs: "refines",
});

export const turnFields: FieldTable = fieldTable<TurnOptions>({
  ...callKinds,
  operationId: "selects",
  request: "selects",
  whenBusy: "refines",
  waitMs: "refines",
  ttlMs: "refines",
  maxResultBytes: "refines",
});

export const abandonFields: FieldTable = fieldTable<AbandonOptions>({ ...callKinds, retract: "refines" });

export const atEndFields: FieldTable = fieldTable<{ readonly agent?: string }>({ agent: "selects" });

const namedKinds: FieldKinds<NamedEvents> = { ids: "selects", seqs: "selects" };

export const eraseFields: FieldTable = fieldTable<EraseEventsOptions>({ ...callKinds, ...namedKinds });

export const retractNamedFields: FieldTable = fieldTable<RetractNamedOptions>({
  ...writeKinds,
  ...namedKinds,
  reason: "refines",
});

export const replaceFields: FieldTable = fieldTable<ReplaceOptions>({
  ...writeKinds,
  reason: "refines",
  agent: "selects",
});

export const forkFields: FieldTable = fieldTable<ForkOptions>({
  ...callKinds,
  at: "selects",
  id: "selects",
  metadata: "refines",
});

export const trimFields: FieldTable = fieldTable<Parameters<Session["trim"]>[0]>({
  ...callKinds,
  beforeSeq: "selects",
  olderThan: "selects",
});

export const deleteFields: FieldTable = fieldTable<{ readonly expectedVersion?: number } & CallOptions>({
  ...callKinds,
  expectedVersion: "selects",
});

export const touchFields: FieldTable = fieldTable<Omit<TouchOptions, "incarnation">>({
  ...callKinds,
  ttlMs: "refines",
  subject: "selects",
  metadata: "refines",
});

export const activityFields: FieldTable = fieldTable<ActivityOptions>({ ...callKinds, maxEvents: "refines" });

export const contextFields: FieldTable = fieldTable<ContextOptions>({
  ...callKinds,
  session: "selects",
  agent: "selects",
  tags: "selects",
  view: "refines",
  entries: "refines",
  activity: "refines",
  performance: "refines",
  task: "refines",
  recalled: "refines",
  recalledTokens: "refines",
  maxTokens: "refines",
  shares: "refines",
});

export const searchFields: FieldTable = fieldTable<RecallQuery>(recallKinds);

const memoryWriteKinds: FieldKinds<MemoryWriteOptions> = { ...callKinds, operationId: "selects" };

const contentKinds: FieldKinds<Omit<RememberOptions, "expectedVersion">> = {
  ...memoryWriteKinds,
  ttlMs: "refines",
  tags: "refines",
  category: "refines",
  metadata: "refines",
};

const updateKinds: FieldKinds<UpdateMemoryOptions> = {
  ...contentKinds,
  attempts: "refines",
  backoffMs: "refines",
  random: "refines",
};

const entriesKinds: FieldKinds<EntriesOptions> = {
  ...callKinds,
  tags: "selects",
  category: "selects",
  where: "selects",
  text: "selects",
  updatedSince: "selects",
  direction: "refines",
  limit: "refines",
  cursor: "refines",
};

/** The options of memory by key: of a session's own documents, and of an agent's memory in tiers. */
export const rememberFields: FieldTable = fieldTable<Fenced<RememberOptions>>({
  ...contentKinds,
  expectedVersion: "selects",
  fence: "selects",
});
export const updateFields: FieldTable = fieldTable<Fenced<UpdateMemoryOptions>>({
  ...updateKinds,
  fence: "selects",
});
export const fencedFields: FieldTable = fieldTable<Fenced<CallOptions>>({ ...callKinds, fence: "selects" });
export const forgetNoteFields: FieldTable = fieldTable<Fenced<MemoryWriteOptions>>({
  ...memoryWriteKinds,
  fence: "selects",
});
export const entriesFields: FieldTable = fieldTable<EntriesOptions>(entriesKinds);

export const rememberManyFields: FieldTable = fieldTable<MemoryWriteOptions>(memoryWriteKinds);
export const rememberInTierFields: FieldTable = fieldTable<
  RememberOptions & TierOptions & SupersedingOptions
>({
  ...contentKinds,
  supersedes: "refines",
  expectedVersion: "selects",
  tier: "selects",
  reason: "refines",
});
export const updateInTierFields: FieldTable = fieldTable<UpdateMemoryOptions & TierOptions>({
  ...updateKinds,
  tier: "selects",
  reason: "refines",
});
export const historyFields: FieldTable = fieldTable<HistoryListOptions>({ ...callKinds, limit: "refines" });
export const revertFields: FieldTable = fieldTable<RevertOptions>({
  ...memoryWriteKinds,
  reason: "refines",
});
export const recallFields: FieldTable = fieldTable<RecallOptions>({ ...callKinds, tier: "selects" });
export const forgetFields: FieldTable = fieldTable<ForgetOptions>({ ...memoryWriteKinds, tier: "selects" });
export const entriesInTierFields: FieldTable = fieldTable<TierEntriesOptions>({
  ...entriesKinds,
  tier: "selects",
});

export const recallsFields: FieldTable = fieldTable<RecallsOptions>({
  ...pageKinds,
  session: "selects",
  user: "selects",
});
export const pageFields: FieldTable = fieldTable<PageOptions>(pageKinds);
export const userSessionsFields: FieldTable = fieldTable<UserSessionsOptions>({
  ...pageKinds,
  order: "refines",
  direction: "refines",
  idleSince: "selects",
  prefix: "selects",
});
