import { baseStoreCases } from "./base-store-cases.ts";
import type { BaseStoreHarness, BaseStoreResult } from "./base-store-harness.ts";

/** Runs every case on stores of its own, one after another, and returns what came out. Never throws for a store that fails. */
export async function runBaseStoreCases(harness: BaseStoreHarness): Promise<readonly BaseStoreResult[]> {
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
