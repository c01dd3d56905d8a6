/** What one part of the run came to. */
export interface Tally {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What failed, for a person. */
  readonly problems: readonly string[];
}

/** A tally of something that should have been looked at and was not, which counts as one failure. */
export function missing(name: string, problem: string): Tally {
  return { name, passed: 0, failed: 1, skipped: 0, problems: [problem] };
}

/** Adds tallies up under one name. Problems carry the name of the part they come from. */
export function addTallies(name: string, tallies: readonly Tally[]): Tally {
  const named = tallies.map((tally) => ({
    ...tally,
    problems: tally.problems.map((problem) => `${tally.name}: ${problem}`),
  }));
  return joinTallies(name, named);
}

/** Adds up the parts of one thing. */
export function joinTallies(name: string, tallies: readonly Tally[]): Tally {
  const sum = (field: "passed" | "failed" | "skipped") =>
    tallies.reduce((total, tally) => total + tally[field], 0);
  return {
    name,
    passed: sum("passed"),
    failed: sum("failed"),
    skipped: sum("skipped"),
    problems: tallies.flatMap((tally) => tally.problems),
  };
}

/** The closing line: `12 passed, 0 failed`, with `, 1 skipped` when something was skipped. */
export function closingLine(total: Tally): string {
  const skipped = total.skipped === 0 ? "" : `, ${total.skipped} skipped`;
  return `${total.passed} passed, ${total.failed} failed${skipped}`;
}

/** A table with one line for each tally. */
export function tallyTable(tallies: readonly Tally[]): string {
  const width = Math.max(...tallies.map(({ name }) => name.length));
  const row = (name: string, ...cells: readonly string[]) =>
    `  ${name.padEnd(width)}${cells.map((cell) => cell.padStart(9)).join("")}`;
  return [
    row("", "passed", "failed", "skipped"),
    ...tallies.map(({ name, passed, failed, skipped }) => row(name, `${passed}`, `${failed}`, `${skipped}`)),
  ].join("\n");
}

const maxNames = 20;

/** A line for each thing that failed: its name, without what went wrong in it. */
export function failedNames(total: Tally): readonly string[] {
  const names = total.problems.slice(0, maxNames).map((problem) => `✖ ${problem.split("\n")[0] ?? ""}`);
  const left = total.problems.length - names.length;
  return left > 0 ? [...names, `… and ${left} more, listed above`] : names;
}
