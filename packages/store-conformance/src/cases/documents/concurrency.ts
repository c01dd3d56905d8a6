import { type Document, updateDocument } from "@relevo/core";
import { equal } from "../../expect.ts";
import type { ConformanceCase } from "../../harness.ts";
import { caseOf, ofSession, standAlone } from "./support.ts";

const writers = 4;
const additions = 8;

/** A spread of pauses that is the same on every run: the golden ratio's multiples fill the interval evenly. */
function pauses(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0.618_033_988_75) % 1;
    return state;
  };
}

function add(current: Document | undefined): { value: number } {
  return { value: (typeof current?.value === "number" ? current.value : 0) + 1 };
}

/** What compare-and-set promises to writers that meet. */
export const concurrencyCases: readonly ConformanceCase[] = [
  caseOf(
    "documents",
    "concurrent-updates-lose-nothing",
    "Counters that both handles add to by compare-and-set end at the number of additions.",
    async (context) => {
      const addresses = [
        standAlone(context, "counter"),
        ofSession({ tenant: context.tenant, session: "s" }, "counter"),
      ];
      for (const address of addresses) {
        await Promise.all(
          Array.from({ length: writers }, async (_, writer) => {
            const { documents } = writer % 2 === 0 ? context.store : context.other;
            const random = pauses(writer / writers);
            for (let round = 0; round < additions; round++) {
              await updateDocument(documents, address, add, { attempts: 200, backoffMs: 1, random });
            }
          }),
        );
        const found = await context.store.documents.get(address);
        equal(found?.value, writers * additions, "additions were lost or made twice");
      }
    },
  ),
];
