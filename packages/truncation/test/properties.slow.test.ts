import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { strategies } from "./support/choices.ts";
import { history } from "./support/histories.ts";
import { createPlayer } from "./support/play.ts";

const runs = 1_000;
const seed = 20_261;
const player = createPlayer();
afterAll(() => player.close());

it.each(strategies.map((choice) => [choice.name, choice] as const))(
  `every view of %s is valid, whole, accounted for and stable, in ${runs} histories`,
  async (_name, { arbitrary }) => {
    const before = { ...player.tally };
    await fc.assert(
      fc.asyncProperty(history, arbitrary, (drawn, choice) => {
        const { strategy, promises } = choice.create();
        return player.play(drawn, strategy, promises);
      }),
      { numRuns: runs, seed },
    );
    // What was never reached was never checked.
    expect(player.tally.views - before.views).toBeGreaterThan(runs);
    expect(player.tally.compacted - before.compacted).toBeGreaterThan(runs / 10);
    expect(player.tally.continued - before.continued).toBeGreaterThan(runs / 20);
  },
);
