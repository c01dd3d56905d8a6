import { parseArgs } from "node:util";
import type { Benchmark } from "./benchmark.ts";
import { formatTable } from "./format-table.ts";
import { inProcessBenchmarks } from "./in-process.ts";
import { type Measurement, measure } from "./measure.ts";
import { viewBenchmarks } from "./view.ts";

const suites: readonly { readonly title: string; readonly benchmarks: readonly Benchmark[] }[] = [
  { title: "In process", benchmarks: inProcessBenchmarks },
  { title: "Views", benchmarks: viewBenchmarks },
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean" }, rounds: { type: "string" }, help: { type: "boolean" } },
});

if (values.help === true) {
  console.log(
    "bench [WORD …] [--json] [--rounds N]: benchmarks whose name holds one of the words, or all of them",
  );
  process.exit(0);
}
const rounds = values.rounds === undefined ? 31 : Number(values.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 1) {
  console.error("--rounds must be a positive whole number.");
  process.exit(2);
}

const chosen = (name: string): boolean =>
  positionals.length === 0 || positionals.some((word) => name.toLowerCase().includes(word.toLowerCase()));
const results: Measurement[] = [];
for (const { title, benchmarks } of suites) {
  const measured: Measurement[] = [];
  for (const benchmark of benchmarks.filter(({ name }) => chosen(name))) {
    console.error(`… ${benchmark.name}`);
    measured.push(await measure(benchmark, { rounds }));
  }
  results.push(...measured);
  if (values.json !== true && measured.length > 0) console.log(`\n${title}\n\n${formatTable(measured)}`);
}
if (values.json === true) console.log(JSON.stringify(results, null, 2));
if (results.length === 0) {
  console.error(`No benchmark has a name with ${positionals.join(" or ")}.`);
  process.exitCode = 2;
}
