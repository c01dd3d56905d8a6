import fc from "fast-check";
import type { ConformanceCase } from "../../harness.ts";
import { documentStories } from "../../models/document-commands.ts";
import { runDocumentStory } from "../../models/run-document-story.ts";
import { type ModelOptions, numberFrom, usualSeed } from "../log/model.ts";

/**
 * The case that runs random stories against a pure model of documents. A failure names the seed and a short story
 * that shows it.
 */
export function createDocumentModelCase(options: ModelOptions = {}): ConformanceCase {
  return {
    id: "documents/model",
    area: "documents",
    contract:
      "Random stories of puts, deletes, touches, finds, expiries, leases, seals and ends of sessions over two handles, two tenants and three scopes go as the model of the contract says.",
    async run(context) {
      const seed = options.seed ?? numberFrom("RELEVO_SEED") ?? usualSeed;
      const numRuns = options.runs ?? numberFrom("RELEVO_RUNS") ?? 50;
      let run = 0;
      await fc.assert(
        fc.asyncProperty(documentStories(options.maxSteps ?? 60), (story) =>
          runDocumentStory(context, `run${++run}`, story),
        ),
        { seed, numRuns },
      );
    },
  };
}
