import { describe, expect, it } from "vitest";
import { mergeSlices, type Round, type TurnFigures, turnFigures } from "../src/turn/turn-figures.ts";
import { formatTurns } from "../src/turn/turn-table.ts";

const about = { group: "Redis", subject: "Relevo", history: 20, shape: { sessions: 8, processes: 1 } };

function round(
  turns: number,
  elapsedMs: number,
  medianMs: number,
  clientMs: number,
  serverMs?: number,
): Round {
  return { turns, elapsedMs, medianMs, clientMs, ...(serverMs === undefined ? {} : { serverMs }) };
}

describe("turnFigures", () => {
  it("compares round by round, not median by median", () => {
    // The machine is ten times slower in the second round; the subject takes three times the floor's time in each.
    const floor = [round(100, 100, 1, 10), round(100, 1000, 10, 10), round(100, 200, 2, 10)];
    const rounds = [round(50, 100, 3, 20), round(50, 1000, 30, 20), round(50, 200, 6, 20)];
    const figures = turnFigures(about, rounds, floor);
    expect(figures).toMatchObject({ latency: 3, share: 0.5, medianMs: 6, turnsPerSecond: 250 });
  });

  it("takes the median of the ratios", () => {
    const floor = [round(1, 1, 1, 1), round(1, 1, 1, 1), round(1, 1, 1, 1)];
    const rounds = [round(1, 1, 9, 1), round(1, 1, 2, 1), round(1, 1, 1, 1)];
    expect(turnFigures(about, rounds, floor).latency).toBe(2);
  });

  it("divides processor time by turns, and leaves out what a server did once", () => {
    const rounds = [round(10, 1, 1, 30, 6), round(30, 1, 1, 60, 900), round(5, 1, 1, 5, 2)];
    expect(turnFigures(about, rounds, rounds)).toMatchObject({ clientMs: 2, serverMs: 0.6 });
  });

  it("says nothing of the server's processor time when a round lacks it", () => {
    const rounds = [round(10, 1, 1, 30, 6), round(30, 1, 1, 50)];
    expect(turnFigures(about, rounds, rounds)).not.toHaveProperty("serverMs");
  });
});

describe("mergeSlices", () => {
  it("adds what processes did side by side, and ends with the last of them", () => {
    expect(mergeSlices([round(10, 100, 1, 5), round(12, 110, 3, 7)])).toEqual({
      turns: 22,
      elapsedMs: 110,
      medianMs: 3,
      clientMs: 12,
    });
    expect(mergeSlices([round(10, 100, 1, 5)])).toEqual(round(10, 100, 1, 5));
  });
});

describe("formatTurns", () => {
  const figures = (subject: string, history: number, sessions: number, processes = 1): TurnFigures => ({
    ...{ group: "Redis", subject, history, shape: { sessions, processes } },
    ...{ medianMs: 0.25, latency: subject === "raw" ? 1 : 3.66, clientMs: 0.86, serverMs: 0.05 },
    ...{ turnsPerSecond: 1234.5, share: subject === "raw" ? 1 : 0.337 * (sessions / 32) },
  });

  it("prints latency alone beside throughput with most sessions, then the parts", () => {
    const all = [20, 1000].flatMap((history) =>
      ["raw", "Relevo"].flatMap((subject) => [
        figures(subject, history, 1),
        figures(subject, history, 32),
        figures(subject, history, 32, 2),
      ]),
    );
    const text = formatTurns(all.filter((one) => !(one.subject === "Relevo" && one.history === 1000)));
    const [head, summary] = text.split("\n\n");
    expect(head).toContain("with 32 sessions at once");
    expect(summary?.split("\n")).toEqual([
      "messages           20        1,000",
      "────────  ───────────  ───────────",
      "raw       1.0 x, 1.00  1.0 x, 1.00",
      "Relevo    3.7 x, 0.34         –, –",
    ]);
    expect(text).toContain("Relevo    0.250 / 0.860 / 0.050");
    expect(text).toContain("Relevo    1,235 (0.34); 0.860 / 0.050");
    expect(text).toContain("32 sessions at once, 2 processes");
    expect(text).not.toContain("1 sessions at once");
  });

  it("marks what is not known", () => {
    const { serverMs: _, ...unknown } = figures("raw", 20, 1);
    expect(formatTurns([unknown])).toContain("0.250 / 0.860 / –");
  });
});
