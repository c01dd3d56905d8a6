import { type FieldTable, fieldTable } from "../input/fields.ts";
import { callKinds, guardKinds, pageKinds } from "../input/option-kinds.ts";
import type {
  AppendOptions,
  DeleteSessionOptions,
  EraseOptions,
  ListSessionsOptions,
  Operation,
  ReadOptions,
  SealOptions,
  TouchOptions,
  TrimOptions,
} from "../ports/event-log.ts";
import type { ScanOptions } from "../ports/event-scan.ts";
import type { ExportOptions, ImportOptions } from "../ports/event-transfer.ts";

// The options of each call of the log, and whether they select or refine.

export const operationFields: FieldTable = fieldTable<Operation>({ id: "selects", fingerprint: "selects" });

export const appendFields: FieldTable = fieldTable<AppendOptions>({
  ...guardKinds,
  operation: "selects",
  expectedVersion: "selects",
  removalRevision: "selects",
  ttlMs: "refines",
  withEvents: "refines",
});

export const readFields: FieldTable = fieldTable<ReadOptions>({
  ...callKinds,
  after: "selects",
  before: "selects",
  limit: "refines",
  direction: "refines",
  types: "selects",
  agent: "selects",
  pinned: "selects",
  atVersion: "selects",
  retracted: "selects",
  below: "refines",
  unlessToken: "selects",
});

export const touchFields: FieldTable = fieldTable<TouchOptions>({
  ...callKinds,
  incarnation: "selects",
  ttlMs: "refines",
  subject: "selects",
  metadata: "refines",
});

export const trimFields: FieldTable = fieldTable<TrimOptions>({
  ...callKinds,
  incarnation: "selects",
  beforeSeq: "selects",
  olderThan: "selects",
});

export const eraseFields: FieldTable = fieldTable<EraseOptions>({
  ...callKinds,
  seqs: "selects",
  incarnation: "selects",
  derived: "refines",
});

export const deleteSessionFields: FieldTable = fieldTable<DeleteSessionOptions>({
  ...callKinds,
  expectedVersion: "selects",
  expectedToken: "selects",
  incarnation: "selects",
  fence: "selects",
});

export const sealFields: FieldTable = fieldTable<SealOptions>({
  ...callKinds,
  expectedVersion: "selects",
  incarnation: "selects",
  fence: "selects",
});

export const importFields: FieldTable = fieldTable<ImportOptions>({ ...callKinds, fence: "selects" });

export const listFields: FieldTable = fieldTable<ListSessionsOptions>({
  ...pageKinds,
  order: "refines",
  direction: "refines",
  subject: "selects",
  idleSince: "selects",
  prefix: "selects",
});

export const scanFields: FieldTable = fieldTable<ScanOptions>({
  ...pageKinds,
  types: "selects",
  agent: "selects",
  since: "selects",
  until: "selects",
});

export const exportFields: FieldTable = fieldTable<ExportOptions>({
  ...callKinds,
  after: "selects",
  limit: "refines",
});
