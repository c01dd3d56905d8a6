import type { Document, JsonValue, RecallHit, RecallQuery, RecallResult } from "@relevo/core";
import { maxPageSize } from "@relevo/core/input";
import type { Runtime } from "../runtime.ts";
import { signalOf } from "../signal.ts";

/** So many more hits are looked at as may rise by their importance. */
const lookedAt = 5;
const leastLookedAt = 50;

/**
 * A search whose `importance` is asked of `createMemory({ importance })`, with the uses of each memory, for documents of the
 * durable store among the best hits. Others, such as messages, have what their metadata says. The best text by its words gets
 * 1 for them; what supersedes a text stays before it.
 */
export async function searchByImportance(
  runtime: Runtime,
  tenant: string,
  { importance: weight = 0, limit = 10, ...query }: RecallQuery,
  search: (query: RecallQuery) => Promise<RecallResult>,
): Promise<RecallResult> {
  const many = Math.min(maxPageSize, Math.max(limit, limit * lookedAt, leastLookedAt));
  const found = await search({ ...query, limit: many });
  const important = await importances(runtime, tenant, found.hits, query);
  const best = found.hits.reduce((most, { score }) => Math.max(most, score), Number.MIN_VALUE);
  const scores = new Map<string, number>();
  const ranked: RecallHit[] = [];
  for (const [index, hit] of found.hits.entries()) {
    // What supersedes stands before, so that its score is known.
    const own = hit.score / best + weight * (important[index] ?? 0);
    const lowest = (hit.supersededBy ?? []).reduce(
      (least, other) => Math.min(least, scores.get(placeOf(other)) ?? least),
      own,
    );
    const score = Math.round(lowest * 1e6) / 1e6;
    if (hit.source.kind === "document") scores.set(placeOf(hit.source), score);
    const explain: JsonValue | undefined = hit.explain && {
      ...hit.explain,
      importance: important[index] ?? 0,
    };
    ranked.push({ ...hit, score, ...(explain === undefined ? {} : { explain }) });
  }
  // The sort is stable: among equals the order of the words stays.
  return { ...found, hits: ranked.sort((a, b) => b.score - a.score).slice(0, limit) };
}

async function importances(
  { durable, uses, importance, clock }: Runtime,
  tenant: string,
  hits: readonly RecallHit[],
  query: Pick<RecallQuery, "signal" | "now">,
): Promise<readonly number[]> {
  const now = query.now ?? clock.now();
  const documents = new Map<RecallHit, Document>();
  const asked = hits.filter(({ source }) => source.kind === "document");
  for (let start = 0; start < asked.length; start += durable.limits.batchItems) {
    const batch = asked.slice(start, start + durable.limits.batchItems);
    const addresses = batch.flatMap(({ source }) =>
      source.kind === "event"
        ? []
        : [
            {
              tenant,
              ...(source.session === undefined ? {} : { session: source.session }),
              namespace: source.namespace,
              key: source.key,
            },
          ],
    );
    const read = await durable.documents.getMany(addresses, signalOf(query));
    for (const [index, hit] of batch.entries()) {
      const document = read[index];
      if (document !== undefined) documents.set(hit, document);
    }
  }
  const used = (await uses?.of(tenant, [...documents.values()])) ?? [];
  const scores = new Map(
    [...documents].map(([hit, document], index) => [hit, importance.score(document, now, used[index])]),
  );
  return hits.map((hit) => {
    const { importance: given } = hit.metadata;
    const said = typeof given === "number" ? given : 0;
    const score = scores.get(hit) ?? said;
    return Number.isFinite(score) ? Math.min(1, Math.max(0, score)) : 0;
  });
}

function placeOf({
  session,
  namespace,
  key,
}: {
  readonly session?: string;
  readonly namespace: readonly string[];
  readonly key: string;
}): string {
  return JSON.stringify([session ?? null, namespace, key]);
}
