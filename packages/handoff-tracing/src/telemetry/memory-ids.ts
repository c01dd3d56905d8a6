import type { DocumentAddress } from "@relevo/core";

/**
 * What `gen_ai.memory.store.id` and `gen_ai.memory.record.id` are of a document or an event. A memory store is what is
 * written atomically: `acme/session:lead-123` for a session, `acme/users/u-7` for the documents of one owner. A record
 * is a path in it: `events/17` and `documents/notes/step` in a session, `language` or `history/language` of an owner.
 * `%`, `/` and `:` inside an element are percent-encoded, so that two different addresses never have the same id.
 */
export function sessionStoreId(tenant: string, session: string): string {
  return `${element(tenant)}/session:${element(session)}`;
}

/** The id of everything that a tenant has, for what looks across its stores. */
export function tenantStoreId(tenant: string): string {
  return element(tenant);
}

/** The id of the store of all documents under a namespace's first two elements. */
export function ownerStoreId(tenant: string, namespace: readonly string[]): string {
  const [first, second] = namespace;
  let id = element(tenant);
  if (first !== undefined) id += `/${element(first)}`;
  if (second !== undefined) id += `/${element(second)}`;
  return id;
}

export function documentStoreId({ tenant, session, namespace }: DocumentAddress): string {
  return session === undefined ? ownerStoreId(tenant, namespace) : sessionStoreId(tenant, session);
}

export function documentRecordId({ session, namespace, key }: Omit<DocumentAddress, "tenant">): string {
  if (session !== undefined) return path("documents", namespace, 0, key);
  return namespace.length <= 2 ? element(key) : path("", namespace, 2, key);
}

export function eventRecordId(seq: number): string {
  return `events/${seq}`;
}

function path(root: string, namespace: readonly string[], from: number, key: string): string {
  const elements = namespace.slice(from).map(element);
  return [...(root === "" ? [] : [root]), ...elements, element(key)].join("/");
}

const reserved = /[%/:]/u;

function element(text: string): string {
  if (!reserved.test(text)) return text;
  return text.replaceAll("%", "%25").replaceAll("/", "%2F").replaceAll(":", "%3A");
}
