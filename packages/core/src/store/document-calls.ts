import type { DocumentAddress, DocumentScope } from "../address.ts";
import { admitCall } from "../input/call.ts";
import { admitFields, admitOptions, requireObject } from "../input/fields.ts";
import { admitDocumentAddress, admitTags } from "../input/ids.ts";
import { admitJson, admitMetadata } from "../input/json.ts";
import { admitNullableTtl, admitOptionalInteger, admitTtl } from "../input/numbers.ts";
import { readArray } from "../input/read-array.ts";
import { refuse, tooLarge } from "../input/refuse.ts";
import type { JsonObject, JsonValue } from "../json.ts";
import type { Limits } from "../limits.ts";
import { MemoryError } from "../memory-error.ts";
import { documentSortKey } from "../order.ts";
import type { CallOptions } from "../ports/common.ts";
import type { DocumentSources } from "../ports/document-sources.ts";
import type {
  DeleteDocumentOptions,
  DocumentDelete,
  DocumentInput,
  DocumentWrite,
  DocumentWriteOptions,
  PutOptions,
  TouchDocumentOptions,
} from "../ports/document-store.ts";
import type { Operation, SessionGuard } from "../ports/event-log.ts";
import {
  deleteFields,
  deleteOptionFields,
  inputFields,
  putFields,
  touchDocumentFields,
  writeFields,
  writeOptionFields,
} from "./document-fields.ts";
import { admitDocumentSources } from "./document-sources.ts";
import {
  type AdmittedCall,
  type AdmittedGuard,
  admitGuard,
  admitGuardFields,
  admitOperation,
} from "./log-calls.ts";

/** A document that a store may keep as it is. */
export interface AdmittedDocument {
  readonly address: DocumentAddress;
  /** `documentSortKey` of the address: its place in the order, and an injective key within its scope. */
  readonly sortKey: string;
  readonly value: JsonValue;
  readonly bytes: number;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
  /** Stored with the document, and found by `eraseDerived`. */
  readonly derivedFrom: DocumentSources | undefined;
  readonly ttlMs: number | undefined;
  readonly expectedVersion: number | undefined;
}

/** What a write of documents checks before anything else of it. */
export interface AdmittedDocumentWrite extends AdmittedGuard {
  readonly operation: Operation | undefined;
}

export interface AdmittedPut extends AdmittedDocumentWrite {
  /** Of all writes, which are of one unit: see `unitOf`. */
  readonly scope: DocumentScope;
  readonly writes: readonly AdmittedDocument[];
}

export function admitPut(
  address: DocumentAddress,
  input: DocumentInput,
  given: PutOptions | undefined,
  limits: Limits,
): AdmittedPut {
  const options = admitOptions(given, putFields);
  const fields = admitFields(input, "input", inputFields);
  const write = admitDocument(address, fields, options.expectedVersion, "", limits);
  return {
    scope: scopeOf(write.address),
    writes: [write],
    ...admitUnitWrite(write.address, options, limits),
  };
}

/** @throws as `admitPut`, with `details.index` of the write that was refused. */
export function admitPutMany(
  writes: readonly DocumentWrite[],
  given: DocumentWriteOptions | undefined,
  limits: Limits,
): AdmittedPut {
  const options = admitOptions(given, writeOptionFields);
  let bytes = 0;
  const admitted = admitBatch(writes, "writes", limits, (write: DocumentWrite, field) => {
    const { address, expectedVersion, ...input } = admitFields(write, field, writeFields);
    const one = admitDocument(address, input, expectedVersion, `${field}.`, limits);
    bytes += one.bytes;
    if (bytes > limits.batchBytes) throw tooLarge("writes", "batchBytes", limits.batchBytes);
    return one;
  });
  const first = requireOneUnit(admitted, "writes");
  return { scope: scopeOf(first), writes: admitted, ...admitUnitWrite(first, options, limits) };
}

export interface AdmittedDelete extends AdmittedDocumentWrite {
  readonly scope: DocumentScope;
  readonly deletes: readonly {
    readonly address: DocumentAddress;
    readonly sortKey: string;
    readonly expectedVersion: number | undefined;
  }[];
}

export function admitDeleteMany(
  deletes: readonly DocumentDelete[],
  given: DocumentWriteOptions | undefined,
  limits: Limits,
): AdmittedDelete {
  const options = admitOptions(given, writeOptionFields);
  const admitted = admitBatch(deletes, "deletes", limits, (entry: DocumentDelete, field) =>
    admitOneDelete(admitFields(entry, field, deleteFields), `${field}.`, limits),
  );
  const first = requireOneUnit(admitted, "deletes");
  return { scope: scopeOf(first), deletes: admitted, ...admitUnitWrite(first, options, limits) };
}

/** As `admitDeleteMany`, for `delete`. */
export function admitDelete(
  address: DocumentAddress,
  given: DeleteDocumentOptions | undefined,
  limits: Limits,
): AdmittedDelete {
  const { expectedVersion, ...guard } = admitOptions(given, deleteOptionFields);
  const one = admitOneDelete(
    expectedVersion === undefined ? { address } : { address, expectedVersion },
    "",
    limits,
  );
  return {
    scope: scopeOf(one.address),
    deletes: [one],
    ...admitUnitWrite(one.address, guard, limits),
  };
}

function admitOneDelete(
  entry: DocumentDelete,
  field: string,
  limits: Limits,
): AdmittedDelete["deletes"][number] {
  const address = admitDocumentAddress(entry.address, limits);
  return {
    address,
    sortKey: documentSortKey(address.namespace, address.key),
    expectedVersion: admitOptionalInteger(entry.expectedVersion, `${field}expectedVersion`, 0),
  };
}

