import { type FieldKinds, type FieldTable, fieldTable } from "../input/fields.ts";
import { guardKinds, pageKinds } from "../input/option-kinds.ts";
import type { CallOptions } from "../ports/common.ts";
import type {
  DeleteDocumentOptions,
  DocumentDelete,
  DocumentInput,
  DocumentWrite,
  DocumentWriteOptions,
  FindOptions,
  NamespacesOptions,
  PutOptions,
  TouchDocumentOptions,
} from "../ports/document-store.ts";

// The options of each call of the document store, and whether they select or refine.

const inputKinds: FieldKinds<DocumentInput> = {
  value: "selects",
  tags: "refines",
  metadata: "refines",
  derivedFrom: "refines",
  ttlMs: "refines",
};

export const inputFields: FieldTable = fieldTable<DocumentInput>(inputKinds);

export const writeFields: FieldTable = fieldTable<DocumentWrite>({
  ...inputKinds,
  address: "selects",
  expectedVersion: "selects",
});

const writeOptionKinds: FieldKinds<DocumentWriteOptions> = { ...guardKinds, operation: "selects" };

export const writeOptionFields: FieldTable = fieldTable<DocumentWriteOptions>(writeOptionKinds);

export const putFields: FieldTable = fieldTable<PutOptions>({
  ...writeOptionKinds,
  expectedVersion: "selects",
});

export const deleteOptionFields: FieldTable = fieldTable<DeleteDocumentOptions>({
  ...writeOptionKinds,
  expectedVersion: "selects",
});

export const deleteFields: FieldTable = fieldTable<DocumentDelete>({
  address: "selects",
  expectedVersion: "selects",
});

export const touchDocumentFields: FieldTable = fieldTable<TouchDocumentOptions>({
  ...guardKinds,
  ttlMs: "selects",
});

export const findFields: FieldTable = fieldTable<FindOptions>({
  ...pageKinds,
  namespace: "selects",
  namespacePrefix: "selects",
  tags: "selects",
  where: "selects",
  text: "selects",
  updatedSince: "selects",
  keyAfter: "selects",
  keyBefore: "selects",
  direction: "refines",
});

export const tagFields: FieldTable = fieldTable<NonNullable<FindOptions["tags"]>>({
  any: "selects",
  all: "selects",
});

export const countFields: FieldTable = fieldTable<
  CallOptions & { readonly namespace: readonly string[]; readonly namespacePrefix: readonly string[] }
>({ signal: "refines", namespace: "selects", namespacePrefix: "selects" });

export const namespacesFields: FieldTable = fieldTable<NamespacesOptions>({
  ...pageKinds,
  prefix: "selects",
  suffix: "selects",
  maxDepth: "refines",
});
