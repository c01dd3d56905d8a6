import { compareNamespaces, compareUtf8, namespaceSortPrefix } from "../order.ts";
import type { Document } from "../ports/document-store.ts";
import type { AdmittedFind } from "./document-queries.ts";
import { searchableText } from "./searchable-text.ts";
import { whereMatcher } from "./where-matcher.ts";

/**
 * What a find promises of each document that it returns: the reference that indexes may only be faster than. Made once
 * for a request, since the filter is indexed for it.
 */
export function findMatcher(request: AdmittedFind): (document: Document) => boolean {
  const { namespace, namespacePrefix, keyAfter, keyBefore, text } = request;
  const where = request.where === undefined ? undefined : whereMatcher(request.where);
  return (document) => {
    if (document.updatedAt < request.updatedSince) return false;
    if (namespace !== undefined && compareNamespaces(document.namespace, namespace) !== 0) return false;
    if (!namespacePrefix.every((element, index) => document.namespace[index] === element)) return false;
    if (keyAfter !== undefined && compareUtf8(document.key, keyAfter) <= 0) return false;
    if (keyBefore !== undefined && compareUtf8(document.key, keyBefore) >= 0) return false;
    if (!hasTags(document, request)) return false;
    if (where !== undefined && !where(document)) return false;
    return text === undefined || searchableText(document.value).includes(text);
  };
}

function hasTags({ tags }: Document, { allTags, anyTags }: AdmittedFind): boolean {
  if (!allTags.every((tag) => tags.includes(tag))) return false;
  return anyTags.length === 0 || anyTags.some((tag) => tags.includes(tag));
}

/** The part of the order in which a find looks: from `low` on, before `high`. */
export interface FindBounds {
  readonly low: string;
  readonly high: string | undefined;
}

/** Where the namespace, the keys and the cursor leave anything to be found: sort keys from `low` on, before `high`. */
export function findBounds(
  request: Pick<AdmittedFind, "namespace" | "namespacePrefix"> &
    Partial<Pick<AdmittedFind, "keyAfter" | "keyBefore">>,
): FindBounds {
  const { namespace, namespacePrefix, keyAfter, keyBefore } = request;
  if (namespace !== undefined) {
    const prefix = namespaceSortPrefix(namespace);
    return {
      low: keyAfter === undefined ? `${prefix}\0` : `${prefix}\0${keyAfter}`,
      high: keyBefore === undefined ? `${prefix}\u0001` : `${prefix}\0${keyBefore}`,
    };
  }
  if (namespacePrefix.length === 0) return { low: "", high: undefined };
  const prefix = namespaceSortPrefix(namespacePrefix);
  return { low: prefix, high: `${prefix}\u0002` };
}
