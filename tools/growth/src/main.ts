import { type CountedGrowth, countGrowth } from "./count-growth.ts";
import { createWorkCounter } from "./count-work.ts";

/**
 * Grows every entry point whose name contains one of the arguments, all without one, and counts what it does. Exit code 1
 * when one of them fails. Run it with `--stack-size=100`, so that what recurses or passes a list as arguments throws.
 */
const wanted = process.argv.slice(2);
using counter = await createWorkCounter((url) => /\/packages\/[^/]+\/dist\//u.test(url));
// Only code that is loaded now is counted.
const { entryPoints } = await import("./entry-points.ts");
const chosen = entryPoints.filter(
  ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
);
const failed: CountedGrowth[] = [];
for (const entry of chosen) {
  const growth = await countGrowth(entry, counter);
  if (growth.problem === undefined) continue;
  failed.push(growth);
  console.log(`${growth.name}\n  FAILED: ${growth.problem}`);
}
console.log(`${chosen.length - failed.length} entry points grow as they may, ${failed.length} do not.`);
for (const { name } of failed) console.log(`  ${name}`);
if (failed.length > 0 || chosen.length === 0) process.exitCode = 1;
