import type { CallOptions, Document, RecallHit, SearchSource, SupersedingDocument } from "@relevo/core";
import type { ScoreParts } from "../scoring/score-question.ts";
import { ownerOf } from "./document-text.ts";
import { documentHit, type HitOptions, type HitStore } from "./read-hits.ts";
import { sessionsOf } from "./sessions-of.ts";

/** Of the texts that supersede one, the newest are looked at. */
const mostSuperseders = 16;
/** So many steps from a text to the one that holds now; a circle ends too. */
const mostSteps = 8;

/**
 * Puts each text that supersedes another before it. One that is not among the hits is read and put there, when `inserts`
 * says so, and it is of the same people: what a filter has left out must not come back. A reference to a text that is gone does not count.
 */
export async function placeSuperseding(
  from: HitStore,
  tenant: string,
  hits: readonly RecallHit[],
  options: HitOptions & { readonly inserts: boolean },
  call: CallOptions,
): Promise<readonly RecallHit[]> {
  if (!hits.some(({ supersededBy }) => supersededBy !== undefined)) return hits;
  const known = new Map(hits.map((hit) => [nameOf(hit.source), hit]));
  const placed = new Set<string>();
  const result: RecallHit[] = [];

  const place = async (hit: RecallHit, steps: number): Promise<void> => {
    const name = nameOf(hit.source);
    if (placed.has(name)) return;
    placed.add(name);
    const alive: SupersedingDocument[] = [];
    for (const reference of hit.supersededBy?.slice(-mostSuperseders) ?? []) {
      const other = known.get(nameOf(reference)) ?? (await readOther(reference, hit));
      if (other === undefined) continue;
      alive.push(reference);
      const isHit = known.has(nameOf(reference));
      if ((isHit || options.inserts) && steps < mostSteps) await place(other, steps + 1);
    }
    const { supersededBy: _, ...rest } = hit;
    result.push(alive.length === 0 ? rest : { ...rest, supersededBy: alive });
  };

  const isOf = async ({ session }: SupersedingDocument, document: Document): Promise<boolean> => {
    const { users } = options;
    if (users === undefined) return true;
    if (session !== undefined)
      return (await sessionsOf(from.store.log, tenant, [session], users, call)).has(session);
    const { subject } = ownerOf(document);
    return subject === undefined || users.includes(subject);
  };

  const readOther = async (
    reference: SupersedingDocument,
    { score, explain }: RecallHit,
  ): Promise<RecallHit | undefined> => {
    const { documents } = reference.session === undefined ? from.durable : from.store;
    const document = await documents.get({ tenant, ...reference }, call);
    if (document === undefined || !(await isOf(reference, document))) return undefined;
    const source = { kind: "document", ...reference, version: document.version } as const;
    // It takes the place, and so the score, of what it supersedes.
    const parts = (explain ?? {}) as unknown as ScoreParts;
    return await documentHit(from, tenant, { source, position: 0, score, parts }, document, options, call);
  };

  for (const hit of hits) await place(hit, 0);
  return result;
}

function nameOf(source: SearchSource | SupersedingDocument): string {
  if ("kind" in source && source.kind === "event") return JSON.stringify(source);
  const { session, namespace, key } = source;
  return JSON.stringify([session ?? null, namespace, key]);
}
