import {
  type AdmittedNamespaces,
  compareNamespaces,
  compareUtf8,
  encodeCursor,
  namespaceSortPrefix,
  type Page,
} from "@relevo/core";
import type { DocumentRow, DocumentSet } from "./document-set.ts";

/**
 * The namespaces that hold documents. Goes from one namespace to the next by its place in the order, so the cost
 * follows the number of namespaces, not of documents.
 */
export function listNamespaces(
  set: DocumentSet,
  request: AdmittedNamespaces,
  isExpired: (row: DocumentRow) => boolean,
): Page<readonly string[]> {
  const { prefix, suffix, maxDepth, limit, after } = request;
  const items: (readonly string[])[] = [];
  const start = literalStart(prefix);
  let from = after === undefined ? start : placeBehind(after, maxDepth);
  if (compareUtf8(from, start) < 0) from = start;
  for (;;) {
    const namespace = nextNamespace(set, from, isExpired);
    if (namespace === undefined || !beginsWith(namespace, prefix)) return { items };
    if (!matches(namespace, prefix, suffix)) {
      from = placeBehind(namespace, Number.POSITIVE_INFINITY);
      continue;
    }
    const last = items.at(-1);
    if (items.length === limit && last !== undefined)
      return { items, cursor: encodeCursor("namespaces", [last]) };
    const cut = namespace.length > maxDepth ? Object.freeze(namespace.slice(0, maxDepth)) : namespace;
    // A forged cursor may stand inside what was cut; nothing is listed that is not behind it.
    if (after === undefined || compareNamespaces(cut, after) > 0) items.push(cut);
    from = placeBehind(cut, maxDepth);
  }
}

/** The place of the first namespace that begins with the elements of the prefix before its first `*`. */
function literalStart(prefix: readonly string[]): string {
  const wildcard = prefix.indexOf("*");
  return namespaceSortPrefix(wildcard < 0 ? prefix : prefix.slice(0, wildcard));
}

/** Whether the walk is still among those namespaces: they stand side by side. */
function beginsWith(namespace: readonly string[], prefix: readonly string[]): boolean {
  const wildcard = prefix.indexOf("*");
  return (wildcard < 0 ? prefix : prefix.slice(0, wildcard)).every(
    (element, index) => element === namespace[index],
  );
}

/** The namespace of the first live document at or behind this place. */
function nextNamespace(
  set: DocumentSet,
  from: string,
  isExpired: (row: DocumentRow) => boolean,
): readonly string[] | undefined {
  for (const sortKey of set.order.ascending(from)) {
    const row = set.rows.get(sortKey);
    if (row !== undefined && !isExpired(row)) return row.document.namespace;
  }
  return undefined;
}

/** The place behind a listed namespace: behind all below it too, when they were cut to it. */
function placeBehind(namespace: readonly string[], maxDepth: number): string {
  const end = namespace.length >= maxDepth ? "\u0002" : "\u0001";
  return `${namespaceSortPrefix(namespace)}${end}`;
}

function matches(
  namespace: readonly string[],
  prefix: readonly string[],
  suffix: readonly string[],
): boolean {
  if (namespace.length < prefix.length || namespace.length < suffix.length) return false;
  const start = namespace.length - suffix.length;
  return (
    prefix.every((element, index) => element === "*" || element === namespace[index]) &&
    suffix.every((element, index) => element === "*" || element === namespace[start + index])
  );
}
