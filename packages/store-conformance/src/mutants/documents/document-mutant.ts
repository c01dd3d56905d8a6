import {
  allPages,
  type Document,
  type DocumentAddress,
  type DocumentInput,
  type DocumentScope,
  type DocumentStore,
  type FindOptions,
  type PutOptions,
} from "@relevo/core";
import type { Mutant } from "../../harness.ts";
import { breakStore, type Overrides, type StoreParts } from "../break-store.ts";
import { without } from "../log-mutant.ts";

/** A mutant of one case of the area `documents`, whose id is `documents/` and the name. */
export function documentMutant(
  name: string,
  target: string,
  defect: string,
  replace: (documents: DocumentStore, parts: StoreParts) => Partial<DocumentStore>,
): Mutant {
  return storeMutant(`documents/${name}`, `documents/${target}`, defect, (parts) => ({
    documents: replace(parts.documents, parts),
  }));
}

/** A mutant that may replace methods of every port. */
export function storeMutant(
  id: string,
  target: string,
  defect: string,
  replace: (parts: StoreParts) => Overrides,
): Mutant {
  return { id, target, defect, mutate: (store, shared) => breakStore(store, shared, replace) };
}

/** A mutant whose puts, single ones only, see another input or other options than were passed. */
export function putMutant(
  name: string,
  target: string,
  defect: string,
  change: (
    input: DocumentInput,
    options: PutOptions,
    address: DocumentAddress,
    parts: StoreParts,
  ) => readonly [DocumentInput, PutOptions] | Promise<readonly [DocumentInput, PutOptions]>,
): Mutant {
  return documentMutant(name, target, defect, (documents, parts) => ({
    put: async (address, input, options = {}) =>
      documents.put(address, ...(await change(input, options, address, parts))),
  }));
}

/** A mutant that hands out other documents than are stored, from every method that returns any. */
export function resultMutant(
  name: string,
  target: string,
  defect: string,
  change: (document: Document) => Document,
): Mutant {
  const maybe = (document: Document | undefined): Document | undefined =>
    document === undefined ? undefined : change(document);
  return documentMutant(name, target, defect, (documents) => ({
    get: async (...call) => maybe(await documents.get(...call)),
    getMany: async (...call) => (await documents.getMany(...call)).map(maybe),
    put: async (...call) => change(await documents.put(...call)),
    putMany: async (...call) => (await documents.putMany(...call)).map(change),
    touch: async (...call) => maybe(await documents.touch(...call)),
    async find(...call) {
      const page = await documents.find(...call);
      return { ...page, items: page.items.map(change) };
    },
  }));
}

/** A mutant whose find sees other options than were passed. */
export function findMutant(
  name: string,
  target: string,
  defect: string,
  change: (options: FindOptions) => FindOptions,
): Mutant {
  return documentMutant(name, target, defect, (documents) => ({
    find: async (scope, options = {}) => documents.find(scope, change(options)),
  }));
}

/** A mutant that leaves one option of find to the store no more and applies it in its own way. */
export function filterMutant<Name extends keyof FindOptions>(
  name: string,
  target: string,
  defect: string,
  option: Name,
  matches: (document: Document, operand: NonNullable<FindOptions[Name]>) => boolean,
): Mutant {
  return documentMutant(name, target, defect, (documents) => ({
    async find(scope, options = {}) {
      const operand = options[option];
      if (operand === undefined) return await documents.find(scope, options);
      const page = await documents.find(scope, without(options, option));
      return { ...page, items: page.items.filter((document) => matches(document, operand as never)) };
    },
  }));
}

/** Every document of a scope that the options select. */
export async function everyDocument(
  documents: DocumentStore,
  scope: DocumentScope,
  options: FindOptions = {},
): Promise<Document[]> {
  const all: Document[] = [];
  const { cursor: _, ...rest } = options;
  for await (const document of allPages((page) => documents.find(scope, { ...rest, limit: 1000, ...page }))) {
    all.push(document);
  }
  return all;
}

/** A string that no other address has. */
export function placeKey({ tenant, session, namespace, key }: DocumentAddress): string {
  return JSON.stringify([tenant, session ?? null, namespace, key]);
}

/** The address of a document within its scope. */
export function addressIn(scope: DocumentScope, { namespace, key }: Document): DocumentAddress {
  return { ...scope, namespace, key };
}
