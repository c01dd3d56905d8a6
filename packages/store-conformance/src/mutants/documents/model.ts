import type { Document } from "@relevo/core";
import type { Mutant } from "../../harness.ts";
import { without } from "../log-mutant.ts";
import { documentMutant } from "./document-mutant.ts";

/** Sorted by key alone, as a store does that forgets the namespace once it filters by tag. */
function byKey(documents: readonly Document[]): readonly Document[] {
  return documents.toSorted((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0));
}

/** Stores that are broken only where several things come together, which stories find. */
export const modelMutants: readonly Mutant[] = [
  documentMutant(
    "filtered-find-forgets-the-order",
    "model",
    "find by tag and text together orders by key alone",
    (documents) => ({
      async find(scope, options = {}) {
        const page = await documents.find(scope, options);
        const filtered =
          options.tags !== undefined && options.text !== undefined && options.direction === "forward";
        return filtered ? { ...page, items: byKey(page.items) } : page;
      },
    }),
  ),
  documentMutant(
    "put-many-skips-the-last-version",
    "model",
    "putMany does not look at the expected version of its last write",
    (documents) => ({
      async putMany(writes, options) {
        const last = writes.at(-1);
        if (last === undefined || writes.length < 2) return await documents.putMany(writes, options);
        return await documents.putMany([...writes.slice(0, -1), without(last, "expectedVersion")], options);
      },
    }),
  ),
];
