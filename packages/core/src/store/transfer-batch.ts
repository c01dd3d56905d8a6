import type { StoredEvent } from "../events.ts";
import { admitEvent, admitEventType } from "../input/events.ts";
import {
  admitFields,
  type FieldTable,
  fieldTable,
  isArray,
  readInput,
  requireKnownFields,
  requireObject,
  unreadable,
} from "../input/fields.ts";
import { admitId, admitOptionalId } from "../input/ids.ts";
import { admitMetadata } from "../input/json.ts";
import { admitInteger, admitTime, admitTtl, maxImportedVersion } from "../input/numbers.ts";
import { isLength, notLength, readArray } from "../input/read-array.ts";
import { refuse, tooLarge } from "../input/refuse.ts";
import type { JsonObject, JsonValue } from "../json.ts";
import type { Limits } from "../limits.ts";
import type { OperationRecord, SessionHead } from "../ports/event-log.ts";
import type { TransferBatch } from "../ports/event-transfer.ts";
import { jsonEquals } from "../where.ts";
import { maxRemovedRanges, type RemovedRange } from "./removals.ts";

/** A batch from outside, checked like what a caller appends: another store's word is not trusted either. */
export interface AdmittedTransferBatch {
  readonly head: AdmittedTransferHead;
  readonly ttlMs: number | undefined;
  readonly events: readonly { readonly event: StoredEvent; readonly bytes: number }[];
  readonly operations: readonly OperationRecord[];
  readonly removed: readonly RemovedRange[];
}

export interface AdmittedTransferHead {
  readonly incarnation: string;
  readonly version: number;
  readonly revision: number;
  readonly removalRevision: number;
  readonly firstSeq: number;
  readonly subject: string | undefined;
  readonly metadata: JsonObject;
  readonly createdAt: number;
  readonly updatedAt: number;
}

const batchFields: FieldTable = fieldTable<TransferBatch>({
  head: "selects",
  ttlMs: "refines",
  events: "selects",
  operations: "selects",
  removed: "selects",
});

const tombstoneFields: ReadonlySet<string> = new Set([
  "seq",
  "type",
  "at",
  "recordedAt",
  "retractedBy",
  "erasedAt",
  "derived",
]);

/** @throws `invalid-input` when the batch has another form, a gap inside it, or reaches past its head; `too-large`. */
export function admitTransferBatch(batch: TransferBatch, limits: Limits): AdmittedTransferBatch {
  const given = admitFields(batch, "batch", batchFields);
  const head = admitHead(given.head, limits);
  const ttlMs = admitTtl(given.ttlMs, "batch.ttlMs");
  let bytes = 0;
  const stored = readArray(given.events, "batch.events", "an array", limits.batchItems, "batchItems");
  const events = stored.map((event, index) => {
    const one = admitStored(event, `batch.events[${index}]`, limits);
    bytes += one.bytes;
    if (bytes > limits.batchBytes) throw tooLarge("batch.events", "batchBytes", limits.batchBytes);
    return one;
  });
  events.forEach(({ event }, index) => {
    const before = events[index - 1]?.event.seq ?? event.seq - 1;
    if (event.seq !== before + 1)
      throw refuse("batch.events", `has a gap after seq ${before}.`, { seq: before });
    if (event.seq > head.version || (event.retractedBy ?? 0) > head.version)
      throw refuse("batch.events", "reaches past the version of its head.");
  });
  const operations = admitRecords(given.operations, head, limits);
  return { head, ttlMs, events, operations, removed: admitRemoved(given.removed, head) };
}

/** A session may have had any number of operations. Each is admitted as it is read, so no length is believed. */
function admitRecords(
  input: unknown,
  head: AdmittedTransferHead,
  limits: Limits,
): readonly OperationRecord[] {
  const field = "batch.operations";
  if (!isArray(input, field)) throw refuse(field, "must be an array.");
  const admitted = new Map<string, OperationRecord>();
  try {
    const length: unknown = input.length;
    if (!isLength(length)) throw refuse(field, notLength);
    for (let index = 0; index < length; index++) {
      const record = admitRecord(input[index], `${field}[${index}]`, head, limits);
      if (admitted.has(record.id)) throw refuse(field, "must not name an operation twice.");
      admitted.set(record.id, record);
    }
  } catch (cause) {
    throw unreadable(field, cause);
  }
  return [...admitted.values()];
}

function admitHead(given: SessionHead, limits: Limits): AdmittedTransferHead {
  requireObject(given, "batch.head");
  const input = readInput("batch.head", () => ({ ...given }));
  const time = (value: unknown, field: string): number => {
    const admitted = admitTime(value, field);
    if (admitted === undefined) throw refuse(field, "is missing.");
    return admitted;
  };
  const version = admitInteger(input.version, "batch.head.version", 0, maxImportedVersion);
  const revision = admitInteger(input.revision, "batch.head.revision", 0, maxImportedVersion);
  return {
    incarnation: admitId(input.incarnation, "batch.head.incarnation", limits),
    version,
    revision,
    removalRevision: admitInteger(input.removalRevision, "batch.head.removalRevision", 0, revision),
    firstSeq: admitInteger(input.firstSeq, "batch.head.firstSeq", 1, version + 1),
    subject: admitOptionalId(input.subject, "batch.head.subject", limits),
    metadata: admitMetadata(input.metadata, "batch.head.metadata", limits).value,
    createdAt: time(input.createdAt, "batch.head.createdAt"),
    updatedAt: time(input.updatedAt, "batch.head.updatedAt"),
  };
}

