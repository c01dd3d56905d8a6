import { alignColumns } from "../align-columns.ts";
import { measureRecall } from "./measure-recall.ts";
import { namedEmbedder } from "./named-embedder.ts";
import { readRecallData } from "./read-recall-data.ts";
import { type AnsweredQuestion, type Figure, type RecallFigures, recallFigures } from "./recall-figures.ts";
import { recallBenchOptions, usage } from "./recall-options.ts";
import { openRecallStore } from "./recall-store.ts";

await run().catch((error: unknown) => {
  if (!(error instanceof TypeError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
});

async function run(): Promise<void> {
  const options = recallBenchOptions(process.argv.slice(2));
  if (options === undefined) return console.log(usage);
  const conversations = await readRecallData(options.data);
  const embedder = options.embedder === undefined ? undefined : await namedEmbedder(options.embedder);
  await using opened = await openRecallStore(options.store);
  const { store, index } = opened;
  const measured = await measureRecall(store, index, conversations, embedder);
  const { answered, messages, indexMs, searchMs, rankings } = measured;
  const groups = groupsOf(answered).map(([name, group]) => [name, recallFigures(group)] as const);
  const sorted = [...searchMs].sort((a, b) => a - b);
  const times = {
    indexMsPerMessage: indexMs / messages,
    searchMs: sorted.reduce((sum, ms) => sum + ms, 0) / Math.max(1, sorted.length),
    searchMsAt95: sorted[Math.floor(sorted.length * 0.95)] ?? 0,
  };
  if (options.json) return console.log(JSON.stringify({ ...asJson(groups), messages, times, rankings }));
  console.log(table(groups));
  console.log(
    `\nIn brackets what 90 % of resamplings of the questions give. Indexed ${messages} messages, ` +
      `${times.indexMsPerMessage.toFixed(2)} ms each; a search took ${times.searchMs.toFixed(2)} ms, ` +
      `19 of 20 at most ${times.searchMsAt95.toFixed(2)} ms.`,
  );
}

/** All questions, then those of each category. */
function groupsOf(
  answered: readonly AnsweredQuestion[],
): readonly (readonly [string, readonly AnsweredQuestion[]])[] {
  const categories = new Map<string, AnsweredQuestion[]>();
  for (const one of answered) categories.set(one.category, [...(categories.get(one.category) ?? []), one]);
  return [["overall", answered], ...[...categories].sort(([a], [b]) => (a < b ? -1 : 1))];
}

type Groups = readonly (readonly [string, RecallFigures])[];

/** Means at the top, intervals beside them. */
function asJson(groups: Groups): object {
  const [[, overall] = ["", undefined], ...categories] = groups;
  return {
    overall: overall && means(overall),
    categories: Object.fromEntries(categories.map(([name, figures]) => [name, means(figures)])),
    intervals: Object.fromEntries(groups.map(([name, figures]) => [name, intervals(figures)])),
  };
}

function means(figures: RecallFigures): object {
  return mapped(figures, ({ mean }) => mean);
}

function intervals(figures: RecallFigures): object {
  return mapped(figures, ({ low, high }) => [low, high]);
}

function mapped(figures: RecallFigures, show: (figure: Figure) => unknown): object {
  const { questions, ...rest } = figures;
  const shown = Object.entries(rest as { readonly [metric: string]: Figure });
  return { questions, ...Object.fromEntries(shown.map(([metric, figure]) => [metric, show(figure)])) };
}

function table(groups: Groups): string {
  const columns = [
    "recall@1",
    "recall@5",
    "recall@10",
    "recall@25",
    "recall@50",
    "mrr",
    "strict@10",
  ] as const;
  const rows = groups.map(([name, figures]) => [
    name,
    `${figures.questions}`,
    ...columns.map((metric) => shown(figures[metric] as Figure, metric === "mrr" ? 1 : 100)),
  ]);
  return alignColumns(["", "questions", ...columns], rows, 1);
}

function shown({ mean, low, high }: Figure, scale: number): string {
  const digits = scale === 1 ? 3 : 1;
  return `${(mean * scale).toFixed(digits)} (${(low * scale).toFixed(digits)}–${(high * scale).toFixed(digits)})`;
}
