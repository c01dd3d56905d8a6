import { describeConformance } from "../../src/index.ts";
import { createFaultySpace, seededRandom } from "./faulty-space.ts";
import { keyValueHarness } from "./harness.ts";

const seed = 20_261_126;
const random = seededRandom(seed);

describeConformance(
  keyValueHarness(`key-value driver, faulty commits of seed ${seed}`, {
    wrap: (space) =>
      createFaultySpace(space, { conflict: 0.1, dropped: 0.05, lost: 0.1, late: 0.05 }, random),
  }),
);
