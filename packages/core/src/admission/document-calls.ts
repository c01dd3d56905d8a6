import type { DocumentAddress, DocumentScope } from "../address.ts";
import { decodeCursor } from "../cursor.ts";
import type { JsonObject, JsonValue } from "../json.ts";
import type { Limits } from "../limits.ts";
import { compareNamespaces, documentSortKey } from "../order.ts";
import type {
  DocumentDelete,
  DocumentInput,
  DocumentWrite,
  FindOptions,
  NamespacesOptions,
  PutOptions,
} from "../ports/document-store.ts";
import type { SessionGuard } from "../ports/event-log.ts";
import type { Where } from "../where.ts";
import {
  admitDocumentAddress,
  admitDocumentScope,
  admitId,
  admitNamespace,
  admitOptionalId,
  admitTags,
  requireKnownFields,
  requireObject,
} from "./ids.ts";
import { admitJson, admitMetadata } from "./json.ts";
import { type AdmittedGuard, admitGuard } from "./log-calls.ts";
import {
  admitChoice,
  admitInteger,
  admitLimit,
  admitOptionalInteger,
  admitTime,
  admitTtl,
  throwIfAborted,
} from "./numbers.ts";
import { refuse, tooLarge } from "./refuse.ts";
import { admitWhere } from "./where.ts";

/** A document that a store may keep as it is. */
export interface AdmittedDocument {
  readonly address: DocumentAddress;
  /** `documentSortKey` of the address: its place in the order, and an injective key within its scope. */
  readonly sortKey: string;
  readonly value: JsonValue;
  readonly bytes: number;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
  readonly ttlMs: number | undefined;
  readonly expectedVersion: number | undefined;
}

export interface AdmittedPut extends AdmittedGuard {
  /** What all writes share: one session, or one namespace of those that stand alone. */
  readonly scope: DocumentScope;
  readonly writes: readonly AdmittedDocument[];
}

const inputFields = new Set(["value", "tags", "metadata", "ttlMs"]);
const writeFields = new Set([...inputFields, "address", "expectedVersion"]);

export function admitPut(
  address: DocumentAddress,
  input: DocumentInput,
  options: PutOptions,
  limits: Limits,
): AdmittedPut {
  requireObject(input, "input");
  requireKnownFields(input, "input", inputFields);
  const write = admitDocument(address, input, options.expectedVersion, "", limits);
  return {
    scope: scopeOf(write.address),
    writes: [write],
    ...admitUnitGuard(write.address, options, limits),
  };
}

export function admitPutMany(
  writes: readonly DocumentWrite[],
  options: SessionGuard,
  limits: Limits,
): AdmittedPut {
  requireBatch(writes, "writes", limits);
  let bytes = 0;
  const admitted = writes.map((write, index) => {
    const field = `writes[${index}]`;
    requireObject(write, field);
    requireKnownFields(write, field, writeFields);
    const one = admitDocument(write.address, write, write.expectedVersion, `${field}.`, limits);
    bytes += one.bytes;
    if (bytes > limits.batchBytes) throw tooLarge("writes", "batchBytes", limits.batchBytes);
    return one;
  });
  const first = requireOneUnit(admitted, "writes");
  return { scope: scopeOf(first), writes: admitted, ...admitUnitGuard(first, options, limits) };
}

export interface AdmittedDelete extends AdmittedGuard {
  readonly scope: DocumentScope;
  readonly deletes: readonly {
    readonly address: DocumentAddress;
    readonly sortKey: string;
    readonly expectedVersion: number | undefined;
  }[];
}

export function admitDeleteMany(
  deletes: readonly DocumentDelete[],
  options: SessionGuard,
  limits: Limits,
): AdmittedDelete {
  requireBatch(deletes, "deletes", limits);
  const admitted = deletes.map((entry) => {
    requireObject(entry, "deletes");
    const address = admitDocumentAddress(entry.address, limits);
    return {
      address,
      sortKey: documentSortKey(address.namespace, address.key),
      expectedVersion: admitOptionalInteger(entry.expectedVersion, "expectedVersion", 0),
    };
  });
  const first = requireOneUnit(admitted, "deletes");
  return { scope: scopeOf(first), deletes: admitted, ...admitUnitGuard(first, options, limits) };
}

export function admitGetMany(
  addresses: readonly DocumentAddress[],
  limits: Limits,
): readonly DocumentAddress[] {
  if (!Array.isArray(addresses)) throw refuse("addresses", "must be an array.");
  if (addresses.length > limits.batchItems) {
    throw tooLarge("addresses", "batchItems", limits.batchItems, addresses.length);
  }
  const admitted = addresses.map((address) => admitDocumentAddress(address, limits));
  if (admitted.some((address) => address.tenant !== admitted[0]?.tenant)) {
    throw refuse("addresses", "must all be of one tenant.");
  }
  return admitted;
}

