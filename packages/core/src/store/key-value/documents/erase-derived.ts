import type { DocumentAddress } from "../../../address.ts";
import { rangesIntersect } from "../../../input/ranges.ts";
import { documentSortKey } from "../../../order.ts";
import type { DocumentSources } from "../../../ports/document-sources.ts";
import type { Answer } from "../../answer.ts";
import type { DerivedRequest, ErasedDocuments, RemovedSource } from "../../driver.ts";
import type { DriverContext } from "../context.ts";
import { under } from "../layout.ts";
import { afterKey, afterPrefix } from "../space/encode-key.ts";
import { readRecords } from "../space/records.ts";
import { type DerivedEntry, removedLists, sourceLists } from "./document-sources.ts";
import { writeDocuments } from "./document-unit.ts";
import { type DocumentRecord, removeDocument } from "./stored-document.ts";

const batchSize = 100;

/** Removes documents that are derived from the source, each unit in a step of its own. */
export async function eraseDerived(
  context: DriverContext,
  { tenant, source, limit, signal }: DerivedRequest,
): Promise<Answer<ErasedDocuments>> {
  const erased: DocumentAddress[] = [];
  for (const list of removedLists(tenant, source)) {
    const to = afterPrefix(list);
    for (let { from } = under(list, 1); ; ) {
      const size = Math.min(batchSize, limit - erased.length);
      if (size === 0) return { ok: { erased, more: true } };
      const found =
        (await readRecords(context.space, [], [{ from, to, limit: size }], { signal })).ranges[0] ?? [];
      for (const { value } of found) {
        const entry = value as unknown as DerivedEntry;
        if (await eraseOne(context, tenant, entry, source, signal)) erased.push(addressOf(tenant, entry));
      }
      const last = found.at(-1);
      if (last === undefined || found.length < size) break;
      from = afterKey(last.key);
    }
  }
  return { ok: { erased, more: false } };
}

/** One commit for each document: it may stand in as many lists as a commit takes. */
async function eraseOne(
  context: DriverContext,
  tenant: string,
  { session, generation, namespace, key }: DerivedEntry,
  source: RemovedSource,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const request = {
    scope: session === undefined ? { tenant } : { tenant, session },
    namespace,
    incarnation: undefined,
    fence: undefined,
    subject: undefined,
    metadata: {},
    signal,
  };
  const answer = await writeDocuments<boolean>(context, request, { sealedToo: true }, async (unit) => {
    if (unit === undefined || unit.live?.generation !== generation) return { ok: false };
    const [record] = (await unit.transaction.read([unit.keys.document(documentSortKey(namespace, key))]))
      .records;
    const found = record as DocumentRecord | undefined;
    if (found === undefined || !isDerived(tenant, found.value.derivedFrom, source)) return { ok: false };
    removeDocument(unit.transaction, unit.keys, unit.place, found);
    unit.save(unit.version, -1);
    return { ok: true };
  });
  return answer.ok === true;
}

function isDerived(tenant: string, sources: DocumentSources | undefined, removed: RemovedSource): boolean {
  if (sources === undefined) return false;
  if ("session" in removed) {
    const { events } = sources;
    return (
      events?.session === removed.session &&
      events.incarnation === removed.incarnation &&
      rangesIntersect(events.ranges, removed.ranges)
    );
  }
  const lists = sourceLists(tenant, sources);
  return removedLists(tenant, removed).some((one) => lists.some((list) => Buffer.compare(one, list) === 0));
}

function addressOf(tenant: string, { session, namespace, key }: DerivedEntry): DocumentAddress {
  return session === undefined ? { tenant, namespace, key } : { tenant, session, namespace, key };
}
