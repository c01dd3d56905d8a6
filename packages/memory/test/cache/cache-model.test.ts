import fc from "fast-check";
import { describe, it } from "vitest";
import { createMemory } from "../../src/index.ts";
import { storyCount } from "../fixture.ts";
import { runStory, stories } from "./cache-model.ts";

// fast-check prints the seed and the path of a story that fails; `seed` and `path` here run it again.
const settings: fc.Parameters<unknown> = { numRuns: storyCount(60) };

describe("a view of a cached memory", () => {
  it("is one that an uncached memory would show, across a network that loses answers and a store that loses writes", async () => {
    await fc.assert(
      fc.asyncProperty(stories, (story) => runStory(createMemory, story, false)),
      settings,
    );
  });

  it("is the one that an uncached memory shows, in the process of the store", async () => {
    await fc.assert(
      fc.asyncProperty(stories, (story) => runStory(createMemory, story, true)),
      settings,
    );
  });
});