export interface AdmittedFind {
  readonly scope: DocumentScope;
  readonly namespace: readonly string[] | undefined;
  readonly namespacePrefix: readonly string[];
  readonly anyTags: readonly string[];
  readonly allTags: readonly string[];
  readonly where: Where | undefined;
  /** In lower case, to be looked for in `searchableText`. */
  readonly text: string | undefined;
  readonly updatedSince: number;
  readonly keyAfter: string | undefined;
  readonly keyBefore: string | undefined;
  readonly direction: "forward" | "backward";
  readonly limit: number;
  /** Namespace and key of the last document of the page before. */
  readonly after: { readonly namespace: readonly string[]; readonly key: string } | undefined;
}

export function admitFind(scope: DocumentScope, options: FindOptions, limits: Limits): AdmittedFind {
  throwIfAborted(options.signal);
  const position = options.cursor === undefined ? undefined : decodeCursor("documents", options.cursor, 2);
  if (
    options.text !== undefined &&
    (typeof options.text !== "string" || options.text.length > limits.metadataBytes)
  ) {
    throw refuse("text", `must be a string of at most ${limits.metadataBytes} characters.`);
  }
  return {
    scope: admitDocumentScope(scope, limits),
    namespace:
      options.namespace === undefined ? undefined : admitNamespace(options.namespace, "namespace", limits),
    namespacePrefix: admitNamespace(options.namespacePrefix ?? [], "namespacePrefix", limits),
    anyTags: admitTags(options.tags?.any, "tags.any", limits),
    allTags: admitTags(options.tags?.all, "tags.all", limits),
    where: admitWhere(options.where, limits),
    text: options.text === "" ? undefined : options.text?.toLowerCase(),
    updatedSince: admitTime(options.updatedSince, "updatedSince") ?? Number.MIN_SAFE_INTEGER,
    keyAfter: admitOptionalId(options.keyAfter, "keyAfter", limits),
    keyBefore: admitOptionalId(options.keyBefore, "keyBefore", limits),
    direction: admitChoice(options.direction, "direction", ["forward", "backward"], "forward"),
    limit: admitLimit(options.limit),
    after: position && {
      namespace: admitNamespace(position[0], "cursor", limits),
      key: admitId(position[1], "cursor", limits),
    },
  };
}

export interface AdmittedNamespaces {
  readonly scope: DocumentScope;
  readonly prefix: readonly string[];
  readonly suffix: readonly string[];
  readonly maxDepth: number;
  readonly limit: number;
  readonly after: readonly string[] | undefined;
}

export function admitNamespaces(
  scope: DocumentScope,
  options: NamespacesOptions,
  limits: Limits,
): AdmittedNamespaces {
  throwIfAborted(options.signal);
  const after = options.cursor === undefined ? undefined : decodeCursor("namespaces", options.cursor, 1)[0];
  return {
    scope: admitDocumentScope(scope, limits),
    prefix: admitNamespace(options.prefix ?? [], "prefix", limits),
    suffix: admitNamespace(options.suffix ?? [], "suffix", limits),
    maxDepth:
      options.maxDepth === undefined
        ? limits.namespaceElements
        : admitInteger(options.maxDepth, "maxDepth", 1),
    limit: admitLimit(options.limit),
    after: after === undefined ? undefined : admitNamespace(after, "cursor", limits),
  };
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
    ttlMs: admitTtl(input.ttlMs, `${field}ttlMs`),
    expectedVersion: admitOptionalInteger(expectedVersion, `${field}expectedVersion`, 0),
  };
}

/** Documents that stand alone have no session whose incarnation or fence a writer could name. */
export function admitUnitGuard(
  address: DocumentAddress,
  options: SessionGuard,
  limits: Limits,
): AdmittedGuard {
  const guard = admitGuard(options, limits);
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

function requireBatch(batch: readonly unknown[], field: string, limits: Limits): void {
  if (!Array.isArray(batch) || batch.length === 0)
    throw refuse(field, "must be an array with at least one entry.");
  if (batch.length > limits.batchItems) throw tooLarge(field, "batchItems", limits.batchItems, batch.length);
}

function requireOneUnit(
  entries: readonly { readonly address: DocumentAddress; readonly sortKey: string }[],
  field: string,
): DocumentAddress {
  const first = entries[0]?.address as DocumentAddress;
  const seen = new Set<string>();
  for (const { address, sortKey } of entries) {
    const sameUnit =
      address.tenant === first.tenant &&
      address.session === first.session &&
      (first.session !== undefined || compareNamespaces(address.namespace, first.namespace) === 0);
    if (!sameUnit)
      throw refuse(field, "must all be of one session, or of one namespace when they stand alone.");
    if (seen.has(sortKey)) throw refuse(field, "must not name an address twice.");
    seen.add(sortKey);
  }
  return first;
}
