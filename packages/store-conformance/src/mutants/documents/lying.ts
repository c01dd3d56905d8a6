import type { DocumentInput } from "@relevo/core";
import type { Mutant } from "../../harness.ts";
import { storeMutant } from "./document-mutant.ts";
import { mendMutant } from "./mend-mutant.ts";

/** Stores that believe what an input says about itself, or look at it twice. */
export const lyingMutants: readonly Mutant[] = [
  mendMutant(
    "arrays-are-copied-by-their-iterator",
    "lengths-that-are-none",
    "an array is copied by its iterator, for which NaN is 0",
    (part) => part,
  ),
  storeMutant(
    "hostile/values-are-measured-first",
    "hostile/values-that-change",
    "the size of a value is measured before it is copied",
    ({ documents }) => ({
      documents: {
        async put(address, input: DocumentInput, options) {
          JSON.stringify(input);
          return documents.put(address, input, options);
        },
      },
    }),
  ),
  storeMutant(
    "hostile/events-are-logged-first",
    "hostile/values-that-change",
    "events are written to a log before they are admitted",
    ({ log }) => ({
      log: {
        async append(address, events, options) {
          JSON.stringify(events);
          return log.append(address, events, options);
        },
      },
    }),
  ),
];
