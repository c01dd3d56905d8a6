import { compareUtf8 } from "@relevo/core/input";
import {
  type AdmittedNamespaces,
  beginsLikePattern,
  compareNamespaces,
  type DriverPage,
  matchesNamespace,
  namespaceListStart,
  placeBehindNamespace,
} from "@relevo/core/store";
import type { DocumentRow, DocumentSet } from "./document-set.ts";

/**
 * The namespaces that hold documents. Goes from one namespace to the next by its place in the order, so the cost
 * follows the number of namespaces, not of documents.
 */
export function listNamespaces(
  set: DocumentSet,
  request: AdmittedNamespaces,
  isExpired: (row: DocumentRow) => boolean,
): DriverPage<readonly string[], readonly string[]> {
  const { prefix, suffix, maxDepth, limit, after } = request;
  const items: (readonly string[])[] = [];
  const start = namespaceListStart(prefix);
  let from = after === undefined ? start : placeBehindNamespace(after, maxDepth);
  if (compareUtf8(from, start) < 0) from = start;
  for (;;) {
    const namespace = nextNamespace(set, from, isExpired);
    if (namespace === undefined || !beginsLikePattern(namespace, prefix)) return { items };
    if (!matchesNamespace(namespace, prefix, suffix)) {
      from = placeBehindNamespace(namespace, Number.POSITIVE_INFINITY);
      continue;
    }
    const last = items.at(-1);
    if (items.length === limit && last !== undefined) return { items, next: last };
    const cut = namespace.length > maxDepth ? Object.freeze(namespace.slice(0, maxDepth)) : namespace;
    // A forged cursor may stand inside what was cut; nothing is listed that is not behind it.
    if (after === undefined || compareNamespaces(cut, after) > 0) items.push(cut);
    from = placeBehindNamespace(cut, maxDepth);
  }
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
