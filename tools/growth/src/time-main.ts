import { parseArgs } from "node:util";
import { entryPoints } from "./entry-points.ts";
import { type Growth, measureGrowth } from "./measure-growth.ts";

/**
 * Grows every entry point whose name contains one of the arguments, all without one, and prints how its work grows.
 * `--largest SIZE` grows no input beyond that size, which bounds the run. Exit code 1 when one of them fails. Run it with `--expose-gc`, so that a run does not pay for the garbage of another.
 */
const { values, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { largest: { type: "string" } },
});
const largest = values.largest === undefined ? undefined : Number(values.largest);
if (largest !== undefined && !(largest > 0)) throw new Error("--largest takes a size");
const chosen = entryPoints.filter(
  ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
);
const clock = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

console.log(`${"entry point".padEnd(64)}${"size".padStart(9)}${"ms".padStart(9)}${"power".padStart(7)}`);
const failed: Growth[] = [];
for (const entry of chosen) {
  const growth = await measureGrowth(entry, {
    clock,
    settle: () => globalThis.gc?.(),
    ...(largest === undefined ? {} : { largest }),
  });
  const last = growth.points.at(-1);
  const power = growth.exponent?.toFixed(2) ?? "flat";
  const figures = `${String(last?.size ?? "").padStart(9)}${(last?.milliseconds ?? 0).toFixed(0).padStart(9)}`;
  console.log(`${growth.name.padEnd(64)}${figures}${power.padStart(7)}`);
  if (growth.problem === undefined) continue;
  failed.push(growth);
  console.log(`  FAILED: ${growth.problem}`);
  for (const { size, milliseconds } of growth.points)
    console.log(`    ${size}: ${milliseconds.toFixed(1)} ms`);
}
console.log(`\n${chosen.length - failed.length} entry points grow as they may, ${failed.length} do not.`);
for (const { name } of failed) console.log(`  ${name}`);
if (failed.length > 0 || chosen.length === 0) process.exitCode = 1;
