import { readFile } from "node:fs/promises";
import { MemoryError, type Store } from "@relevo/core";
import { describe, expect, it } from "vitest";
import { allCases } from "../src/all-cases.ts";
import { allMutants } from "../src/all-mutants.ts";
import { conformanceDocument } from "../src/conformance-document.ts";
import { describeConformance } from "../src/describe-conformance.ts";
import { describeMutants, judgeMutant, targetProblems } from "../src/describe-mutants.ts";
import { check, equal, refuses, within } from "../src/expect.ts";
import type { CaseContext, ConformanceCase, Mutant, StoreHarness } from "../src/harness.ts";
import { breakStore } from "../src/mutants/break-store.ts";
import { runCase } from "../src/run-case.ts";
import { soakModels } from "../src/soak-models.ts";

/** A store of which little exists, enough to see what the runner does. */
function tinyHarness(opened: string[] = [], disposed: string[] = []): StoreHarness {
  return {
    name: "tiny",
    async open() {
      opened.push("fixture");
      const log = { list: async () => ({ items: [] }), append: async () => ({}), head: async () => ({}) };
      const store = Object.freeze({ log: Object.freeze(log), documents: {} }) as unknown as Store;
      return {
        store,
        other: store,
        advance: async () => undefined,
        [Symbol.asyncDispose]: async () => {
          disposed.push("fixture");
        },
      };
    },
  };
}

const listCase: ConformanceCase = {
  id: "log/list",
  area: "log",
  contract: "A list is empty.",
  run: async ({ store, other, tenant }) => {
    for (const { log } of [store, other]) equal(await log.list(tenant), { items: [] }, "the list");
  },
};

const caught: Mutant = {
  id: "list-lies",
  target: "log/list",
  defect: "a list has a cursor",
  mutate: (store, shared) =>
    breakStore(store, shared, () => ({ log: { list: async () => ({ items: [], cursor: "x" }) } })),
};

const survivor: Mutant = { ...caught, id: "list-is-fine", defect: "nothing", mutate: (store) => store };

/** Runs what was registered, and returns the names of those that failed and the line that was printed. */
async function registered(
  register: (runner: {
    describe: (name: string, body: () => void) => void;
    it: (name: string, run: () => Promise<void>) => void;
    afterAll: (run: () => void) => void;
    print: (line: string) => void;
  }) => void,
): Promise<{
  readonly names: readonly string[];
  readonly failures: readonly string[];
  readonly lines: readonly string[];
}> {
  const tests: { name: string; run: () => Promise<void> }[] = [];
  const closing: (() => void)[] = [];
  const lines: string[] = [];
  register({
    describe: (_, body) => body(),
    it: (name, run) => tests.push({ name, run }),
    afterAll: (run) => closing.push(run),
    print: (line) => lines.push(line),
  });
  const failures: string[] = [];
  for (const { run } of tests) await run().catch((error: Error) => failures.push(error.message));
  for (const run of closing) run();
  return { names: tests.map(({ name }) => name), failures, lines };
}