export interface AdmittedDocumentTouch extends AdmittedGuard {
  readonly address: DocumentAddress;
  readonly ttlMs: number | null;
}

/** For `touch` of a document. */
export function admitTouchDocument(
  address: DocumentAddress,
  given: TouchDocumentOptions,
  limits: Limits,
): AdmittedDocumentTouch {
  const { ttlMs: givenTtl, ...guard } = admitOptions(given, touchDocumentFields);
  const admitted = admitDocumentAddress(address, limits);
  const ttlMs = admitNullableTtl(givenTtl);
  if (ttlMs === undefined) throw refuse("ttlMs", "is missing; pass null for a document that lives for ever.");
  return { address: admitted, ttlMs, ...unitGuard(admitted, admitGuardFields(guard, limits)) };
}

export interface AdmittedGet extends AdmittedCall {
  /** All of one tenant. */
  readonly addresses: readonly DocumentAddress[];
}

/** For `get` of a document. */
export function admitGet(
  address: DocumentAddress,
  given: CallOptions | undefined,
  limits: Limits,
): AdmittedGet {
  const { signal } = admitCall(given);
  return { addresses: [admitDocumentAddress(address, limits)], signal };
}

/** No address at all is no error: it reads nothing. */
export function admitGetMany(
  addresses: readonly DocumentAddress[],
  given: CallOptions | undefined,
  limits: Limits,
): AdmittedGet {
  const { signal } = admitCall(given);
  const admitted = admitBatch(addresses, "addresses", limits, (address) =>
    admitDocumentAddress(address, limits),
  );
  if (admitted.some((address) => address.tenant !== admitted[0]?.tenant)) {
    throw refuse("addresses", "must all be of one tenant.");
  }
  return { addresses: admitted, signal };
}

function admitDocument(
  address: DocumentAddress,
  input: DocumentInput,
  expectedVersion: number | undefined,
  field: string,
  limits: Limits,
): AdmittedDocument {
  const admitted = admitDocumentAddress(address, limits);
  const { value, bytes } = admitJson(input.value, `${field}value`, limits);
  return {
    address: admitted,
    sortKey: documentSortKey(admitted.namespace, admitted.key),
    value,
    bytes,
    tags: admitTags(input.tags, `${field}tags`, limits),
    metadata: admitMetadata(input.metadata, `${field}metadata`, limits).value,
    derivedFrom: admitDocumentSources(input.derivedFrom, admitted.tenant, `${field}derivedFrom`, limits),
    ttlMs: admitTtl(input.ttlMs, `${field}ttlMs`),
    expectedVersion: admitOptionalInteger(expectedVersion, `${field}expectedVersion`, 0),
  };
}

/** Documents that stand alone have no session whose incarnation or fence a writer could name. */
export function admitUnitGuard(
  address: DocumentAddress,
  options: SessionGuard | undefined,
  limits: Limits,
): AdmittedGuard {
  return unitGuard(address, admitGuard(options, limits));
}

/** Of options that were admitted already. */
function admitUnitWrite(
  address: DocumentAddress,
  options: DocumentWriteOptions,
  limits: Limits,
): AdmittedDocumentWrite {
  return {
    ...unitGuard(address, admitGuardFields(options, limits)),
    operation: admitOperation(options.operation, limits),
  };
}

function unitGuard(address: DocumentAddress, guard: AdmittedGuard): AdmittedGuard {
  if (address.session === undefined && (guard.incarnation !== undefined || guard.fence !== undefined)) {
    throw refuse("options", "name an incarnation or a fence, but the document belongs to no session.");
  }
  return guard;
}

function scopeOf(address: DocumentAddress): DocumentScope {
  return address.session === undefined
    ? { tenant: address.tenant }
    : { tenant: address.tenant, session: address.session };
}

/** Each entry by index, read once; what is refused says where it stands, as `details.index`. */
export function admitBatch<Entry extends object, Admitted>(
  batch: readonly Entry[],
  field: string,
  limits: Limits,
  admitOne: (entry: Entry, field: string, index: number) => Admitted,
): Admitted[] {
  const entries = readArray(batch, field, "an array", limits.batchItems, "batchItems");
  const admitted: Admitted[] = [];
  for (let index = 0; index < entries.length; index++) {
    try {
      const at = `${field}[${index}]`;
      const entry = entries[index];
      requireObject(entry, at);
      admitted.push(admitOne(entry as Entry, at, index));
    } catch (cause) {
      if (!MemoryError.isInstance(cause)) throw cause;
      throw new MemoryError(cause.code, cause.message, { details: { ...cause.details, index }, cause });
    }
  }
  return admitted;
}

function requireOneUnit(
  entries: readonly { readonly address: DocumentAddress; readonly sortKey: string }[],
  field: string,
): DocumentAddress {
  const first = entries[0]?.address;
  if (first === undefined) throw refuse(field, "must be an array with at least one entry.");
  const seen = new Set<string>();
  for (const { address, sortKey } of entries) {
    const sameUnit =
      address.tenant === first.tenant &&
      address.session === first.session &&
      (first.session !== undefined || haveOneOwner(address.namespace, first.namespace));
    if (!sameUnit)
      throw refuse(
        field,
        "must all be of one session or, when they stand alone, of one owner: in namespaces that share their first two elements.",
      );
    if (seen.has(sortKey)) throw refuse(field, "must not name an address twice.");
    seen.add(sortKey);
  }
  return first;
}

/** As `unitOf` has it, without making two units for each address of a batch. */
function haveOneOwner(left: readonly string[], right: readonly string[]): boolean {
  return left[0] === right[0] && left[1] === right[1];
}
