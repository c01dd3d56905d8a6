import { stripVTControlCharacters } from "node:util";
import type { NxRun } from "./nx.ts";
import type { Project } from "./projects.ts";
import { missing, type Tally } from "./tally.ts";

/**
 * The lines in which the tests of the stores say how many cases the conformance kit has, how many broken stores it
 * was tried on, and how many of those it did not catch. Where there are stores and none says it, that is a failure:
 * the mutants did not run.
 */
export function conformance(
  projects: readonly Project[],
  run: NxRun,
): { readonly lines: readonly string[]; readonly tally: readonly Tally[] } {
  const found = projects.flatMap(({ name, groups }) =>
    groups.test.flatMap(({ target }) => {
      const output = stripVTControlCharacters(run.tasks.get(`${name}:${target}`)?.output ?? "");
      const line = /^conformance: \d+ cases, \d+ mutants, \d+ survived.*$/mu.exec(output)?.[0];
      return line === undefined ? [] : [{ name, line }];
    }),
  );
  const lines = found.map(({ name, line }) => (found.length === 1 ? line : `${line}  (${name})`));
  const silent = lines.length === 0 && projects.some(({ root }) => isStore(root));
  return {
    lines,
    tally: silent ? [missing("conformance", "no store says how many mutants were caught")] : [],
  };
}

function isStore(folder: string): boolean {
  return /^packages\/store-(?!conformance$|layers$)/u.test(folder);
}