function admitRemoved(input: unknown, head: AdmittedTransferHead): readonly RemovedRange[] {
  const field = "batch.removed";
  const removed: RemovedRange[] = [];
  let least = 1;
  for (const [index, range] of readArray(input, field, "an array of ranges", maxRemovedRanges).entries()) {
    const at = `${field}[${index}]`;
    requireObject(range, at);
    const { from, to, revision } = readInput(at, () => ({ ...(range as Partial<RemovedRange>) }));
    const first = admitInteger(from, `${at}.from`, 1);
    const last = admitInteger(to, `${at}.to`, first, head.version);
    least = admitInteger(revision, `${at}.revision`, least, head.removalRevision);
    removed.push(Object.freeze({ from: first, to: last, revision: least }));
  }
  return removed;
}

function admitStored(
  input: unknown,
  field: string,
  limits: Limits,
): { readonly event: StoredEvent; readonly bytes: number } {
  requireObject(input, field);
  const fields: Partial<Record<string, unknown>> = readInput(field, () => ({ ...input }));
  const { seq, recordedAt, retractedBy, erasedAt, ...rest } = fields;
  const place = admitInteger(seq, `${field}.seq`, 1);
  const marks = {
    recordedAt: admitInteger(recordedAt, `${field}.recordedAt`, -8.64e15, 8.64e15),
    ...(retractedBy === undefined
      ? {}
      : { retractedBy: admitInteger(retractedBy, `${field}.retractedBy`, place + 1) }),
  };
  if (erasedAt !== undefined) {
    requireKnownFields(fields, field, tombstoneFields);
    const at = admitTime(rest.at, `${field}.at`);
    const event = Object.freeze({
      seq: place,
      type: admitEventType(rest.type, `${field}.type`, limits),
      ...(at === undefined ? {} : { at }),
      ...marks,
      erasedAt: admitInteger(erasedAt, `${field}.erasedAt`, -8.64e15, 8.64e15),
      ...(rest.derived === undefined ? {} : { derived: admitKept(rest.derived, `${field}.derived`) }),
    });
    return { event, bytes: 0 };
  }
  const { event, bytes } = admitEvent(rest, field, limits, "imported");
  return { event: Object.freeze({ ...event, seq: place, ...marks }) as StoredEvent, bytes };
}

function admitKept(input: unknown, field: string): "kept" {
  if (input !== "kept") throw refuse(field, 'must be "kept" or absent.');
  return input;
}

function admitRecord(
  input: unknown,
  field: string,
  head: AdmittedTransferHead,
  limits: Limits,
): OperationRecord {
  requireObject(input, field);
  const { id, fingerprint, result } = input as Partial<OperationRecord>;
  requireObject(result, `${field}.result`);
  if (result.incarnation !== head.incarnation) {
    throw refuse(`${field}.result.incarnation`, "is not that of the batch's head.");
  }
  const version = admitInteger(result.version, `${field}.result.version`, 0, head.version);
  return Object.freeze({
    id: admitId(id, `${field}.id`, limits),
    fingerprint: admitId(fingerprint, `${field}.fingerprint`, limits),
    result: Object.freeze({
      firstSeq: admitInteger(result.firstSeq, `${field}.result.firstSeq`, 1, version + 1),
      version,
      incarnation: head.incarnation,
      revision: admitInteger(result.revision, `${field}.result.revision`, 0, head.revision),
    }),
  });
}

/**
 * What an import makes of an event that is here already: `same`, `erased` when theirs lost its content and ours did
 * not yet, `kept` when that left what was derived from it, `other` when the two are not one event. An erasure wins on
 * either side, and a retraction that came later to one of the copies does not make another event of it.
 */
export function compareCopies(ours: StoredEvent, theirs: StoredEvent): "same" | "erased" | "kept" | "other" {
  const erased = ours.erasedAt !== undefined || theirs.erasedAt !== undefined;
  const same = erased
    ? ours.type === theirs.type && ours.recordedAt === theirs.recordedAt
    : jsonEquals(withoutMark(ours), withoutMark(theirs));
  if (!same) return "other";
  if (ours.erasedAt !== undefined || theirs.erasedAt === undefined) return "same";
  return theirs.derived === "kept" ? "kept" : "erased";
}

function withoutMark(event: StoredEvent): JsonValue {
  const { retractedBy: _mark, ...rest } = event;
  return rest as unknown as JsonValue;
}