describe("the kit's own data", () => {
  it("has a mutant for every case, a case for every mutant, and each id once", () => {
    expect(targetProblems(allCases, allMutants)).toEqual([]);
    expect(allCases.length).toBeGreaterThan(60);
  });

  it("says each promise and each defect in words, and names cases by their area", () => {
    for (const { id, area, contract } of allCases) {
      expect(id).toMatch(/^[a-z]+\/[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(id.startsWith(`${area}/`), id).toBe(true);
      expect(contract, id).toMatch(/^.{15,}\.$/);
    }
    for (const { id, defect } of allMutants) expect(defect.length, id).toBeGreaterThan(15);
  });

  it("is told in docs/conformance.md, with a heading for each case", async () => {
    const text = await readFile(new URL("../../../docs/conformance.md", import.meta.url), "utf8");
    for (const { id } of allCases) expect(text.split("\n")).toContain(`### ${id}`);
    expect(text, "run: node packages/store-conformance/scripts/write-document.ts").toBe(
      conformanceDocument(),
    );
  });
});

describe("runCase", () => {
  it("gives each case a fixture and a tenant of its own, and disposes of the fixture", async () => {
    const [opened, disposed]: [string[], string[]] = [[], []];
    const tenants: string[] = [];
    const entry = { ...listCase, run: async ({ tenant }: CaseContext) => void tenants.push(tenant) };
    await runCase(entry, tinyHarness(opened, disposed));
    await runCase(entry, tinyHarness(opened, disposed));
    expect(new Set(tenants).size).toBe(2);
    expect([opened.length, disposed.length]).toEqual([2, 2]);
  });

  it("rejects with what the case found, after disposing of the fixture", async () => {
    const disposed: string[] = [];
    const failing = { ...listCase, run: async () => check(false, "broken promise") };
    await expect(runCase(failing, tinyHarness([], disposed))).rejects.toThrow("broken promise");
    expect(disposed).toHaveLength(1);
  });
});

describe("the kit's options", () => {
  const calls: readonly [string, (options: object) => unknown][] = [
    ["describeConformance", (options) => describeConformance(tinyHarness(), options)],
    ["describeMutants", (options) => describeMutants(tinyHarness(), options)],
    ["soakModels", (options) => soakModels(tinyHarness(), { seconds: 0, ...options })],
  ];
  it.each(calls)("%s refuses one that it does not know", async (_name, call) => {
    // Spelled wrong, each of these would run the whole kit, or print nothing, without a word.
    await expect(async () => await call({ onlyTarget: [], case: [], second: 1 })).rejects.toThrow(
      /is not a field/,
    );
  });

  it("refuse cases that are undefined, which would stand for all of them", () => {
    const options = { cases: undefined } as unknown as { readonly cases: readonly ConformanceCase[] };
    expect(() => describeConformance(tinyHarness(), options)).toThrow(MemoryError);
    expect(() => describeMutants(tinyHarness(), options)).toThrow(MemoryError);
  });
});

describe("describeConformance", () => {
  it("registers one test for each case, behind one for the handles", async () => {
    const failing = { ...listCase, id: "log/fails", run: async () => check(false, "broken promise") };
    const result = await registered(({ describe, it }) =>
      describeConformance(tinyHarness(), { describe, it, cases: [listCase, failing] }),
    );
    expect(result.names).toEqual([
      "the two handles of a fixture share their data",
      "log/list: A list is empty.",
      "log/fails: A list is empty.",
    ]);
    expect(result.failures).toEqual(["broken promise"]);
  });
});

describe("describeMutants", () => {
  it("passes when every mutant is caught, and counts", async () => {
    const result = await registered((runner) =>
      describeMutants(tinyHarness(), { ...runner, cases: [listCase], kitMutants: [], mutants: [caught] }),
    );
    expect(result.failures).toEqual([]);
    expect(result.lines).toEqual(["conformance: 1 cases, 1 mutants, 0 survived"]);
  });

  it("fails for a mutant that survives, for a case without one and for an unknown target", async () => {
    const untested = { ...listCase, id: "log/untested" };
    const lost = { ...caught, id: "lost", target: "log/nowhere" };
    const result = await registered((runner) =>
      describeMutants(tinyHarness(), {
        ...runner,
        cases: [listCase, untested],
        kitMutants: [caught, survivor, lost],
      }),
    );
    expect(result.failures.join("\n")).toContain("No mutant targets the case log/untested.");
    expect(result.failures.join("\n")).toContain("lost targets log/nowhere, which is no case.");
    expect(result.failures.join("\n")).toContain("list-is-fine survived: log/list passes");
    expect(result.lines).toEqual(["conformance: 2 cases, 3 mutants, 1 survived"]);
  });

  it("runs only the mutants of chosen cases when asked to", async () => {
    const other = { ...caught, id: "other", target: "log/other" };
    const cases = [listCase, { ...listCase, id: "log/other" }];
    const result = await registered((runner) =>
      describeMutants(tinyHarness(), {
        ...runner,
        cases,
        kitMutants: [caught, other],
        onlyTargets: ["log/other"],
      }),
    );
    expect(result.names).toHaveLength(2);
    expect(result.lines).toEqual(["conformance: 2 cases, 1 mutants, 0 survived"]);
  });

  it("runs only the store's own when asked to, though no case loses its mutant", async () => {
    const other = { ...caught, id: "other", target: "log/other" };
    const cases = [listCase, { ...listCase, id: "log/other" }];
    const kit = { cases, kitMutants: [other], mutants: [caught], onlyOwn: true };
    const result = await registered((runner) => describeMutants(tinyHarness(), { ...runner, ...kit }));
    expect(result.names).toEqual([
      "target every case, and nothing else",
      "list-lies is caught by log/list: a list has a cursor",
    ]);
    expect(result.failures).toEqual([]);
    expect(result.lines).toEqual(["conformance: 2 cases, 1 mutants, 0 survived"]);
  });

  it("does not judge a mutant of what the store lacks", async () => {
    const transferCase: ConformanceCase = { ...listCase, needs: ["transfer"] };
    expect(await judgeMutant(survivor, [transferCase], tinyHarness())).toBe("not-applicable");
  });

  it("does not take a mutant's own programming error for a kill", async () => {
    const broken: Mutant = {
      ...caught,
      mutate: (store, shared) =>
        breakStore(store, shared, () => ({
          log: { list: async () => (undefined as unknown as { call(): never }).call() },
        })),
    };
    await expect(judgeMutant(broken, [listCase], tinyHarness())).rejects.toThrow(TypeError);
  });
});

describe("the assertions", () => {
  it("refuses tells a wrong code, a wrong outcome, a foreign error and a result apart", async () => {
    const failWith = (error: unknown) => async () => {
      throw error;
    };
    await refuses(failWith(new MemoryError("closed", "c")), "closed", "x");
    await expect(refuses(failWith(new MemoryError("closed", "c")), "aborted", "x")).rejects.toThrow("code");
    await expect(
      refuses(failWith(new MemoryError("closed", "c", { outcome: "unknown" })), "closed", "x"),
    ).rejects.toThrow("outcome");
    await expect(refuses(failWith(new Error("plain")), "closed", "x")).rejects.toThrow(
      "expected a MemoryError",
    );
    await expect(refuses(async () => 5, "closed", "x")).rejects.toThrow("got 5");
  });

  it("within gives up on what does not end", async () => {
    await expect(within(10, new Promise(() => {}), "a wait")).rejects.toThrow(
      "a wait did not end within 10 ms",
    );
    expect(await within(1_000, Promise.resolve(5), "a wait")).toBe(5);
  });
});
