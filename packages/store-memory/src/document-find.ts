import {
  type AdmittedFind,
  compareNamespaces,
  compareUtf8,
  type Document,
  documentSortKey,
  encodeCursor,
  matchesWhere,
  namespaceSortPrefix,
  type Page,
  searchableText,
} from "@relevo/core";
import type { DocumentRow, DocumentSet } from "./document-set.ts";
import type { SortedSet } from "./sorted-set.ts";

/** How many documents one call looks at beyond those it returns. */
const lookBudget = 10_000;
/** Up to this many recently written documents are sorted for a page; beyond, the order of places is walked. */
const maxSorted = 2000;

/** The part of the order in which a find looks: from `low` on, before `high`. */
interface Bounds {
  readonly low: string;
  readonly high: string | undefined;
}

/** One page of what is asked for, through the index that leaves the least to look at. */
export function findDocuments(
  set: DocumentSet,
  request: AdmittedFind,
  isExpired: (row: DocumentRow) => boolean,
  show: (row: DocumentRow) => Document,
): Page<Document> {
  const bounds = boundsOf(request);
  const items: Document[] = [];
  let budget = request.limit + lookBudget;
  let position: Document | undefined;
  for (const sortKey of candidates(set, request, bounds)) {
    if (bounds === undefined || !isWithin(sortKey, bounds, request.direction)) break;
    if ((items.length === request.limit || budget-- === 0) && position !== undefined) {
      return { items, cursor: encodeCursor("documents", [position.namespace, position.key]) };
    }
    const row = set.rows.get(sortKey);
    if (row === undefined) continue;
    position = row.document;
    if (!isExpired(row) && matches(row.document, request)) items.push(show(row));
  }
  return { items };
}

function matches(document: Document, request: AdmittedFind): boolean {
  const { namespace, namespacePrefix, allTags, anyTags, where, text } = request;
  if (document.updatedAt < request.updatedSince) return false;
  if (namespace !== undefined && compareNamespaces(document.namespace, namespace) !== 0) return false;
  if (!namespacePrefix.every((element, index) => document.namespace[index] === element)) return false;
  if (request.keyAfter !== undefined && compareUtf8(document.key, request.keyAfter) <= 0) return false;
  if (request.keyBefore !== undefined && compareUtf8(document.key, request.keyBefore) >= 0) return false;
  if (!allTags.every((tag) => document.tags.includes(tag))) return false;
  if (anyTags.length > 0 && !anyTags.some((tag) => document.tags.includes(tag))) return false;
  if (where !== undefined && !matchesWhere(where, document)) return false;
  return text === undefined || searchableText(document.value).includes(text);
}

/** Where the namespace, the keys and the cursor leave anything to be found; `undefined` for nowhere. */
function boundsOf(request: AdmittedFind): Bounds | undefined {
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

/** Whether a walk in this direction has not yet left the bounds. */
function isWithin(sortKey: string, { low, high }: Bounds, direction: "forward" | "backward"): boolean {
  if (direction === "backward") return compareUtf8(sortKey, low) >= 0;
  return high === undefined || compareUtf8(sortKey, high) < 0;
}

/** Sort keys in the direction asked, from the start of the bounds or behind the cursor. */
function candidates(set: DocumentSet, request: AdmittedFind, bounds: Bounds | undefined): Iterable<string> {
  if (bounds === undefined) return [];
  const forward = request.direction === "forward";
  const after = request.after && documentSortKey(request.after.namespace, request.after.key);
  const edge = forward ? bounds.low : bounds.high;
  // Whichever lies further on: a cursor of another query may stand before the bounds.
  const useCursor =
    after !== undefined &&
    (edge === undefined || (forward ? compareUtf8(after, edge) >= 0 : compareUtf8(after, edge) <= 0));
  const from = useCursor ? after : edge;
  const inclusive = !useCursor && forward;
  const recent = recentKeys(set, request);
  if (recent !== undefined) {
    if (!forward) recent.reverse();
    if (from === undefined) return recent;
    return recent.filter((sortKey) => {
      const order = compareUtf8(sortKey, from);
      return (forward ? order > 0 : order < 0) || (inclusive && order === 0);
    });
  }
  const walks = tagSets(set, request).map((keys) => walk(keys, forward, from, inclusive));
  return walks.length === 1 ? (walks[0] as Iterable<string>) : merge(walks, forward);
}

function* nothing(): Generator<string, void, void> {}

function walk(
  keys: SortedSet<string> | undefined,
  forward: boolean,
  from: string | undefined,
  inclusive: boolean,
): Generator<string, void, void> {
  if (keys === undefined) return nothing();
  return forward ? keys.ascending(from, inclusive) : keys.descending(from, inclusive);
}

/** The smallest of the indexes by tag that the request allows, or the whole order. */
function tagSets(set: DocumentSet, request: AdmittedFind): readonly (SortedSet<string> | undefined)[] {
  let best: readonly (SortedSet<string> | undefined)[] = [set.order];
  let size = set.order.size;
  const offer = (sets: readonly (SortedSet<string> | undefined)[]): void => {
    const offered = sets.reduce((sum, keys) => sum + (keys?.size ?? 0), 0);
    if (offered >= size) return;
    best = sets;
    size = offered;
  };
  for (const tag of request.allTags) offer([set.byTag.get(tag)]);
  if (request.anyTags.length > 0) offer(request.anyTags.map((tag) => set.byTag.get(tag)));
  return best;
}

/** The keys of what was written since then, ascending, when they are few. */
function recentKeys(set: DocumentSet, request: AdmittedFind): string[] | undefined {
  if (request.updatedSince === Number.MIN_SAFE_INTEGER) return undefined;
  const keys: string[] = [];
  for (const row of set.byTime.descending()) {
    if (row.document.updatedAt < request.updatedSince) break;
    if (keys.push(row.sortKey) > maxSorted) return undefined;
  }
  return keys.sort(compareUtf8);
}

/** Several ordered walks as one, each key once. */
function* merge(
  walks: readonly Generator<string, void, void>[],
  forward: boolean,
): Generator<string, void, void> {
  const heads = walks.map((keys) => keys.next().value);
  for (;;) {
    let best: string | undefined;
    for (const head of heads) {
      if (typeof head !== "string") continue;
      const order = best === undefined ? -1 : compareUtf8(head, best);
      if (best === undefined || (forward ? order < 0 : order > 0)) best = head;
    }
    if (best === undefined) return;
    yield best;
    for (const [index, head] of heads.entries()) {
      if (head === best) heads[index] = walks[index]?.next().value;
    }
  }
}
