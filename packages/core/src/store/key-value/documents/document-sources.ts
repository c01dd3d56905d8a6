import { documentSortKey } from "../../../order.ts";
import type { DocumentSources } from "../../../ports/document-sources.ts";
import type { RemovedSource } from "../../driver.ts";
import { tenantKeys } from "../layout.ts";
import { encodeKey } from "../space/encode-key.ts";

/** A derived document, as the list of its source has it. */
export interface DerivedEntry {
  readonly session?: string | undefined;
  readonly generation?: string | undefined;
  readonly namespace: readonly string[];
  readonly key: string;
}

/** The lists, one for each thing that a document is derived from, in which it stands. */
export function sourceLists(tenant: string, sources: DocumentSources | undefined): readonly Uint8Array[] {
  if (sources === undefined) return [];
  const { events, documents = [] } = sources;
  return [
    ...(events === undefined
      ? []
      : [tenantKeys.derivedFrom(tenant, "events", events.session, events.incarnation)]),
    ...documents.map((source) => documentSourceList(tenant, source)),
  ];
}

/** The lists of documents that may be derived from what is removed. */
export function removedLists(tenant: string, source: RemovedSource): readonly Uint8Array[] {
  if ("session" in source)
    return [tenantKeys.derivedFrom(tenant, "events", source.session, source.incarnation)];
  return source.documents.map((document) => documentSourceList(tenant, document));
}

function documentSourceList(
  tenant: string,
  source: { readonly session?: string; readonly namespace: readonly string[]; readonly key: string },
): Uint8Array {
  const { session, namespace, key } = source;
  const sortKey = documentSortKey(namespace, key);
  return session === undefined
    ? tenantKeys.derivedFrom(tenant, "document", sortKey)
    : tenantKeys.derivedFrom(tenant, "session-document", session, sortKey);
}

/** The place of a document in such a list. */
export function placeInList(list: Uint8Array, generation: string | undefined, sortKey: string): Uint8Array {
  return Buffer.concat([list, encodeKey(generation ?? "", sortKey)]);
}
