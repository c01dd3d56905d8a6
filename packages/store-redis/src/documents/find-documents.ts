import type { Document } from "@relevo/core";
import { documentSortKey } from "@relevo/core/input";
import {
  type AdmittedFind,
  type Answer,
  type DocumentPosition,
  type DriverPage,
  findBounds,
  findMatcher,
  type Refusal,
} from "@relevo/core/store";
import type { StoreContext } from "../context.ts";
import {
  type DocumentUnit,
  documentUnitOf,
  isReadable,
  type Reading,
  type ReadRecord,
  readSomeDocuments,
  unitsOf,
} from "./document-unit.ts";
import { type Candidate, chooseSources, nextCandidates } from "./find-candidates.ts";
import { type FirstCandidates, findFirst } from "./find-first.ts";

/** How many documents one call looks at beyond those it returns. */
const lookBudget = 5000;
/** How much of documents one call looks at before it ends its page, in bytes as they are stored. */
const bytesBudget = 16 * 1024 * 1024;

/**
 * One page. Sort keys come from an index of each unit and are merged; the documents of those that can stand on this
 * page are then read and looked at again, so that what an index says never decides. A page ends early, with a cursor,
 * when too much had to be looked at.
 */
export async function findDocuments(
  context: StoreContext,
  request: AdmittedFind,
): Promise<Answer<DriverPage<Document, DocumentPosition>>> {
  const page = await findPage(context, request, { asStored: false, most: Number.POSITIVE_INFINITY });
  return page.refused === undefined ? { ok: page.ok ?? { items: [] } } : page;
}

/** `undefined` for a session that is not there. Ends the page before its documents have more than `most` bytes together. */
export async function findPage(
  context: StoreContext,
  request: AdmittedFind,
  { asStored, most }: { readonly asStored: boolean; readonly most: number },
): Promise<Answer<DriverPage<Document, DocumentPosition> | undefined>> {
  const { scope, namespace, limit } = request;
  // All below two elements is of one owner, and so in one unit.
  const owner = namespace ?? request.namespacePrefix;
  const signal = context.connection.scope(request.signal);
  const units =
    owner.length < 2 && namespace === undefined
      ? unitsOf(context, scope)
      : [documentUnitOf(context, scope, owner)];
  const bounds = findBounds(request);
  const matches = findMatcher(request);
  const forward = request.direction === "forward";
  const chunk = Math.min(1000, Math.max(limit + 1, 50));
  const reading = { since: request.updatedSince, asStored };
  const items: Document[] = [];
  let after = request.after && documentSortKey(request.after.namespace, request.after.key);
  // Most finds are of one owner or session and by no tag: what one page needs then takes one call of the server.
  const [unit, ...others] = units;
  let first: FirstCandidates | undefined;
  if (unit !== undefined && others.length === 0 && request.allTags.length + request.anyTags.length === 0) {
    const answer = await findFirst(
      context,
      unit,
      { bounds, after, forward, chunk },
      limit + 1,
      reading,
      signal,
    );
    if (answer.refused !== undefined) return answer;
    if (answer.ok === undefined) return { ok: undefined };
    first = answer.ok;
  } else {
    const readable = await isReadable(context, unit, signal);
    if (readable.refused !== undefined) return readable;
    if (!readable.ok) return { ok: undefined };
  }
  const sources = await chooseSources(context, units, request, bounds, signal);
  let looked = 0;
  let lookedBytes = 0;
  let bytes = 0;
  for (;;) {
    const place = { bounds, after, forward, chunk };
    const next = first ?? (await nextCandidates(context, units, sources, place, signal));
    const { candidates, more } = next;
    const read = first?.read ?? new Map<string, ReadRecord>();
    first = undefined;
    for (const [index, { sortKey }] of candidates.entries()) {
      if (after !== undefined && (looked >= limit + lookBudget || lookedBytes >= bytesBudget))
        return { ok: { items, next: positionOf(after) } };
      // Only as many are read as the page can take, and one more that says whether it ends here.
      if (!read.has(sortKey)) {
        const page = candidates.slice(index, index + limit + 1);
        const refusal = await readMore(context, page, reading, read, signal);
        if (refusal !== undefined) return refusal;
      }
      const record = read.get(sortKey);
      read.delete(sortKey);
      if (record?.document !== undefined && matches(record.document)) {
        bytes += record.bytes;
        const isFull = items.length === limit || (bytes > most && items.length > 0);
        if (isFull && after !== undefined) return { ok: { items, next: positionOf(after) } };
        items.push(record.document);
      }
      looked++;
      lookedBytes += record?.bytes ?? 0;
      after = sortKey;
    }
    if (!more) return { ok: { items } };
  }
}

/** The place behind a document, whether it is there or not. */
function positionOf(sortKey: string): DocumentPosition {
  const end = sortKey.indexOf("\0\0");
  return { namespace: sortKey.slice(0, end).split("\0\u0001"), key: sortKey.slice(end + 2) };
}

/** Reads the first of these, and as many others as are small enough; of units that are ahead of it, no more. */
async function readMore(
  context: StoreContext,
  candidates: readonly Candidate[],
  reading: Reading,
  read: Map<string, ReadRecord>,
  signal: AbortSignal | undefined,
): Promise<Refusal | undefined> {
  const ahead = new Set(candidates.filter(({ sortKey }) => read.has(sortKey)).map(({ unit }) => unit));
  const byUnit = new Map<DocumentUnit, string[]>();
  for (const { unit, sortKey } of candidates) {
    if (ahead.has(unit)) continue;
    const keys = byUnit.get(unit);
    if (keys === undefined) byUnit.set(unit, [sortKey]);
    else keys.push(sortKey);
  }
  const refusals = await Promise.all(
    [...byUnit].map(async ([unit, keys]) => {
      const answer = await readSomeDocuments(context, unit, keys, reading, signal);
      if (answer.refused !== undefined) return answer;
      for (const [index, record] of answer.ok.entries()) read.set(keys[index] ?? "", record);
      return undefined;
    }),
  );
  return refusals.find((refusal) => refusal !== undefined);
}
