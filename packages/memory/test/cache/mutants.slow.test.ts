import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CreateMemory, runStory, stories } from "./cache-model.ts";
import { type CacheMutant, cacheMutants } from "./mutants.ts";

const sources = fileURLToPath(new URL("../../src/", import.meta.url));
const scratch = fileURLToPath(new URL("../../.reports/cache-mutants/", import.meta.url));

/** The package with the mutant's replacements, each of which must have one place. */
async function load({ name, changes }: CacheMutant): Promise<CreateMemory> {
  const folder = `${scratch}${name.replaceAll(" ", "-")}/`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await cp(sources, folder, { recursive: true });
  for (const [file, from, to] of changes) {
    const text = await readFile(folder + file, "utf8");
    expect(text.split(from).length, `the places of ${JSON.stringify(from)} in ${file}`).toBe(2);
    await writeFile(
      folder + file,
      text.replace(from, () => to),
    );
  }
  const module: { readonly createMemory: CreateMemory } = await import(`${folder}index.ts`);
  return module.createMemory;
}

describe("the model of the cache finds that", () => {
  it.each(cacheMutants.map((mutant) => [mutant.name, mutant] as const))("%s", async (_, mutant) => {
    const create = await load(mutant);
    const property = fc.asyncProperty(stories, (story) => runStory(create, story, mutant.inProcess ?? false));
    const { failed, numRuns, errorInstance } = await fc.check(property, {
      numRuns: 5000,
      seed: mutant.seed ?? 1,
      endOnFailure: true,
    });
    expect(failed, `${numRuns} stories`).toBe(true);
    // Not a mutant that cannot run at all.
    expect(String(errorInstance)).toContain("and none of");
    if (process.env.RELEVO_SHOW_RUNS !== undefined) console.log(`${mutant.name}: found by story ${numRuns}`);
  });
});
