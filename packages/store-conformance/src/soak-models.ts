import { randomInt } from "node:crypto";
import { admitFields, type FieldTable, fieldTable } from "@relevo/core/input";
import { createDocumentModelCase } from "./cases/documents/model.ts";
import { createLogModelCase } from "./cases/log/model.ts";
import type { StoreHarness } from "./harness.ts";
import { runCase } from "./run-case.ts";

export interface SoakOptions {
  /** How long to go on; the round that is running then is finished. */
  readonly seconds: number;
  /** The seed of the first round; each further round adds one. Random when left out, and reported. */
  readonly seed?: number | undefined;
  /** Random stories of each model in one round; 100 when left out. */
  readonly runs?: number | undefined;
  /** Told the seed of each round before it begins. */
  readonly report?: ((line: string) => void) | undefined;
}

const knownOptions: FieldTable = fieldTable<SoakOptions>({
  seconds: "selects",
  seed: "refines",
  runs: "refines",
  report: "refines",
});

/**
 * Runs the models of log and documents on ever new random stories until the time is up. Returns how many stories
 * held; rejects at the first that does not, with the story and the seed that make it again.
 *
 * @throws `invalid-input` for an unknown option.
 */
export async function soakModels(harness: StoreHarness, options: SoakOptions): Promise<number> {
  const {
    seconds,
    seed: firstSeed = randomInt(2 ** 31),
    runs = 100,
    report = () => undefined,
  } = admitFields(options, "options", knownOptions);
  const end = performance.now() + seconds * 1000;
  let seed = firstSeed;
  let stories = 0;
  do {
    report(`seed ${seed}: ${runs} stories of the log, ${runs} of documents`);
    await runCase(createLogModelCase({ runs, seed }), harness);
    await runCase(createDocumentModelCase({ runs, seed }), harness);
    stories += 2 * runs;
    seed++;
  } while (performance.now() < end);
  return stories;
}
