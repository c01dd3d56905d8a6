import { randomInt } from "node:crypto";
import fc from "fast-check";
import { strategies } from "../test/support/choices.ts";
import { history } from "../test/support/histories.ts";
import { createPlayer } from "../test/support/play.ts";

/**
 * Lives random histories in sessions and holds every view of them to what views promise. `RELEVO_RUNS` histories,
 * 100,000 when left out, for at most `RELEVO_SOAK_SECONDS`, 1,800 when left out. `RELEVO_SEED` makes a run again;
 * each round adds one to it. Exit code 1 at the first history that fails.
 */
const runs = numberFrom("RELEVO_RUNS") ?? 100_000;
const seconds = numberFrom("RELEVO_SOAK_SECONDS") ?? 1_800;
const firstSeed = numberFrom("RELEVO_SEED") ?? randomInt(2 ** 31);
const perRound = 250;
/** What shrinking a failure may take: long enough for a history that a person can read. */
const shrinkMs = 60_000;

const begin = performance.now();
const elapsed = (): number => (performance.now() - begin) / 1000;
const player = createPlayer();
console.log(`${runs} histories, at most ${seconds} s, from seed ${firstSeed}`);
let lived = 0;
let nextReport = 10;
try {
  for (let seed = firstSeed; lived < runs && elapsed() < seconds; seed++) {
    for (const { name, arbitrary } of strategies) {
      const numRuns = Math.min(perRound, runs - lived);
      if (numRuns === 0) break;
      const property = fc.asyncProperty(history, arbitrary, (drawn, choice) => {
        const { strategy, promises } = choice.create();
        return player.play(drawn, strategy, promises);
      });
      const details = await fc.check(property, { numRuns, seed, interruptAfterTimeLimit: shrinkMs });
      if (details.failed) {
        console.error(fc.defaultReportMessage(details));
        console.error(details.errorInstance);
        console.error(`${name}: again with RELEVO_SEED=${seed} RELEVO_RUNS=${perRound * strategies.length}`);
        process.exitCode = 1;
        break;
      }
      lived += details.numRuns;
    }
    if (process.exitCode === 1) break;
    if (elapsed() >= nextReport) {
      nextReport += 10;
      console.log(`${lived} histories, ${player.tally.views} views, ${elapsed().toFixed(0)} s`);
    }
  }
} finally {
  await player.close();
}
const counts = Object.entries(player.tally).map(([what, count]) => `${count} ${what}`);
console.log(`${lived} histories in ${elapsed().toFixed(0)} s: ${counts.join(", ")}`);

function numberFrom(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} must be a whole number.`);
  return value;
}
