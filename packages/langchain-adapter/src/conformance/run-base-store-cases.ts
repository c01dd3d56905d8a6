import { refuse } from "@relevo/core/input";
import { baseStoreCases } from "./base-store-cases.ts";
import type { BaseStoreHarness, BaseStoreResult } from "./base-store-harness.ts";

/** Runs every case on stores of its own, one after another, and returns what came out. Never throws for a store that fails. @throws `invalid-input` for what is no harness. */
export async function runBaseStoreCases(harness: BaseStoreHarness): Promise<readonly BaseStoreResult[]> {
  if (typeof harness?.create !== "function")
    throw refuse("harness", "must have create(), which returns a store without items.");
  const results: BaseStoreResult[] = [];
  for (const { name, run } of baseStoreCases) {
    try {
      const offered = await run(harness);
      results.push({ name, outcome: offered === false ? "not offered" : "passed" });
    } catch (error) {
      const problem = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
      results.push({ name, outcome: "failed", problem });
    }
  }
  return results;
}

/** The cases on which stores differ, as lines of a text; empty when they all do the same. */
export function describeDifferences(results: {
  readonly [store: string]: readonly BaseStoreResult[];
}): readonly string[] {
  if (typeof results !== "object" || results === null)
    throw refuse("results", "must be the results of each store, by its name.");
  for (const [store, ofStore] of Object.entries(results))
    if (!Array.isArray(ofStore))
      throw refuse(`results.${store}`, "must be what runBaseStoreCases() returned.");
  return baseStoreCases.flatMap(({ name }) => {
    const outcomes = Object.entries(results).map(
      ([store, ofStore]) =>
        [store, ofStore.find((result) => result.name === name)?.outcome ?? "not run"] as const,
    );
    const isAlike = new Set(outcomes.map(([, outcome]) => outcome)).size < 2;
    return isAlike
      ? []
      : [`${name}: ${outcomes.map(([store, outcome]) => `${store} ${outcome}`).join(", ")}`];
  });
}
