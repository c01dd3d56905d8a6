import type { Document } from "@relevo/core";
import { compareUtf8, documentSortKey } from "@relevo/core/input";
import {
  type AdmittedFind,
  type DocumentPosition,
  type DriverPage,
  type FindBounds,
  findBounds,
  findMatcher,
} from "@relevo/core/store";
import type { DocumentRow, DocumentSet } from "./document-set.ts";
import type { SortedSet } from "./sorted-set.ts";

/** How many documents one call looks at beyond those it returns. */
const lookBudget = 10_000;
/** How much of the content of documents one call looks at for `where` and `text`, in bytes as they are counted. */
const contentBudget = 16 * 1024 * 1024;
/** Up to this many recently written documents are sorted for a page; beyond, the order of places is walked. */
const maxSorted = 2000;

/** One page of what is asked for, through the index that leaves the least to look at. */
export function findDocuments(
  set: DocumentSet,
  request: AdmittedFind,
  isExpired: (row: DocumentRow) => boolean,
  show: (row: DocumentRow) => Document,
): DriverPage<Document, DocumentPosition> {
  const bounds = findBounds(request);
  const matches = findMatcher(request);
  const items: Document[] = [];
  const looksInside = request.where !== undefined || request.text !== undefined;
  let budget = request.limit + lookBudget;
  let content = contentBudget;
  let position: Document | undefined;
  for (const sortKey of candidates(set, request, bounds)) {
    if (!isWithin(sortKey, bounds, request.direction)) break;
    const isEnough = items.length === request.limit || budget-- === 0 || content <= 0;
    if (isEnough && position !== undefined) {
      return { items, next: position };
    }
    const row = set.rows.get(sortKey);
    if (row === undefined) continue;
    position = row.document;
    if (looksInside) content -= row.charge;
    if (!isExpired(row) && matches(row.document)) items.push(show(row));
  }
  return { items };
}

/** Whether a walk in this direction has not yet left the bounds. */
function isWithin(sortKey: string, { low, high }: FindBounds, direction: "forward" | "backward"): boolean {
  if (direction === "backward") return compareUtf8(sortKey, low) >= 0;
  return high === undefined || compareUtf8(sortKey, high) < 0;
}

/** Sort keys in the direction asked, from the start of the bounds or behind the cursor. */
function candidates(set: DocumentSet, request: AdmittedFind, bounds: FindBounds): Iterable<string> {
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
