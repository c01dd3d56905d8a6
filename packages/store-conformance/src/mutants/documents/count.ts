import type { CountOptions } from "@relevo/core";
import type { Mutant } from "../../harness.ts";
import { sharedState } from "../log-mutant.ts";
import { documentMutant } from "./document-mutant.ts";

const target = "count-is-what-find-finds";

/** Stores whose counts are not what is there. */
export const countMutants: readonly Mutant[] = [
  documentMutant(
    "count-only-grows",
    target,
    "what has expired or was deleted is counted",
    (documents, parts) => {
      const most = sharedState(parts, "most", () => new Map<string, number>());
      return {
        count: async (scope, options) => {
          const name = JSON.stringify([scope, options]);
          const count = Math.max(await documents.count(scope, options), most.get(name) ?? 0);
          most.set(name, count);
          return count;
        },
      };
    },
  ),
  documentMutant(
    "count-takes-all-below",
    target,
    "what is below a namespace is counted with it",
    (documents) => ({
      count: (scope, { signal, ...place }: CountOptions = {}) =>
        documents.count(scope, {
          ...("namespace" in place ? { namespacePrefix: place.namespace ?? [] } : place),
          signal,
        } as CountOptions),
    }),
  ),
  documentMutant("count-ends-with-a-page", target, "no more is counted than a page has", (documents) => ({
    count: async (scope, options) => (await documents.find(scope, { ...options, limit: 10 })).items.length,
  })),
];
