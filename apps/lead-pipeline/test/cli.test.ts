import { stripVTControlCharacters } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { type Report, reportOf } from "./report.ts";
import { type ProgramResult, runProgram } from "./run-program.ts";

// Each run is a process of its own and takes more than a second; options and files are in cli.slow.test.ts.
describe("the sample", () => {
  let drawn: ProgramResult;
  let told: Report;
  beforeAll(async () => {
    [drawn, told] = await Promise.all([runProgram([], { from: "sources" }), reportOf([])]);
  });

  it("is worked, drawn and counted, without colours, and with nothing cut where no terminal is", () => {
    const { code, stdout, stderr } = drawn;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stripVTControlCharacters(stdout)).toBe(stdout);
    expect(stdout).not.toMatch(/…$/m);
    expect(stdout).toContain("└─▶ lead_qualifier");
    expect(stdout).toContain("Remembered for lead");
    expect(stdout).toMatch(/L-011 +the same request again, score \d+ taken over from lead L-001/);
    expect(stdout).toMatch(/Totals\n {2}meeting scheduled +\d+/);
    expect(stdout).toMatch(/the\s+first\s+[\d.]+\s+m?s\s+after\s+the\s+start/);
  });

  it("is told in the same words in JSON and in the table", () => {
    const totals = /Totals\n([\s\S]*?)\n {2}\d+ leads/.exec(drawn.stdout)?.[1] ?? "";
    const rows = totals.split("\n").map((line) => line.trim().split(/ {2,}/));
    const outcomes = Object.fromEntries(
      rows.map(([name = "", count]) => [name.replaceAll(" ", "_"), Number(count)]),
    );
    expect(outcomes).toEqual(told.totals.outcomes);
  });

  it("has leads of every kind", () => {
    expect(told.leads.length).toBeGreaterThanOrEqual(25);
    expect(Object.keys(told.totals.outcomes).sort()).toEqual([
      ..."contacted disqualified duplicate meeting_scheduled needs_info nurture spam".split(" "),
    ]);
    expect(told.leads.map(({ id }) => id)).toEqual(
      told.leads.map((_, index) => `L-${String(index + 1).padStart(3, "0")}`),
    );
  });
});
