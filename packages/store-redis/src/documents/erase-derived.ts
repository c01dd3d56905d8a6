import type { Document, DocumentAddress } from "@relevo/core";
import { documentSortKey } from "@relevo/core/input";
import type { Answer, DerivedRequest, ErasedDocuments, Refusal } from "@relevo/core/store";
import { type Reply, refusalOf, replyOf } from "../answers.ts";
import type { StoreContext } from "../context.ts";
import { buckets } from "../keys.ts";
import { derivedFrom, eraseAlone, eraseInSession } from "../scripts/scripts.generated.ts";
import { isDerived, removedNames } from "./document-sources.ts";
import { type DocumentUnit, readDocuments } from "./document-unit.ts";

/** Entries of an index that are read at a time. */
const chunk = 100;

/** A source that an index of a bucket has entries of. */
interface Hit {
  readonly name: string;
  readonly bucket: number;
  readonly key: string;
}

/**
 * Removes documents that are derived from the source. The index of what a document is derived from lies in the slot of
 * the document, so that both change in one step; every bucket of the tenant is looked at.
 */
export async function eraseDerived(
  context: StoreContext,
  request: DerivedRequest,
): Promise<Answer<ErasedDocuments>> {
  const { tenant, source, limit } = request;
  const signal = context.connection.scope(request.signal);
  const names = removedNames(source);
  const known = new Set(names);
  const erased: DocumentAddress[] = [];
  let more = false;
  for (const hit of await hitsOf(context, tenant, names, signal)) {
    for (let low = `[${hit.name}\0`; ; ) {
      const size = Math.min(chunk, limit - erased.length);
      if (size === 0) return { ok: { erased, more: true } };
      const range = ["ZRANGEBYLEX", hit.key, low, `(${hit.name}\u0001`, "LIMIT", "0", `${size}`];
      const entries = (await context.connection.read(hit.key, range, { signal })) as readonly string[];
      for (const [session, sortKeys] of bySession(entries)) {
        const unit = unitOf(context, tenant, hit.bucket, session);
        const found = await readDocuments(context, unit, sortKeys, signal);
        if (found.refused !== undefined) return found;
        const derived = found.ok.filter(
          (one): one is Document => one !== undefined && isDerived(one.derivedFrom, source, known),
        );
        if (derived.length === 0) continue;
        const outcomes = await eraseDocuments(context, unit, derived, signal);
        if ("refused" in outcomes) return outcomes;
        for (const [index, { namespace, key }] of derived.entries()) {
          // Another writer has replaced it meanwhile, maybe with something derived from the same.
          if (outcomes[index] === false) more = true;
          else if (session === "") erased.push({ tenant, namespace, key });
          else erased.push({ tenant, session, namespace, key });
        }
      }
      const last = entries.at(-1);
      if (last === undefined || entries.length < size) break;
      low = `(${last}`;
    }
  }
  return { ok: { erased, more } };
}

async function hitsOf(
  context: StoreContext,
  tenant: string,
  sources: readonly string[],
  signal: AbortSignal,
): Promise<readonly Hit[]> {
  const indexes = Array.from({ length: buckets }, (_, bucket) => {
    const { ownerSources, sessionSources } = context.keys.bucket(tenant, bucket);
    return [
      { bucket, key: ownerSources },
      { bucket, key: sessionSources },
    ];
  }).flat();
  const counts = await countsOf(context, tenant, indexes, sources, signal);
  return indexes.flatMap((index, place) =>
    sources
      .filter((_, at) => Number(counts[place * sources.length + at]) > 0)
      .map((name) => ({ ...index, name })),
  );
}

/** How many entries each index has of each source, in this order. One call, or one for each bucket of a Cluster. */
async function countsOf(
  { connection, keys }: StoreContext,
  tenant: string,
  indexes: readonly { readonly key: string }[],
  sources: readonly string[],
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const all = indexes.map(({ key }) => key);
  const together = await connection.readAcross(derivedFrom, all, { sources }, { signal });
  if (together !== undefined) return replyOf(together).slice(1);
  const replies = await Promise.all(
    Array.from({ length: buckets }, (_, bucket) =>
      connection.script(derivedFrom, keys.bucket(tenant, bucket), { sources }, { signal }),
    ),
  );
  return replies.flatMap((reply) => replyOf(reply).slice(1));
}

/** The sort keys that entries of one source name, by session; those that stand alone under the empty text. */
function bySession(entries: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const sessions = new Map<string, string[]>();
  for (const entry of entries) {
    const from = entry.indexOf("\0") + 1;
    const to = entry.indexOf("\0", from);
    const session = entry.slice(from, to);
    const known = sessions.get(session);
    if (known === undefined) sessions.set(session, [entry.slice(to + 1)]);
    else known.push(entry.slice(to + 1));
  }
  return sessions;
}

function unitOf({ keys }: StoreContext, tenant: string, bucket: number, session: string): DocumentUnit {
  return session === ""
    ? { keys: keys.bucket(tenant, bucket), session: undefined }
    : { keys: keys.session(tenant, session), session };
}

/** False for each that has another version by now. May be repeated: what is gone counts as removed. */
async function eraseDocuments(
  { connection }: StoreContext,
  unit: DocumentUnit,
  documents: readonly Document[],
  signal: AbortSignal,
): Promise<readonly boolean[] | Refusal> {
  const erasures = documents.map(({ namespace, key, version }) => ({
    key: documentSortKey(namespace, key),
    version,
  }));
  const settings = { signal, repeatable: true };
  const reply: Reply = replyOf(
    unit.session === undefined
      ? await connection.script(eraseAlone, unit.keys, { erasures }, settings)
      : await connection.script(eraseInSession, unit.keys, { session: unit.session, erasures }, settings),
  );
  const [status, ...outcomes] = reply;
  return refusalOf(reply) ?? documents.map((_, index) => status === "none" || outcomes[index] === 1);
}
