import { randomInt } from "node:crypto";
import fc from "fast-check";
import { openStage, play, policies, story } from "../test/random-handoffs.ts";

/**
 * Hands over random conversations by every policy, and counts what a provider would refuse and what is not rebuilt as
 * the receiver saw it. `RELEVO_RUNS` stories for each policy, 6,000 when left out, for at most `RELEVO_SOAK_SECONDS`,
 * 1,800 when left out. `RELEVO_SEED` makes a run again. Exit code 1 when anything was counted.
 */
const runs = numberFrom("RELEVO_RUNS") ?? 6_000;
const seconds = numberFrom("RELEVO_SOAK_SECONDS") ?? 1_800;
const seed = numberFrom("RELEVO_SEED") ?? randomInt(2 ** 31);
/** What shrinking a failure may take: long enough for a story that a person can read. */
const shrinkMs = 30_000;

const begin = performance.now();
const left = (): number => seconds * 1000 - (performance.now() - begin);
console.log(`${runs} stories for each of ${Object.keys(policies).length} policies, from seed ${seed}`);
let failures = 0;
let contexts = 0;
for (const policy of Object.keys(policies)) {
  if (left() <= 0) break;
  const stage = openStage();
  const property = fc.asyncProperty(story, async (drawn) => {
    const faults = await play(stage, { ...drawn, policy });
    if (faults.length > 0) throw new Error(faults.join("\n"));
  });
  const details = await fc.check(property, {
    numRuns: runs,
    seed,
    interruptAfterTimeLimit: left() + shrinkMs,
  });
  contexts += stage.tally.contexts;
  if (details.failed && details.counterexample !== null) {
    failures++;
    console.error(fc.defaultReportMessage(details));
    console.error(details.errorInstance);
    console.error(`${policy}: again with RELEVO_SEED=${seed} RELEVO_RUNS=${runs}`);
  }
  console.log(`${policy.padEnd(28)} ${details.numRuns} stories, ${stage.tally.contexts} contexts`);
  await stage.store.close();
}
console.log(
  `${failures} refusals in ${contexts} contexts, ${((performance.now() - begin) / 1000).toFixed(0)} s`,
);
if (failures > 0) process.exitCode = 1;

function numberFrom(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} must be a whole number.`);
  return value;
}
