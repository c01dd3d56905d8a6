import { admitOptions, type FieldTable, fieldTable } from "@relevo/core/input";
import * as vitest from "vitest";
import { allCases } from "./all-cases.ts";
import { whyApart } from "./handles-share-data.ts";
import type { ConformanceCase, StoreHarness } from "./harness.ts";
import { runCase } from "./run-case.ts";

/** The two functions of a test runner that the kit calls. Vitest's are the default. */
export interface TestRunner {
  readonly describe: (name: string, register: () => void) => unknown;
  readonly it: (name: string, run: (test?: RunningTest) => Promise<void>, timeoutMs?: number) => unknown;
}

/** What a runner may pass to a test: that of Vitest and of `node:test` has this. */
export interface RunningTest {
  readonly skip?: (why: string) => void;
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
 * Registers one test for each case, with a fresh fixture and its own tenant, and before them one that the two handles of a
 * fixture share their data. When they do not, that fails once and the others are skipped, or fail where the runner
 * passes its tests no `skip`.
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
    const isShared = createRequirement(harness);
    it(
      "the two handles of a fixture share their data",
      async (test) => void (await isShared(test)),
      timeoutMs,
    );
    for (const entry of cases) {
      const run = async (test?: RunningTest): Promise<void> => {
        if (await isShared(test)) await runCase(entry, harness);
      };
      it(`${entry.id}: ${entry.contract}`, run, timeoutMs);
    }
  });
}

/** Looks once, whichever test asks first: a runner may run them at once, or a single one. False for a test that is skipped. */
function createRequirement(harness: StoreHarness): (test?: RunningTest) => Promise<boolean> {
  let looking: Promise<string | undefined> | undefined;
  let isTold = false;
  return async (test) => {
    const first = looking === undefined;
    looking ??= whyApart(harness);
    const why = await looking.catch((error: unknown) => {
      // The cases find out what else is wrong with the store.
      if (first) throw error;
      return undefined;
    });
    if (why === undefined) return true;
    if (!isTold || test?.skip === undefined) {
      isTold = true;
      throw new Error(why);
    }
    test.skip(why);
    return false;
  };
}
