import { parseArgs } from "node:util";
import { usualWeights } from "../src/scoring/weights.ts";
import { fitWeights, plainWeights } from "./fit-weights.ts";
import { depths, measuresOf, ranksOf, shown } from "./recall-measures.ts";
import { readQuestions } from "./recall-questions.ts";

const usage = `cross-validate --data DIR [--without NAME,NAME] [--weights]

Fits the constants of the score on all conversations of the folder but one, measures them on that one, and does so for each.
The folder is as for bench:recall.

--without   constants that stay as they are in plain BM25, such as opening,session
--weights   also prints what was fitted`;

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    without: { type: "string" },
    weights: { type: "boolean" },
    help: { type: "boolean" },
  },
});
if (values.help === true || values.data === undefined) {
  console.log(usage);
  process.exitCode = values.help === true ? 0 : 2;
} else await crossValidate(values.data, new Set(values.without?.split(",")), values.weights === true);

async function crossValidate(folder: string, fixed: ReadonlySet<string>, prints: boolean): Promise<void> {
  const questions = await readQuestions(folder);
  const all = (weights: typeof plainWeights): string =>
    shown(measuresOf(questions.map((asked) => ranksOf(asked, weights))));
  console.log(`${"".padEnd(28)}recall at ${depths.join(", ")}; mean reciprocal rank`);
  console.log(`${"plain BM25".padEnd(28)}${all(plainWeights)}`);
  console.log(`${"the constants of the package".padEnd(28)}${all(usualWeights)}`);
  const leftOut: (readonly number[])[] = [];
  for (const one of new Set(questions.map(({ conversation }) => conversation))) {
    const weights = fitWeights(
      questions.filter(({ conversation }) => conversation !== one),
      fixed,
    );
    const ranks = questions
      .filter(({ conversation }) => conversation === one)
      .map((asked) => ranksOf(asked, weights));
    leftOut.push(...ranks);
    console.log(`${`  without ${one}, on it`.padEnd(28)}${shown(measuresOf(ranks))}`);
    if (prints) console.log(JSON.stringify(weights));
  }
  console.log(`${"cross-validated".padEnd(28)}${shown(measuresOf(leftOut))}`);
}
