import fc from "fast-check";
import { expect, test } from "vitest";
import { openStage, play, policies, story } from "./random-handoffs.ts";

const runs = 60;

test.each(Object.keys(policies))(
  `what a receiver gets by %s is taken by every provider, and rebuilt as it was, in ${runs} stories`,
  async (policy) => {
    const stage = openStage();
    await fc.assert(
      fc.asyncProperty(story, async (drawn) => {
        expect(await play(stage, { ...drawn, policy })).toEqual([]);
      }),
      { numRuns: runs, seed: 20_261_126 },
    );
    expect(stage.tally.contexts).toBeGreaterThan(2 * runs);
    if (policy !== "none") expect(stage.tally.spoken).toBeGreaterThan(runs);
  },
);
