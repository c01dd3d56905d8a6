import * as vitest from "vitest";
import { allCases } from "./all-cases.ts";
import type { ConformanceCase, StoreHarness } from "./harness.ts";
import { runCase } from "./run-case.ts";

/** The two functions of a test runner that the kit calls. Vitest's are the default. */
export interface TestRunner {
  readonly describe: (name: string, register: () => void) => unknown;
  readonly it: (name: string, run: () => Promise<void>, timeoutMs?: number) => unknown;
}

export interface DescribeConformanceOptions extends Partial<TestRunner> {
  /** All cases when left out. For work on one area only: a store conforms when it passes all. */
  readonly cases?: readonly ConformanceCase[];
  /** How long one case may take, in milliseconds, before it counts as hanging; 600,000 when left out. */
  readonly timeoutMs?: number;
}

/**
 * Registers one test for each case, with a fresh fixture and its own tenant.
 *
 * @example
 * ```ts no-run
 * describeConformance({ name: "store-example", open: () => openFixture() });
 * ```
 */
export function describeConformance(harness: StoreHarness, options: DescribeConformanceOptions = {}): void {
  const { describe = vitest.describe, it = vitest.it, cases = allCases, timeoutMs = 600_000 } = options;
  describe(`${harness.name} conforms`, () => {
    for (const entry of cases) {
      it(`${entry.id}: ${entry.contract}`, () => runCase(entry, harness), timeoutMs);
    }
  });
}
