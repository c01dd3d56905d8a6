import fc from "fast-check";
import { equal } from "../../expect.ts";
import type { CaseContext, ConformanceCase } from "../../harness.ts";
import { type Story, searchStories } from "../../models/search-stories.ts";
import { numberFrom, usualSeed } from "../log/model.ts";
import { comparedIndex } from "./support.ts";

export const searchModel: ConformanceCase = {
  id: "search/model",
  area: "search",
  contract:
    "Random stories of changes, removals and newer incarnations over two handles read as the reference index does.",
  needs: ["search"],
  async run(context) {
    if (context.store.search === undefined) return;
    let run = 0;
    const property = fc.asyncProperty(searchStories, (story) => runStory(context, `run${++run}`, story));
    const seed = numberFrom("RELEVO_SEED") ?? usualSeed;
    await fc.assert(property, { seed, numRuns: numberFrom("RELEVO_RUNS") ?? 40 });
  },
};

async function runStory(context: CaseContext, name: string, story: Story): Promise<void> {
  const tenant = `${context.tenant}-${name}`;
  const compared = await comparedIndex({ ...context, tenant });
  if (compared === undefined) return;
  for (const step of story) {
    if (step.kind === "write") await compared.write(step.change);
    else {
      const expected = await compared.reference.remove(tenant, step.selector);
      equal(await compared.other.remove(tenant, step.selector), expected, "removed items");
    }
    await compared.compare(
      { terms: ["a", "b", "c"], speakers: ["p", "q"], times: [2, 4], vector: [1, 2], nearest: 3 },
      "the reading",
    );
  }
  equal(await compared.index.state(tenant), await compared.reference.state(tenant), "the state");
}
