import { compareNamespaces, compareUtf8 } from "../../../order.ts";
import type { Answer } from "../../answer.ts";
import type { AdmittedNamespaces } from "../../document-queries.ts";
import type { DriverPage } from "../../driver.ts";
import {
  beginsLikePattern,
  matchesNamespace,
  namespaceListStart,
  placeBehindNamespace,
} from "../../namespace-list.ts";
import type { DriverContext } from "../context.ts";
import { afterKey, afterPrefix, appendBytes } from "../space/encode-key.ts";
import { type DocumentReader, openDocuments } from "./read-documents.ts";
import { type DocumentRecord, liveDocument } from "./stored-document.ts";

/**
 * The namespaces that hold documents. Goes from one namespace to the next by its place in the order, so the cost
 * follows the number of namespaces, not of documents.
 */
export async function listNamespaces(
  context: DriverContext,
  request: AdmittedNamespaces,
): Promise<Answer<DriverPage<readonly string[], readonly string[]>>> {
  const { prefix, suffix, maxDepth, limit, after } = request;
  const items: (readonly string[])[] = [];
  const reader = await openDocuments(context, request.scope, request);
  if (reader === undefined) return { ok: { items } };
  const start = namespaceListStart(prefix);
  let from = after === undefined ? start : placeBehindNamespace(after, maxDepth);
  if (compareUtf8(from, start) < 0) from = start;
  for (;;) {
    const namespace = await nextNamespace(reader, from);
    if (namespace === undefined || !beginsLikePattern(namespace, prefix)) return { ok: { items } };
    if (!matchesNamespace(namespace, prefix, suffix)) {
      from = placeBehindNamespace(namespace, Number.POSITIVE_INFINITY);
      continue;
    }
    const last = items.at(-1);
    if (items.length === limit && last !== undefined) return { ok: { items, next: last } };
    const cut = namespace.length > maxDepth ? namespace.slice(0, maxDepth) : namespace;
    // A forged cursor may stand inside what was cut; nothing is listed that is not behind it.
    if (after === undefined || compareNamespaces(cut, after) > 0) items.push(cut);
    from = placeBehindNamespace(cut, maxDepth);
  }
}

/** The namespace of the first live document at or behind this place. */
async function nextNamespace(reader: DocumentReader, place: string): Promise<readonly string[] | undefined> {
  const { documents } = reader.keys;
  const to = afterPrefix(documents);
  let from = appendBytes(documents, place);
  // The first document is the answer unless its time is over.
  for (let limit = 1; ; limit = 100) {
    const found = await reader.read([], [{ from, to, limit }]);
    const records = (found?.ranges[0] ?? []) as unknown as readonly DocumentRecord[];
    const first = records.find((record) => liveDocument(record, reader.now) !== undefined);
    if (first !== undefined) return first.value.namespace;
    const last = records.at(-1);
    if (last === undefined || records.length < limit) return undefined;
    from = afterKey(last.key);
  }
}
