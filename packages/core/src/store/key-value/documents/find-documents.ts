import { documentSortKey } from "../../../order.ts";
import type { Document } from "../../../ports/document-store.ts";
import type { Answer } from "../../answer.ts";
import type { AdmittedFind, DocumentPosition } from "../../document-calls.ts";
import type { DriverPage } from "../../driver.ts";
import { findBounds, findMatcher } from "../../find.ts";
import type { DriverContext } from "../context.ts";
import { afterKey, afterPrefix, appendBytes, textBehind } from "../space/encode-key.ts";
import type { KeyRecord } from "../space/records.ts";
import { type DocumentReader, openDocuments } from "./read-documents.ts";
import { type DocumentRecord, liveDocument, showDocument } from "./stored-document.ts";

/** How many documents one call looks at beyond those it returns. */
const lookBudget = 10_000;
/** How much of the content of documents one call looks at for `where` and `text`, in bytes. */
const contentBudget = 16 * 1024 * 1024;
const batchSize = 250;

/** One page of what is asked for, through the lists of tags when tags are named. */
export async function findDocuments(
  context: DriverContext,
  request: AdmittedFind,
): Promise<Answer<DriverPage<Document, DocumentPosition>>> {
  const reader = await openDocuments(context, request.scope, request);
  if (reader === undefined) return { ok: { items: [] } };
  const matches = findMatcher(request);
  const looksInside = request.where !== undefined || request.text !== undefined;
  const items: Document[] = [];
  let budget = request.limit + lookBudget;
  let content = contentBudget;
  let position: DocumentPosition | undefined;
  for await (const record of candidates(reader, request)) {
    const isEnough = items.length === request.limit || budget-- === 0 || content <= 0;
    if (isEnough && position !== undefined) return { ok: { items, next: position } };
    const { namespace, key } = record.value;
    position = { namespace, key };
    if (looksInside) content -= record.bytes;
    const document = liveDocument(record, reader.now);
    if (document !== undefined && matches(document)) items.push(showDocument(document, reader.live));
  }
  return { ok: { items } };
}

/** Documents in the direction asked, from the start of the bounds or behind the cursor. */
async function* candidates(reader: DocumentReader, request: AdmittedFind): AsyncGenerator<DocumentRecord> {
  const { keys } = reader;
  const { low, high } = findBounds(request);
  const backward = request.direction === "backward";
  const { allTags, anyTags } = request;
  const tags = allTags.length > 0 ? allTags.slice(0, 1) : anyTags;
  const prefixes = tags.length > 0 ? tags.map(keys.tag) : [keys.documents];
  const after = request.after && documentSortKey(request.after.namespace, request.after.key);
  // The first page is as small as it can be; who goes on needs more.
  for (let size = Math.min(request.limit + 1, batchSize), start = after; ; size = batchSize) {
    const ranges = prefixes.map((prefix) => boundsUnder(prefix, low, high, start, backward, size));
    const found = await reader.read([], ranges);
    if (found === undefined) return;
    const records = new Map<string, KeyRecord>();
    for (const [index, list] of found.ranges.entries()) {
      for (const record of list) records.set(textBehind(record.key, prefixes[index] ?? record.key), record);
    }
    const sortKeys = [...records.keys()].sort(
      (left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)) * (backward ? -1 : 1),
    );
    const chosen = sortKeys.slice(0, size);
    if (tags.length === 0) {
      for (const sortKey of chosen) yield records.get(sortKey) as unknown as DocumentRecord;
    } else {
      const documents = await reader.read(chosen.map(keys.document), []);
      for (const record of documents?.records ?? []) {
        if (record !== undefined) yield record as unknown as DocumentRecord;
      }
    }
    start = chosen.at(-1);
    if (chosen.length < size || start === undefined) return;
  }
}

function boundsUnder(
  prefix: Uint8Array,
  low: string,
  high: string | undefined,
  after: string | undefined,
  backward: boolean,
  limit: number,
): { from: Uint8Array; to: Uint8Array; limit: number; reverse: boolean } {
  let from = appendBytes(prefix, low);
  let to = high === undefined ? afterPrefix(prefix) : appendBytes(prefix, high);
  if (after !== undefined) {
    // A cursor of another query may stand before or behind the bounds.
    const edge = appendBytes(prefix, after);
    if (backward && Buffer.compare(edge, to) < 0) to = edge;
    if (!backward && Buffer.compare(edge, from) >= 0) from = afterKey(edge);
  }
  return { from, to: Buffer.compare(from, to) > 0 ? from : to, limit, reverse: backward };
}
