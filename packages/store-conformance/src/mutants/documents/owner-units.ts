import { setImmediate as nextTurn } from "node:timers/promises";
import type { Document, DocumentStore, DocumentWrite } from "@relevo/core";
import type { Mutant } from "../../harness.ts";
import { documentMutant } from "./document-mutant.ts";

/** The writes by the namespace that they go to, in the order in which each comes first. */
function byNamespace<Entry extends { readonly address: { readonly namespace: readonly string[] } }>(
  entries: readonly Entry[],
): readonly Entry[][] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const key = JSON.stringify(entry.address.namespace);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()];
}

async function putInParts(
  documents: DocumentStore,
  writes: readonly DocumentWrite[],
): Promise<readonly Document[]> {
  const stored: Document[] = [];
  for (const group of byNamespace(writes)) {
    stored.push(...(await documents.putMany(group)));
    await nextTurn();
  }
  return stored;
}

/** Stores that break what an owner's unit promises. */
export const ownerUnitMutants: readonly Mutant[] = [
  documentMutant(
    "owner-is-written-in-parts",
    "owner-is-one-unit",
    "putMany writes one namespace after the other, and stops at the first that is refused",
    (documents) => ({ putMany: (writes) => putInParts(documents, writes) }),
  ),
  documentMutant(
    "owner-is-deleted-in-parts",
    "owner-is-one-unit",
    "deleteMany removes from one namespace after the other, and stops at the first that is refused",
    (documents) => ({
      async deleteMany(deletes) {
        let removed = 0;
        for (const group of byNamespace(deletes)) removed += await documents.deleteMany(group);
        return removed;
      },
    }),
  ),
  documentMutant(
    "owners-are-mixed",
    "owners-are-apart",
    "putMany takes writes of several owners",
    (documents) => ({ putMany: (writes) => putInParts(documents, writes) }),
  ),
  documentMutant(
    "owner-is-read-in-parts",
    "owner-is-read-at-one-moment",
    "getMany reads one document after the other",
    (documents) => ({
      async getMany(addresses) {
        const found: (Document | undefined)[] = [];
        for (const address of addresses) {
          const document = await documents.get(address);
          found.push(document);
          // As long as it takes for another batch to be seen, when one is on its way.
          for (let looks = 0; looks < 20; looks++) {
            const later = await documents.get(address);
            if (later?.version !== document?.version) break;
          }
        }
        return found;
      },
    }),
  ),
];
