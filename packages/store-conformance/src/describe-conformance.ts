import { admitOptions, type FieldTable, fieldTable } from "@relevo/core/input";
import * as vitest from "vitest";
import { allCases } from "./all-cases.ts";
import type { ConformanceCase, StoreHarness } from "./harness.ts";
import { runCase } from "./run-case.ts";

/** The two functions of a test runner that the kit calls. Vitest's are the default. */
export interface TestRunner {
  readonly describe: (name: string, register: () => void) => unknown;
  readonly it: (name: string, run: () => Promise<void>, timeoutMs?: number) => unknown;
}

/** What the kit takes of a runner: any part of it, the rest is Vitest's. */
export type TestRunnerOptions = { readonly [Part in keyof TestRunner]?: TestRunner[Part] | undefined };

export interface DescribeConformanceOptions extends TestRunnerOptions {
  /** All cases when left out. For work on one area only: a store conforms when it passes all. */
  readonly cases?: readonly ConformanceCase[];
  /** How long one case may take, in milliseconds, before it counts as hanging; 600,000 when left out. */
  readonly timeoutMs?: number | undefined;
}

const knownOptions: FieldTable = fieldTable<DescribeConformanceOptions>({
  describe: "refines",
  it: "refines",
  cases: "selects",
  timeoutMs: "refines",
});

/**
 * Registers one test for each case, with a fresh fixture and its own tenant.
 *
 * @throws `invalid-input` for an unknown option, or cases that are `undefined`.
 *
 * @example
 * ```ts no-run
 * describeConformance({ name: "store-example", open: () => openFixture() });
 * ```
 */
export function describeConformance(harness: StoreHarness, options: DescribeConformanceOptions = {}): void {
  const {
    describe = vitest.describe,
    it = vitest.it,
    cases = allCases,
    timeoutMs = 600_000,
  } = admitOptions(options, knownOptions);
  describe(`${harness.name} conforms`, () => {
    for (const entry of cases) {
      it(`${entry.id}: ${entry.contract}`, () => runCase(entry, harness), timeoutMs);
    }
  });
}
