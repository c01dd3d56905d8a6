import fc from "fast-check";
import type { ConformanceCase } from "../../harness.ts";
import { logStories } from "../../models/log-commands.ts";
import { runLogStory } from "../../models/run-log-story.ts";

export interface ModelOptions {
  /** How many random stories are run; 50 when left out, or what `RELEVO_RUNS` says. */
  readonly runs?: number;
  /** The seed of the stories; the same for every run when left out, or what `RELEVO_SEED` says. */
  readonly seed?: number;
  /** Steps of the longest story; 60 when left out. */
  readonly maxSteps?: number;
}

/** The seed when nobody names another: a failure of `npm test` must come again the next time. */
export const usualSeed: number = 20_261_121;

/**
 * The case that runs random stories against a pure model of the log. A failure names the seed and a short
 * story that shows it.
 */
export function createLogModelCase(options: ModelOptions = {}): ConformanceCase {
  return {
    id: "log/model",
    area: "log",
    contract:
      "Random stories of appends, reads, retractions, erasures, trims, deletes, expiries, leases and seals over two handles, tenants and sessions go as the model of the contract says.",
    async run(context) {
      const seed = options.seed ?? numberFrom("RELEVO_SEED") ?? usualSeed;
      const numRuns = options.runs ?? numberFrom("RELEVO_RUNS") ?? 50;
      let run = 0;
      await fc.assert(
        fc.asyncProperty(logStories(options.maxSteps ?? 60), (story) =>
          runLogStory(context, `run${++run}`, story),
        ),
        { seed, numRuns },
      );
    },
  };
}

export function numberFrom(variable: string): number | undefined {
  const value = Number.parseInt(process.env[variable] ?? "", 10);
  return Number.isSafeInteger(value) ? value : undefined;
}
