import { admitOptions, type FieldTable, fieldTable } from "@relevo/core/input";
import * as vitest from "vitest";
import { allCases } from "./all-cases.ts";
import { allMutants } from "./all-mutants.ts";
import { missingCapabilities } from "./capabilities.ts";
import type { TestRunnerOptions } from "./describe-conformance.ts";
import type { ConformanceCase, Mutant, StoreHarness } from "./harness.ts";
import { runMutant } from "./run-case.ts";

export interface DescribeMutantsOptions extends TestRunnerOptions {
  /** Called when all mutants ran; vitest's `afterAll` when left out. */
  readonly afterAll?: ((run: () => void) => unknown) | undefined;
  /** Mutants that only this store can have, such as one that breaks its own eviction. */
  readonly mutants?: readonly Mutant[];
  /**
   * Whether only `mutants` are judged; false when left out. The kit's own mutants prove its cases, which one store has
   * to show, not each: the store in process judges them in this repository.
   */
  readonly onlyOwn?: boolean | undefined;
  /** Only mutants of these cases. */
  readonly onlyTargets?: readonly string[];
  readonly cases?: readonly ConformanceCase[];
  /** The kit's own mutants when left out. */
  readonly kitMutants?: readonly Mutant[];
  /** How long one mutant may take, in milliseconds, before it counts as hanging; 600,000 when left out. */
  readonly timeoutMs?: number | undefined;
  /** Where the closing line goes; `console.log` when left out. */
  readonly print?: ((line: string) => void) | undefined;
}

const knownOptions: FieldTable = fieldTable<DescribeMutantsOptions>({
  describe: "refines",
  it: "refines",
  afterAll: "refines",
  mutants: "selects",
  onlyOwn: "refines",
  onlyTargets: "selects",
  cases: "selects",
  kitMutants: "selects",
  timeoutMs: "refines",
  print: "refines",
});

/** `killed`: the case failed, as it must. `survived`: it passed. `not-applicable`: the store lacks what it breaks. */
export type MutantVerdict = "killed" | "survived" | "not-applicable";

/**
 * Registers one test for each mutant: it fails when the targeted case passes on the broken store. Also fails when
 * a case is the target of no mutant and when a mutant targets no case. Prints how many survived.
 *
 * @throws `invalid-input` for an unknown option, or one that selects and is `undefined`.
 */
export function describeMutants(harness: StoreHarness, given: DescribeMutantsOptions = {}): void {
  const options = admitOptions(given, knownOptions);
  const { describe = vitest.describe, it = vitest.it, afterAll = vitest.afterAll } = options;
  const { cases = allCases, timeoutMs = 600_000, print = console.log } = options;
  const mutants = [...(options.kitMutants ?? allMutants), ...(options.mutants ?? [])];
  const judged = options.onlyOwn === true ? (options.mutants ?? []) : mutants;
  const chosen = judged.filter(({ target }) => options.onlyTargets?.includes(target) ?? true);
  const verdicts: MutantVerdict[] = [];

  describe(`${harness.name} mutants`, () => {
    it("target every case, and nothing else", async () => {
      const problems = targetProblems(cases, mutants);
      if (problems.length > 0) throw new Error(problems.join("\n"));
    });
    for (const mutant of chosen) {
      const run = async (): Promise<void> => {
        const verdict = await judgeMutant(mutant, cases, harness);
        verdicts.push(verdict);
        if (verdict === "survived") {
          throw new Error(`${mutant.id} survived: ${mutant.target} passes on a store where ${mutant.defect}`);
        }
      };
      it(`${mutant.id} is caught by ${mutant.target}: ${mutant.defect}`, run, timeoutMs);
    }
    afterAll(() => print(closingLine(cases.length, chosen.length, verdicts)));
  });
}

/** Cases without a mutant, mutants without a case, ids used twice; one sentence each. */
export function targetProblems(
  cases: readonly ConformanceCase[],
  mutants: readonly Mutant[],
): readonly string[] {
  const targets = new Set(mutants.map(({ target }) => target));
  const caseIds = new Set(cases.map(({ id }) => id));
  const ids = [...cases, ...mutants].map(({ id }) => id);
  return [
    ...cases.filter(({ id }) => !targets.has(id)).map(({ id }) => `No mutant targets the case ${id}.`),
    ...mutants
      .filter(({ target }) => !caseIds.has(target))
      .map(({ id, target }) => `The mutant ${id} targets ${target}, which is no case.`),
    ...new Set(
      ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `The id ${id} is used twice.`),
    ),
  ];
}

/**
 * Runs the targeted case on the broken store.
 *
 * @throws when the mutant itself is broken: a programming error in it would look like a kill.
 */
export async function judgeMutant(
  mutant: Mutant,
  cases: readonly ConformanceCase[],
  harness: StoreHarness,
): Promise<MutantVerdict> {
  const entry = cases.find(({ id }) => id === mutant.target);
  if (entry === undefined)
    throw new Error(`The mutant ${mutant.id} targets ${mutant.target}, which is no case.`);
  await using fixture = await harness.open();
  if (missingCapabilities(entry, fixture).length > 0) return "not-applicable";
  try {
    await runMutant(mutant, entry, fixture);
  } catch (error) {
    if (isProgrammingError(error)) throw error;
    return "killed";
  }
  return "survived";
}

function closingLine(cases: number, mutants: number, verdicts: readonly MutantVerdict[]): string {
  const count = (verdict: MutantVerdict): number => verdicts.filter((one) => one === verdict).length;
  const notApplicable = count("not-applicable");
  return (
    `conformance: ${cases} cases, ${mutants} mutants, ${count("survived")} survived` +
    (notApplicable === 0 ? "" : `, ${notApplicable} not applicable`)
  );
}

function isProgrammingError(error: unknown): boolean {
  return error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
}
