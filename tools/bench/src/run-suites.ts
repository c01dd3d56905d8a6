import { parseArgs } from "node:util";
import type { Benchmark, Suite } from "./benchmark.ts";
import { formatTable } from "./format-table.ts";
import { type Measurement, measure } from "./measure.ts";

const usage =
  "bench [WORD …] [--suite NAME] [--json] [--rounds N]: benchmarks whose name holds one of the words, or all of them";

/** Measures what the arguments choose, prints a table for each suite, and returns the exit code. */
export async function runSuites(suites: readonly Suite[], args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: "boolean" },
      rounds: { type: "string" },
      suite: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    console.log(usage);
    return 0;
  }
  const rounds = values.rounds === undefined ? 31 : Number(values.rounds);
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    console.error("--rounds must be a positive whole number.");
    return 2;
  }
  const words = positionals.map((word) => word.toLowerCase());
  const chosen = ({ name }: Benchmark): boolean =>
    words.length === 0 || words.some((word) => name.toLowerCase().includes(word));
  const wanted = values.suite?.toLowerCase() ?? "";
  const results: Measurement[] = [];
  for (const suite of suites.filter(({ title }) => title.toLowerCase().startsWith(wanted))) {
    const measured = await measureSuite(suite, chosen, rounds);
    results.push(...measured);
    if (values.json !== true && measured.length > 0)
      console.log(`\n${suite.title}\n\n${formatTable(measured)}`);
  }
  if (values.json === true) console.log(JSON.stringify(results, null, 2));
  if (results.length > 0) return 0;
  console.error(`No benchmark has a name with ${positionals.join(" or ")}.`);
  return 2;
}

async function measureSuite(
  { title, roundMs, now, open }: Suite,
  chosen: (benchmark: Benchmark) => boolean,
  rounds: number,
): Promise<readonly Measurement[]> {
  const opened = await open();
  if (typeof opened === "string") {
    console.error(`\n${title}: not measured. ${opened}`);
    return [];
  }
  const measured: Measurement[] = [];
  try {
    for (const benchmark of opened.benchmarks.filter(chosen)) {
      console.error(`… ${benchmark.name}`);
      const settings = {
        ...(roundMs === undefined ? {} : { roundMs }),
        ...(now === undefined ? {} : { now }),
      };
      measured.push(await measure(benchmark, { rounds, ...settings }));
    }
  } finally {
    await opened[Symbol.asyncDispose]?.();
  }
  return measured;
}
