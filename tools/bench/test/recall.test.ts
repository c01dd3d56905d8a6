import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { measureRecall } from "../src/recall/measure-recall.ts";
import { readRecallData } from "../src/recall/read-recall-data.ts";
import { recallFigures } from "../src/recall/recall-figures.ts";
import { recallBenchOptions } from "../src/recall/recall-options.ts";
import { openRecallStore } from "../src/recall/recall-store.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "recall-"));
});
afterAll(() => rm(folder, { recursive: true }));

const messages = [
  ["a", "s1", "Nora", "Which tree did you plant?"],
  ["b", "s1", "Piet", "A plum, behind the shed."],
  ["c", "s2", "Nora", "The kettle is broken."],
].map(([id, session, speaker, text]) => ({ id, session, speaker, text, at: "2024-03-01T10:00:00" }));
const questions = [
  { id: "1", question: "Which tree did Piet plant?", category: "one", evidence: ["b"] },
  { id: "2", question: "What is broken?", category: "two", evidence: ["c"] },
];

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

describe("bench:recall", () => {
  it("asks the questions of a folder, and finds the answers", async () => {
    await writeFile(join(folder, "1.messages.jsonl"), lines(messages));
    await writeFile(join(folder, "1.questions.jsonl"), lines(questions));
    await using opened = await openRecallStore("memory");
    const measured = await measureRecall(opened.store, opened.index, await readRecallData(folder));
    expect(measured.messages).toBe(3);
    expect(measured.answered).toEqual([
      { category: "one", ranks: [1] },
      { category: "two", ranks: [1] },
    ]);
  });

  it("names the file and line that is wrong, and what is missing", async () => {
    await writeFile(join(folder, "2.messages.jsonl"), `${lines(messages)}{"id": 5}\n`);
    await expect(readRecallData(folder)).rejects.toThrow(/2\.messages\.jsonl, line 4/);
    await expect(readRecallData(join(folder, "nowhere"))).rejects.toThrow("cannot be read");
    expect(() => recallBenchOptions(["--json"])).toThrow("--data is missing");
    expect(() => recallBenchOptions(["--data", "x", "--jason"])).toThrow(TypeError);
    expect(recallBenchOptions(["--data", "x", "--json"])).toEqual({
      data: "x",
      store: "memory",
      json: true,
    });
    expect(() => recallBenchOptions(["--data", "x", "--store", "paper"])).toThrow("memory, pglite");
  });

  it("counts the share of the evidence, the first rank, and questions with all of it", () => {
    const figures = recallFigures([
      { category: "x", ranks: [1, 7] },
      { category: "x", ranks: [undefined, 4] },
    ]);
    const means = Object.fromEntries(
      (["recall@1", "recall@5", "recall@10", "mrr", "strict@5", "strict@10"] as const).map((name) => [
        name,
        figures[name]?.mean,
      ]),
    );
    expect(means).toEqual({
      "recall@1": 0.25,
      "recall@5": 0.5,
      "recall@10": 0.75,
      mrr: 0.625,
      "strict@5": 0,
      "strict@10": 0.5,
    });
    expect(figures.mrr.low).toBe(0.25);
    expect(figures.mrr.high).toBe(1);
  });
});
